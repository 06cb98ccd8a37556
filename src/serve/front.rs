//! What every request passes before it reaches an object: its id, the key, the version, the beta header,
//! the rate limits, faults on demand; and what every answer passes on its way out.
//!
//! What always holds: every answer has a `request-id`, every error has the envelope, and what is behind
//! this sees only requests of a known key.

use std::{collections::BTreeSet, sync::Arc, sync::atomic::Ordering};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::Response,
};

use super::{ApiError, Shared, error::ErrorKind};
use crate::ident::Digest;

/// The header that names the account.
const ORGANIZATION_ID: HeaderName = HeaderName::from_static("anthropic-organization-id");

/// The name of every account here. By it a client can tell that no product is behind the API.
pub const ORGANIZATION: &str = "dreamtrial-serve";

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// The values of `anthropic-version` that are spoken.
const VERSIONS: [&str; 2] = ["2026-10-21", "2023-06-01"];

pub(super) const MANAGED_AGENTS: &str = "managed-agents-2026-04-01";
const AGENT_MEMORY: &str = "agent-memory-2026-07-22";
const DREAMING: &str = "dreaming-2026-04-21";
/// Asks for files as they were before they were generally available.
pub(super) const FILES_BETA: &str = "files-api-2025-04-14";

/// The values of `anthropic-beta` that are known.
const BETAS: [&str; 5] = [
    MANAGED_AGENTS,
    "managed-agents-2026-04-01-research-preview",
    AGENT_MEMORY,
    DREAMING,
    FILES_BETA,
];

/// The keys that are let in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Keys {
    /// Any that is not empty; each has objects of its own.
    #[default]
    Any,
    /// These.
    Listed(BTreeSet<Digest>),
}

impl Keys {
    /// The keys of a file: one on a line; empty lines and lines that begin with `#` do not count.
    pub fn read(text: &str) -> Self {
        Self::Listed(
            text.lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(|key| Digest::of(key.as_bytes()))
                .collect(),
        )
    }

    /// Whether nobody is let in.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Any => false,
            Self::Listed(keys) => keys.is_empty(),
        }
    }

    fn admit(&self, key: &str) -> Option<Caller> {
        let digest = Digest::of(key.as_bytes());
        let known = match self {
            Self::Any => true,
            Self::Listed(keys) => keys.contains(&digest),
        };
        known.then(|| Caller {
            owner: format!("apikey_{}", &digest.to_string()[..24]),
        })
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The id of the key, to which objects belong. The key itself is not kept.
    pub(super) owner: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get()
            .cloned()
            .ok_or_else(|| ApiError::new(ErrorKind::Authentication, "the request has no key"))
    }
}

/// The families of paths that need a beta header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Agents,
    Memory,
    Dreams,
}

impl Family {
    fn of(path: &str) -> Option<Self> {
        match path.strip_prefix("/v1/")?.split('/').next()? {
            "agents" | "environments" | "sessions" => Some(Self::Agents),
            "memory_stores" => Some(Self::Memory),
            "dreams" => Some(Self::Dreams),
            _ => None,
        }
    }
}

/// Goes before every request and behind every answer.
pub(super) async fn front(
    State(shared): State<Arc<Shared>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = shared.id("req");
    let number = shared.requests.fetch_add(1, Ordering::Relaxed);
    let mut response = match admit(&shared, &request) {
        Ok(caller) => {
            tokio::time::sleep(shared.faults.delay_of(number)).await;
            if let Some(fault) = shared.faults.refusal(number) {
                fault.answer(&id)
            } else {
                request.extensions_mut().insert(caller);
                enveloped(next.run(request).await, &id)
            }
        }
        Err(error) => error.answer(&id),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
        .headers_mut()
        .insert(ORGANIZATION_ID, HeaderValue::from_static(ORGANIZATION));
    response
}

fn admit(shared: &Shared, request: &Request) -> Result<Caller, ApiError> {
    let headers = request.headers();
    let path = request.uri().path();
    let caller = key(headers)
        .and_then(|key| shared.keys.admit(key))
        .ok_or_else(|| {
            ApiError::new(
                ErrorKind::Authentication,
                "no valid key: give one as `x-api-key: …` or `authorization: Bearer …`",
            )
        })?;
    check_version(headers)?;
    check_betas(headers, path)?;
    if let Some(limiter) = &shared.limiter {
        limiter.admit(&caller.owner, request.method(), path)?;
    }
    Ok(caller)
}

/// The key in either of the two headers.
fn key(headers: &HeaderMap) -> Option<&str> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let is_given = |key: &&str| !key.is_empty();
    text(HeaderName::from_static("x-api-key"))
        .filter(is_given)
        .or_else(|| {
            let (scheme, key) = text(header::AUTHORIZATION)?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        })
        .filter(is_given)
}

fn check_version(headers: &HeaderMap) -> Result<(), ApiError> {
    let known = VERSIONS.join("` or `");
    let Some(version) = headers.get("anthropic-version") else {
        return Err(ApiError::invalid(format!(
            "anthropic-version: header is missing; use `{known}`"
        )));
    };
    let version = String::from_utf8_lossy(version.as_bytes());
    if VERSIONS.contains(&version.as_ref()) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "anthropic-version: `{}` is not a version; use `{known}`",
        version.escape_debug()
    )))
}

/// The values of `anthropic-beta` in a request.
pub(super) fn betas(headers: &HeaderMap) -> BTreeSet<String> {
    let mut given = BTreeSet::new();
    for value in headers.get_all("anthropic-beta") {
        let text = String::from_utf8_lossy(value.as_bytes());
        let values = text.split(',').map(str::trim);
        given.extend(values.filter(|value| !value.is_empty()).map(str::to_owned));
    }
    given
}

fn check_betas(headers: &HeaderMap, path: &str) -> Result<(), ApiError> {
    let given = betas(headers);
    let unknown: Vec<String> = given
        .iter()
        .filter(|value| !BETAS.contains(&value.as_str()))
        .map(|value| format!("`{}`", value.escape_debug()))
        .collect();
    if !unknown.is_empty() {
        return Err(ApiError::invalid(format!(
            "unexpected value(s) {} for the `anthropic-beta` header",
            unknown.join(", ")
        )));
    }
    let Some(family) = Family::of(path) else {
        return Ok(());
    };
    let has = |value: &str| given.contains(value);
    let (granted, needed) = match family {
        Family::Agents => (has(MANAGED_AGENTS), MANAGED_AGENTS),
        Family::Dreams => (has(DREAMING), DREAMING),
        Family::Memory if has(AGENT_MEMORY) && has(MANAGED_AGENTS) => {
            return Err(ApiError::invalid(format!(
                "anthropic-beta: give `{AGENT_MEMORY}` or `{MANAGED_AGENTS}`, not both"
            )));
        }
        Family::Memory => (has(AGENT_MEMORY) || has(MANAGED_AGENTS), AGENT_MEMORY),
    };
    if granted {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorKind::NotFound,
        format!("`{path}` does not exist without `anthropic-beta: {needed}`"),
    ))
}

/// Gives an error the envelope, whoever it is from.
fn enveloped(mut response: Response, id: &str) -> Response {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        return error.answer(id);
    }
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    // The router itself refuses some requests, as a path that is no UTF-8.
    let kind = if status == StatusCode::NOT_FOUND {
        ErrorKind::NotFound
    } else if status.is_client_error() {
        ErrorKind::InvalidRequest
    } else {
        ErrorKind::Internal
    };
    let reason = status.canonical_reason().unwrap_or("failed").to_lowercase();
    ApiError::new(kind, reason).answer(id)
}

#[cfg(test)]
mod tests;

//! Requests to the service, as JSON.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    http::{Ask, CallError, CallErrorKind, Called, EventStream, Service},
    quantity::Seed,
    transcript::Failure,
};

/// The most pages of a list that are read: more than any limit of the service allows.
const MOST_PAGES: usize = 100_000;

/// The families of the API, each behind a beta header of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Agents, environments, sessions.
    Agents,
    /// Memory stores and what is in them.
    Memory,
    /// Dreams.
    Dreams,
}

impl Family {
    fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Agents => &[("anthropic-beta", "managed-agents-2026-04-01")],
            Self::Memory => &[("anthropic-beta", "agent-memory-2026-07-22")],
            Self::Dreams => &[("anthropic-beta", "dreaming-2026-04-21")],
        }
    }
}

/// A request that did not come to what it was for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// The request failed.
    #[error(transparent)]
    Call(Box<CallError>),
    /// The answer is none that the API describes.
    #[error("`{request}`: the answer cannot be read: {problem}")]
    Content {
        /// Method and path.
        request: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What was asked for did not come about.
    #[error("{0}")]
    Unmet(String),
}

impl PlatformError {
    /// The status of the answer, where there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Call(error) => error.status,
            Self::Content { .. } | Self::Unmet(_) => None,
        }
    }

    /// Whether it is not known if the request was carried out.
    pub fn is_unsettled(&self) -> bool {
        matches!(self, Self::Call(error) if error.kind == CallErrorKind::Unsettled)
    }
}

impl From<CallError> for PlatformError {
    fn from(error: CallError) -> Self {
        Self::Call(Box::new(error))
    }
}

impl From<PlatformError> for Failure {
    fn from(error: PlatformError) -> Self {
        let refused = match &error {
            // That one object is not there says nothing of the others.
            PlatformError::Call(call) => {
                call.kind == CallErrorKind::Refused && call.status != Some(404)
            }
            PlatformError::Content { .. } | PlatformError::Unmet(_) => false,
        };
        if refused {
            Self::Refused(error.to_string())
        } else {
            Self::Backend(error.to_string())
        }
    }
}

/// The service under a name for errors.
#[derive(Clone)]
pub struct Client {
    service: Arc<Service>,
    name: Arc<str>,
}

impl Client {
    /// The API at this service; `name` stands in errors.
    pub fn new(service: Arc<Service>, name: &str) -> Self {
        Self {
            service,
            name: name.into(),
        }
    }

    /// Where the service is.
    pub fn address(&self) -> String {
        self.service.address()
    }

    /// Gets an object.
    pub async fn get<T: DeserializeOwned>(
        &self,
        family: Family,
        path: &str,
    ) -> Result<T, PlatformError> {
        let called = self.ask(family, Method::GET, path, None, false).await?;
        read("GET", path, called)
    }

    /// Makes or changes an object, however often it takes.
    pub async fn post<T: DeserializeOwned>(
        &self,
        family: Family,
        path: &str,
        body: &Value,
    ) -> Result<T, PlatformError> {
        let called = self
            .ask(family, Method::POST, path, Some(body), false)
            .await?;
        read("POST", path, called)
    }

    /// Makes or changes an object, and sends nothing again that may have been carried out.
    pub async fn post_once<T: DeserializeOwned>(
        &self,
        family: Family,
        path: &str,
        body: &Value,
    ) -> Result<T, PlatformError> {
        let called = self
            .ask(family, Method::POST, path, Some(body), true)
            .await?;
        read("POST", path, called)
    }

    /// Takes an object away; one that is not there is as good as taken away.
    pub async fn delete(&self, family: Family, path: &str) -> Result<(), PlatformError> {
        match self.ask(family, Method::DELETE, path, None, false).await {
            Err(error) if error.status() == Some(404) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// All objects of a list, page by page. `path` may have a query.
    pub async fn list<T: DeserializeOwned>(
        &self,
        family: Family,
        path: &str,
    ) -> Result<Vec<T>, PlatformError> {
        let mut all = Vec::new();
        let mut page: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let at = page.as_ref().map_or_else(
                || path.to_owned(),
                |page| {
                    let joint = if path.contains('?') { '&' } else { '?' };
                    format!("{path}{joint}page={}", encoded(page))
                },
            );
            let read: super::wire::Page<T> = self.get(family, &at).await?;
            all.extend(read.data);
            match read.next_page.filter(|next| !next.is_empty()) {
                Some(next) if page.as_deref() != Some(next.as_str()) => page = Some(next),
                Some(_) => {
                    return Err(PlatformError::Content {
                        request: format!("GET {path}"),
                        problem: "a page names itself as the next one".to_owned(),
                    });
                }
                None => return Ok(all),
            }
        }
        Err(PlatformError::Content {
            request: format!("GET {path}"),
            problem: "the list has no end".to_owned(),
        })
    }

    /// Opens the stream of a session's events.
    pub async fn stream(&self, path: &str) -> Result<EventStream, PlatformError> {
        let ask = Ask {
            name: &self.name,
            method: Method::GET,
            path,
            headers: Family::Agents.headers(),
            body: Bytes::new(),
            once: false,
            seed: Seed(0).derive(path),
        };
        Ok(self.service.stream(&ask).await?)
    }

    /// Asks a family of the service for next to nothing; gives the name of the account that answers, if it
    /// has one.
    pub async fn account_name(&self, family: Family) -> Result<Option<String>, PlatformError> {
        let path = match family {
            Family::Agents => "/v1/agents?limit=1",
            Family::Memory => "/v1/memory_stores?limit=1",
            Family::Dreams => "/v1/dreams?limit=1",
        };
        let called = self.ask(family, Method::GET, path, None, false).await?;
        Ok(called.organization)
    }

    async fn ask(
        &self,
        family: Family,
        method: Method,
        path: &str,
        body: Option<&Value>,
        once: bool,
    ) -> Result<Called<Value>, PlatformError> {
        let ask = Ask {
            name: &self.name,
            method,
            path,
            headers: family.headers(),
            body: body.map_or_else(Bytes::new, |body| body.to_string().into()),
            once,
            seed: Seed(0).derive(path),
        };
        Ok(self.service.ask(&ask).await?)
    }
}

fn read<T: DeserializeOwned>(
    method: &str,
    path: &str,
    called: Called<Value>,
) -> Result<T, PlatformError> {
    serde_json::from_value(called.output).map_err(|error| PlatformError::Content {
        request: format!("{method} {path}"),
        problem: error.to_string(),
    })
}

/// A value as it stands in a query.
pub(super) fn encoded(value: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_a_query_is_encoded_byte_by_byte() {
        assert_eq!(encoded("aZ0-_.~"), "aZ0-_.~");
        assert_eq!(encoded("a=b&c/é"), "a%3Db%26c%2F%C3%A9");
    }
}

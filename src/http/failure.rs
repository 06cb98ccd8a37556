//! What went wrong with one attempt, and whether another may do better. Decides only; nothing here
//! waits.

use std::{fmt, time::Duration};

use reqwest::StatusCode;

use super::{CallErrorKind, Wrong, said::Said};

/// A time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Response,
    Idle,
    Total,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no connection, in these words.
    Unreachable(String),
    /// The certificate of the service is not trusted, in these words.
    Untrusted(String),
    /// The connection or the answer broke off, in these words.
    Broken(String),
    /// A time limit was reached.
    Late(Limit, Duration),
    /// The service answered with an error.
    Status {
        status: StatusCode,
        said: Said,
        /// How long the service asks to wait.
        asked: Option<Duration>,
        /// Whether the service says to try again.
        retry: Option<bool>,
    },
    /// The service sends elsewhere.
    Redirect { status: StatusCode, to: String },
    /// The answer is longer than what is read.
    TooLong(usize),
    /// The answer is of a type that no service sends: its type and its beginning.
    ContentType(String, String),
    /// The answer is wrong in itself.
    Wrong(Wrong),
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What is said if there is no other attempt.
    pub(super) kind: CallErrorKind,
    /// Whether another attempt may do better.
    pub(super) again: bool,
    /// Whether the service has too much to do.
    pub(super) overloaded: bool,
    /// How long the service asks to wait.
    pub(super) asked: Option<Duration>,
    /// What the service has done.
    pub(super) effect: Effect,
}

/// What a service has done of what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing, for certain.
    Nothing,
    /// It said that it failed, and may have done some of it.
    Unknown,
    /// It has worked on it, so that it counts against its limits.
    Worked,
}

impl Verdict {
    fn of(kind: CallErrorKind, effect: Effect) -> Self {
        Self {
            kind,
            again: kind == CallErrorKind::Exhausted,
            overloaded: false,
            asked: None,
            effect,
        }
    }
}

impl Trouble {
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Unreachable(_) => Verdict::of(CallErrorKind::Exhausted, Effect::Nothing),
            Self::Broken(_)
            | Self::Late(..)
            | Self::ContentType(..)
            | Self::Wrong(Wrong::Malformed(_)) => {
                Verdict::of(CallErrorKind::Exhausted, Effect::Worked)
            }
            Self::Untrusted(_) | Self::Redirect { .. } => {
                Verdict::of(CallErrorKind::Refused, Effect::Nothing)
            }
            Self::TooLong(_) => Verdict::of(CallErrorKind::Rejected, Effect::Worked),
            Self::Wrong(Wrong::Reported { kind, .. }) => Verdict {
                overloaded: matches!(
                    kind.as_str(),
                    "overloaded_error" | "rate_limit_error" | "rate_limit_exceeded"
                ),
                ..Verdict::of(reported(kind), Effect::Worked)
            },
            Self::Status {
                status,
                said,
                asked,
                retry,
            } => {
                let kind = if spent(said) {
                    CallErrorKind::Refused
                } else {
                    answered(*status)
                };
                // A gateway's error, or one on the way back, may follow work that was done.
                let effect = if status.is_client_error() || status.as_u16() == 529 {
                    Effect::Nothing
                } else {
                    Effect::Unknown
                };
                Verdict {
                    again: !spent(said) && retry.unwrap_or(kind == CallErrorKind::Exhausted),
                    overloaded: !spent(said) && matches!(status.as_u16(), 429 | 503 | 529),
                    asked: *asked,
                    ..Verdict::of(kind, effect)
                }
            }
        }
    }

    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } | Self::Redirect { status, .. } => Some(status.as_u16()),
            Self::Unreachable(_)
            | Self::Untrusted(_)
            | Self::Broken(_)
            | Self::Late(..)
            | Self::TooLong(_)
            | Self::ContentType(..)
            | Self::Wrong(_) => None,
        }
    }

    /// The service's name of the error.
    pub(super) fn service_error(&self) -> Option<&str> {
        match self {
            Self::Status { said, .. } => said
                .code
                .as_deref()
                .filter(|_| spent(said))
                .or(said.kind.as_deref()),
            Self::Wrong(Wrong::Reported { kind, .. }) => Some(kind),
            Self::Redirect { .. }
            | Self::Unreachable(_)
            | Self::Untrusted(_)
            | Self::Broken(_)
            | Self::Late(..)
            | Self::TooLong(_)
            | Self::ContentType(..)
            | Self::Wrong(Wrong::Malformed(_)) => None,
        }
    }
}

/// Whether the account has no money left, which no wait changes, though it comes as a 429.
fn spent(said: &Said) -> bool {
    [&said.kind, &said.code]
        .into_iter()
        .flatten()
        .any(|name| is_spent(name))
}

fn is_spent(name: &str) -> bool {
    matches!(name, "enforced_spend_limit_reached" | "insufficient_quota")
}

fn answered(status: StatusCode) -> CallErrorKind {
    match status.as_u16() {
        401..=405 | 407 => CallErrorKind::Refused,
        408 | 409 | 425 | 429 | 500.. => CallErrorKind::Exhausted,
        _ => CallErrorKind::Rejected,
    }
}

fn reported(kind: &str) -> CallErrorKind {
    match kind {
        "authentication_error" | "permission_error" | "not_found_error" | "billing_error" => {
            CallErrorKind::Refused
        }
        spent if is_spent(spent) => CallErrorKind::Refused,
        "invalid_request_error" | "request_too_large" => CallErrorKind::Rejected,
        // What broke within an answer that had begun may hold in another.
        _ => CallErrorKind::Exhausted,
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(cause) => write!(f, "no connection: {cause}"),
            Self::Untrusted(cause) => write!(
                f,
                "no connection: {cause}: if the service has a certificate of its own, name the file with its authority in `SSL_CERT_FILE`"
            ),
            Self::Broken(cause) => write!(f, "the answer broke off: {cause}"),
            Self::Late(Limit::Response, limit) => write!(f, "no answer within {limit:?}"),
            Self::Late(Limit::Idle, limit) => write!(f, "the answer stalled for {limit:?}"),
            Self::Late(Limit::Total, limit) => {
                write!(f, "the answer was not whole within {limit:?}")
            }
            Self::Status { status, said, .. } => {
                // The names of statuses that are not in any standard are not known.
                write!(f, "{}", status.as_u16())?;
                if let Some(name) = status.canonical_reason() {
                    write!(f, " {name}")?;
                }
                let names = [&said.kind, &said.code].into_iter().flatten();
                for name in names {
                    write!(f, ", `{name}`")?;
                }
                if !said.words.is_empty() {
                    write!(f, ": {}", said.words)?;
                }
                Ok(())
            }
            Self::Redirect { status, to } => write!(
                f,
                "{} sends to `{to}`, and a key is not sent on: give the service's own address",
                status.as_u16()
            ),
            Self::TooLong(limit) => write!(f, "the answer is longer than {limit} bytes"),
            Self::ContentType(kind, start) => {
                write!(
                    f,
                    "the answer is `{kind}`, as of a proxy or a sign-in page, and begins `{start}`"
                )
            }
            Self::Wrong(Wrong::Malformed(problem)) => {
                write!(f, "the answer is malformed: {problem}")
            }
            Self::Wrong(Wrong::Reported { kind, message }) => {
                write!(f, "the answer broke off with `{kind}`: {message}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, code: Option<&str>, retry: Option<bool>) -> Verdict {
        Trouble::Status {
            status: StatusCode::from_u16(status).expect("a status"),
            said: Said {
                code: code.map(str::to_owned),
                ..Said::default()
            },
            asked: None,
            retry,
        }
        .verdict()
    }

    #[test]
    fn each_status_has_its_verdict() {
        let table: Vec<String> = [
            400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 422, 425, 429, 500, 502, 503, 504,
            529,
        ]
        .into_iter()
        .map(|code| {
            let verdict = status(code, None, None);
            format!(
                "{code} {:?} again {} overloaded {}",
                verdict.kind, verdict.again, verdict.overloaded
            )
        })
        .collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        400 Rejected again false overloaded false
        401 Refused again false overloaded false
        402 Refused again false overloaded false
        403 Refused again false overloaded false
        404 Refused again false overloaded false
        405 Refused again false overloaded false
        408 Exhausted again true overloaded false
        409 Exhausted again true overloaded false
        410 Rejected again false overloaded false
        413 Rejected again false overloaded false
        422 Rejected again false overloaded false
        425 Exhausted again true overloaded false
        429 Exhausted again true overloaded true
        500 Exhausted again true overloaded false
        502 Exhausted again true overloaded false
        503 Exhausted again true overloaded true
        504 Exhausted again true overloaded false
        529 Exhausted again true overloaded true
        ");
    }

    #[test]
    fn an_account_without_money_is_not_asked_again() {
        for code in ["enforced_spend_limit_reached", "insufficient_quota"] {
            for retry in [None, Some(true)] {
                let verdict = status(429, Some(code), retry);
                assert_eq!(
                    (verdict.kind, verdict.again, verdict.overloaded),
                    (CallErrorKind::Refused, false, false)
                );
            }
        }
        assert!(status(429, Some("requests"), None).again);
    }

    #[test]
    fn the_service_has_the_last_word_on_trying_again() {
        assert!(!status(500, None, Some(false)).again);
        assert_eq!(
            status(500, None, Some(false)).kind,
            CallErrorKind::Exhausted
        );
        assert!(status(400, None, Some(true)).again);
        assert_eq!(status(400, None, Some(true)).kind, CallErrorKind::Rejected);
    }

    #[test]
    fn an_error_within_an_answer_has_the_verdict_of_its_name() {
        let table: Vec<String> = [
            "overloaded_error",
            "rate_limit_error",
            "api_error",
            "timeout_error",
            "server_error",
            "authentication_error",
            "permission_error",
            "not_found_error",
            "billing_error",
            "insufficient_quota",
            "invalid_request_error",
            "request_too_large",
        ]
        .into_iter()
        .map(|kind| {
            let trouble = Trouble::Wrong(Wrong::Reported {
                kind: kind.to_owned(),
                message: String::new(),
            });
            let verdict = trouble.verdict();
            format!(
                "{kind} {:?} again {} overloaded {}",
                verdict.kind, verdict.again, verdict.overloaded
            )
        })
        .collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        overloaded_error Exhausted again true overloaded true
        rate_limit_error Exhausted again true overloaded true
        api_error Exhausted again true overloaded false
        timeout_error Exhausted again true overloaded false
        server_error Exhausted again true overloaded false
        authentication_error Refused again false overloaded false
        permission_error Refused again false overloaded false
        not_found_error Refused again false overloaded false
        billing_error Refused again false overloaded false
        insufficient_quota Refused again false overloaded false
        invalid_request_error Rejected again false overloaded false
        request_too_large Rejected again false overloaded false
        ");
    }
}

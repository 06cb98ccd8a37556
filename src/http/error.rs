//! Why a call failed.

use std::fmt;

use jiff::Timestamp;

/// What a failed call means for those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The service does not let this program in, or is not there: no later call can do better.
    Refused,
    /// The service cannot do this: the same call can never work, another may.
    Rejected,
    /// What may pass did not pass within the retries.
    Exhausted,
    /// The request is not to be sent twice, and whether it was carried out is not known.
    Unsettled,
}

/// A call that failed. It shows no secret, and of an address no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// What it means for other calls.
    pub kind: CallErrorKind,
    /// How many attempts were made.
    pub attempts: u32,
    /// The status of the last answer, where there was one and it says what is wrong.
    pub status: Option<u16>,
    /// The service's name of the error: `overloaded_error`.
    pub service_error: Option<String>,
    /// The service's name of the last request.
    pub request_id: Option<String>,
    /// When the service answered last by its own clock, where it says so.
    pub date: Option<Timestamp>,
    /// Who asked, the method and the address.
    pub(super) request: String,
    /// What went wrong with the last attempt.
    pub(super) problem: String,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.attempts == 1 { "" } else { "s" };
        write!(
            f,
            "{}: {} ({} attempt{plural}",
            self.request, self.problem, self.attempts
        )?;
        if let Some(id) = &self.request_id {
            write!(f, ", request `{id}`")?;
        }
        write!(f, ")")
    }
}

impl std::error::Error for CallError {}

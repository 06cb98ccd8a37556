//! What goes wrong with a request, and how it looks on the wire.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rusqlite::ErrorCode;
use serde_json::{Map, Value, json};

/// The header that tells a client whether another attempt makes sense.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The kinds of errors that the API knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// Wrong input, or the wrong state for what is asked.
    InvalidRequest,
    /// The path exists, the method does not.
    Method,
    /// No key, or one that is not let in.
    Authentication,
    /// There is no such object for this key, or the beta header is missing.
    NotFound,
    /// Something else was written first.
    Conflict,
    /// The path of a memory is taken.
    PathConflict {
        /// The memory that has it.
        memory: String,
        /// The path.
        path: String,
    },
    /// The content of a memory is not the one that the client expected.
    Precondition,
    /// The body is too large.
    TooLarge,
    /// The body comes too slowly.
    TooSlow,
    /// Too many requests of one key.
    RateLimit {
        /// Seconds after which it may be tried again.
        retry_after: u64,
    },
    /// The server is at fault.
    Internal,
    /// The database does not take or give anything just now, as when the disk is full.
    Database,
    /// The service says that it has too much to do.
    Overloaded,
}

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// What kind it is.
    pub kind: ErrorKind,
    /// What is wrong, in words.
    pub message: String,
    /// A word for it that a program can read, where the API has one.
    pub code: Option<&'static str>,
}

impl ApiError {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            code: None,
        }
    }

    /// Wrong input.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    /// There is no such object, or it belongs to another key: nobody can tell which.
    pub(super) fn no_such(what: &str, id: &str) -> Self {
        Self::new(ErrorKind::NotFound, format!("{what} `{id}` not found"))
    }

    /// The same with a word for programs.
    #[must_use]
    pub(super) fn coded(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Whether the server is at fault, and not whoever asked.
    pub(super) fn is_of_the_server(&self) -> bool {
        matches!(self.kind, ErrorKind::Internal | ErrorKind::Database)
    }

    /// The status and the name of the kind.
    fn names(&self) -> (StatusCode, &'static str) {
        match self.kind {
            ErrorKind::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request_error"),
            ErrorKind::Method => (StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error"),
            ErrorKind::Authentication => (StatusCode::UNAUTHORIZED, "authentication_error"),
            ErrorKind::NotFound => (StatusCode::NOT_FOUND, "not_found_error"),
            ErrorKind::Conflict => (StatusCode::CONFLICT, "conflict_error"),
            ErrorKind::PathConflict { .. } => (StatusCode::CONFLICT, "memory_path_conflict_error"),
            ErrorKind::Precondition => (StatusCode::CONFLICT, "memory_precondition_failed_error"),
            ErrorKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"),
            ErrorKind::TooSlow => (StatusCode::REQUEST_TIMEOUT, "invalid_request_error"),
            ErrorKind::RateLimit { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limit_error"),
            ErrorKind::Internal | ErrorKind::Database => {
                (StatusCode::INTERNAL_SERVER_ERROR, "api_error")
            }
            ErrorKind::Overloaded => (
                StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
                "overloaded_error",
            ),
        }
    }

    /// The body of the answer.
    fn envelope(&self, request_id: &str) -> Value {
        let (_, name) = self.names();
        let mut error = Map::new();
        error.insert("type".to_owned(), json!(name));
        error.insert("message".to_owned(), json!(self.message));
        if let Some(code) = self.code {
            error.insert("details".to_owned(), json!({"error_code": code}));
        }
        if let ErrorKind::PathConflict { memory, path } = &self.kind {
            error.insert("conflicting_memory_id".to_owned(), json!(memory));
            error.insert("conflicting_path".to_owned(), json!(path));
        }
        json!({"type": "error", "error": error, "request_id": request_id})
    }

    /// The whole answer.
    pub(super) fn answer(&self, request_id: &str) -> Response {
        let (status, _) = self.names();
        let mut response = (status, Json(self.envelope(request_id))).into_response();
        if let ErrorKind::RateLimit { retry_after } = self.kind {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
        }
        if status == StatusCode::CONFLICT {
            // Official clients try a 409 again unless they are told not to.
            response
                .headers_mut()
                .insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        response
    }
}

/// A mark in place of the answer, which is written where the id of the request is known.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, _) = self.names();
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        // What cannot be read, and what goes against the tables, does so again however often it is tried.
        let kind = match error.sqlite_error_code() {
            None | Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => {
                ErrorKind::Internal
            }
            Some(_) => ErrorKind::Database,
        };
        Self::new(kind, format!("the database failed: {error}"))
    }
}

impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(
            ErrorKind::Internal,
            format!("what the database holds cannot be read: {error}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_conflict_names_what_is_in_the_way() {
        let kind = ErrorKind::PathConflict {
            memory: "mem_1".to_owned(),
            path: "/a".to_owned(),
        };
        insta::assert_json_snapshot!(
            ApiError::new(kind, "path: `/a` is taken").envelope("req_1"),
            @r#"
        {
          "type": "error",
          "error": {
            "type": "memory_path_conflict_error",
            "message": "path: `/a` is taken",
            "conflicting_memory_id": "mem_1",
            "conflicting_path": "/a"
          },
          "request_id": "req_1"
        }
        "#
        );
    }

    #[test]
    fn an_overload_has_a_status_of_its_own() {
        let answer = ApiError::new(ErrorKind::Overloaded, "later").answer("req_1");
        assert_eq!(answer.status().as_u16(), 529);
    }
}

//! How readers of answers say what is wrong with one.

use serde_json::Value;

use crate::http::Wrong;

/// An answer that is not what the format says.
pub(super) fn malformed(what: impl Into<String>) -> Wrong {
    Wrong::Malformed(what.into())
}

/// What a service says went wrong, from its error object. Servers differ: the type may be missing, the
/// code a number, the whole a string.
pub(super) fn reported(error: &Value) -> Wrong {
    let words = |key: &str| match &error[key] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    };
    Wrong::Reported {
        kind: words("type")
            .or_else(|| words("code"))
            .unwrap_or_else(|| "error".to_owned()),
        message: words("message")
            .or_else(|| error.as_str().map(str::to_owned))
            .unwrap_or_else(|| error.to_string()),
    }
}

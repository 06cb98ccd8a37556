//! Calls of functions, as far as every provider has them alike: ids, arguments, why a model stopped.
//!
//! What always holds of calls that were read: each has an id that no other call of its turn has, and its
//! arguments are a JSON object of bounded depth or the text that is none.

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::{Map, Value, json};

use super::{Call, Stop};

/// How deep a value of an answer may be nested. Well below the 128 levels that the JSON reader follows,
/// so that an answer can be read again from within a cassette or a record.
pub(super) const MAX_DEPTH: usize = 64;

/// Ids for the calls of a turn: those given, and `call_<position>` for one that is blank or repeated.
pub(super) fn distinct_ids(given: &[&str]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let made_up = |at: usize, taken: &BTreeSet<String>| {
        // Fewer than this many are in use.
        (at + 1..=at + 1 + 2 * given.len())
            .map(|number| format!("call_{number}"))
            .find(|id| !taken.contains(id) && !given.contains(&id.as_str()))
            .unwrap_or_default()
    };
    given
        .iter()
        .enumerate()
        .map(|(at, id)| {
            let id = if id.trim().is_empty() || taken.contains(*id) {
                made_up(at, &taken)
            } else {
                (*id).to_owned()
            };
            taken.insert(id.clone());
            id
        })
        .collect()
}

/// Arguments that came as text; nothing stands for no arguments.
pub(super) fn read_arguments(text: &str) -> Result<Map<String, Value>, String> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|value| object(value).ok())
        .ok_or_else(|| text.to_owned())
}

/// Arguments that came as a value; `null` stands for no arguments.
pub(super) fn object(value: Value) -> Result<Map<String, Value>, String> {
    let shallow = is_shallow(&value, MAX_DEPTH);
    match value {
        Value::Object(map) if shallow => Ok(map),
        Value::Null => Ok(Map::new()),
        Value::String(text) => Err(text),
        other @ (Value::Object(_) | Value::Array(_) | Value::Bool(_) | Value::Number(_)) => {
            Err(other.to_string())
        }
    }
}

/// The arguments of a call as an object. Providers and chat templates refuse anything else in a turn
/// that is sent back, so text that is no object stands as a member of one.
pub(super) fn as_object(call: &Call) -> Cow<'_, Map<String, Value>> {
    match &call.arguments {
        Ok(map) => Cow::Borrowed(map),
        Err(text) => Cow::Owned(wrapped(text)),
    }
}

/// An object that holds text which should have been one.
pub(super) fn wrapped(text: &str) -> Map<String, Value> {
    Map::from_iter([("invalid_arguments".to_owned(), json!(text))])
}

/// Whether a value has at most so many levels of lists and objects.
pub(super) fn is_shallow(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(values) => {
            levels > 0 && values.iter().all(|value| is_shallow(value, levels - 1))
        }
        Value::Object(map) => levels > 0 && map.values().all(|value| is_shallow(value, levels - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// A stop that fits what was said: servers that end a turn with calls as any other mean the calls, and
/// one without calls does not wait for results.
pub(super) fn fitting(stop: Stop, calls: &[Call]) -> Stop {
    match (stop, calls.is_empty()) {
        (Stop::End, false) => Stop::Calls,
        (Stop::Calls, true) => Stop::End,
        (stop, _) => stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kept_or_made_up_and_never_meet() {
        assert_eq!(distinct_ids(&["a", "b"]), ["a", "b"]);
        assert_eq!(distinct_ids(&["", " "]), ["call_1", "call_2"]);
        assert_eq!(distinct_ids(&["a", "a", "a"]), ["a", "call_2", "call_3"]);
        // A made-up id gives way to one that is given, before it or after it.
        assert_eq!(distinct_ids(&["", "call_1"]), ["call_2", "call_1"]);
        assert_eq!(distinct_ids(&["call_2", ""]), ["call_2", "call_3"]);
    }

    #[test]
    fn arguments_are_an_object_or_the_text_that_is_none() {
        assert_eq!(read_arguments(" "), Ok(Map::new()));
        assert_eq!(read_arguments("null"), Ok(Map::new()));
        assert_eq!(read_arguments("{\"a\":"), Err("{\"a\":".to_owned()));
        assert_eq!(read_arguments("[1]"), Err("[1]".to_owned()));
        let nested =
            |levels: usize| format!("{}{{}}{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(read_arguments(&nested(MAX_DEPTH - 1)).is_ok());
        for levels in [MAX_DEPTH, 126, 127, 100_000] {
            assert_eq!(read_arguments(&nested(levels)), Err(nested(levels)));
        }
    }
}

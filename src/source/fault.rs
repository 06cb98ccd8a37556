//! What is wrong at a place of a document, in words for a person.

use std::{fmt, ops::Range};

use serde::de;

use super::closest;

/// What was found wrong at a place.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) span: Option<Range<usize>>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            span: None,
            message: message.to_string(),
            hint: None,
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            span: None,
            message: format!("missing key `{field}`"),
            hint: Some(format!("add `{field}: …`")),
        }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            span: None,
            message: format!("`{variant}` is not one of {}", quoted(expected)),
            hint: closest(variant, expected.iter().copied())
                .map(|name| format!("did you mean `{name}`?")),
        }
    }
}

pub(super) fn quoted(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl Fault {
    pub(super) fn at(mut self, span: &Range<usize>) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }
}

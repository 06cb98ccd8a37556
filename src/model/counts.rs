//! Token counts as services state them, which may be missing, partial or no counts at all.
//!
//! A count that cannot be read makes the whole usage unknown: a sum with a hole in it would be taken for
//! the truth.

use serde_json::Value;

use crate::{quantity::Tokens, transcript::Usage};

/// More tokens than any answer takes; a higher number is no count, and sums of counts stay exact.
const MOST: u64 = 1_000_000_000_000;

/// One count.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Count {
    /// Nothing was said.
    #[default]
    Absent,
    /// Something was said that is no count: negative, a fraction, text.
    Unreadable,
    /// So many tokens.
    Tokens(u64),
}

impl Count {
    /// The count that a field states.
    pub(super) fn of(value: &Value) -> Self {
        if value.is_null() {
            return Self::Absent;
        }
        match value.as_u64() {
            Some(tokens) if tokens <= MOST => Self::Tokens(tokens),
            Some(_) | None => Self::Unreadable,
        }
    }

    /// Takes a later statement; none leaves the earlier one.
    pub(super) fn update(&mut self, value: &Value) {
        match Self::of(value) {
            Self::Absent => {}
            later @ (Self::Unreadable | Self::Tokens(_)) => *self = later,
        }
    }

    /// The tokens of a class that every service states.
    pub(super) fn stated(self) -> Option<u64> {
        match self {
            Self::Absent | Self::Unreadable => None,
            Self::Tokens(tokens) => Some(tokens),
        }
    }

    /// The tokens of a class that is 0 where nothing is said of it.
    pub(super) fn or_none(self) -> Option<u64> {
        match self {
            Self::Absent => Some(0),
            Self::Unreadable => None,
            Self::Tokens(tokens) => Some(tokens),
        }
    }
}

/// The usage of these classes. Every prompt has tokens: a service that counts none did not count, which
/// some do when they have the prompt in their cache.
pub(super) fn usage(
    uncached_input: u64,
    cache_write: u64,
    cache_read: u64,
    output: u64,
) -> Option<Usage> {
    let usage = Usage {
        uncached_input: Tokens(uncached_input),
        cache_write: Tokens(cache_write),
        cache_read: Tokens(cache_read),
        output: Tokens(output),
    };
    (usage.total() > usage.output).then_some(usage)
}

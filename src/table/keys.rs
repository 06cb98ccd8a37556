//! The flat ordered map of everything that was computed.

use serde_json::{Map, Value, json};

use crate::stats::Interval;

/// Keys in order, each with a number, a word, a truth value or nothing.
///
/// Infinite numbers are the words `inf` and `-inf`; what is undefined is `null`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Keys(Map<String, Value>);

impl Keys {
    /// Puts a count, or nothing.
    pub(super) fn maybe_count(&mut self, key: impl Into<String>, value: Option<usize>) {
        self.0.insert(key.into(), json!(value));
    }

    /// Puts a number.
    pub(super) fn number(&mut self, key: impl Into<String>, value: impl Into<Option<f64>>) {
        let value = match value.into() {
            None => Value::Null,
            Some(value) if value == f64::INFINITY => json!("inf"),
            Some(value) if value == f64::NEG_INFINITY => json!("-inf"),
            Some(value) => json!(value),
        };
        self.0.insert(key.into(), value);
    }

    /// Puts a count.
    pub(super) fn count(&mut self, key: impl Into<String>, value: usize) {
        self.0.insert(key.into(), json!(value));
    }

    /// Puts a whole number that is kept as a float, as a count where it is one.
    pub(super) fn whole(&mut self, key: impl Into<String>, value: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "sums of 0/1 values over the rows of a file are far below 2^63"
        )]
        let whole = value as i64;
        self.0.insert(key.into(), json!(whole));
    }

    /// Puts a word.
    pub(super) fn word(&mut self, key: impl Into<String>, value: &str) {
        self.0.insert(key.into(), json!(value));
    }

    /// Puts a truth value.
    pub(super) fn flag(&mut self, key: impl Into<String>, value: bool) {
        self.0.insert(key.into(), json!(value));
    }

    /// Puts `lo` and `hi` behind a prefix.
    pub(super) fn limits(&mut self, prefix: &str, interval: Option<&Interval>) {
        self.number(format!("{prefix}lo"), interval.map(Interval::lower));
        self.number(format!("{prefix}hi"), interval.map(Interval::upper));
    }

    /// The map.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A number, infinite ones included; `None` if it is undefined or not there.
    pub fn get(&self, key: &str) -> Option<f64> {
        let value = self.0.get(key)?;
        match value.as_str() {
            Some("inf") => Some(f64::INFINITY),
            Some("-inf") => Some(f64::NEG_INFINITY),
            Some(_) | None => value.as_f64(),
        }
    }

    /// A count; 0 if it is not there.
    pub fn as_count(&self, key: &str) -> usize {
        let count = self.0.get(key).and_then(Value::as_u64);
        count
            .and_then(|count| usize::try_from(count).ok())
            .unwrap_or(0)
    }

    /// A word.
    pub fn as_word(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    /// Whether a truth value is there and true.
    pub fn is_set(&self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool) == Some(true)
    }
}

//! How a service is reached and what it allows.

use std::time::Duration;

use secrecy::SecretString;

/// How a service is reached. It has no `Debug`, because an address may hold a secret.
pub struct Settings {
    /// The address that every path is appended to, with neither user name nor password. A query stays at
    /// the end and is never shown.
    pub base_url: String,
    /// What is sent with every request, beside what the format itself needs.
    pub headers: Vec<Header>,
    /// The service's limits.
    pub rates: Rates,
    /// How long is waited for what.
    pub timeouts: Timeouts,
    /// How often a call is tried again that failed for a reason that may pass.
    pub retries: u32,
    /// How long is waited before the first retry; each further wait is twice as long.
    pub first_wait: Duration,
    /// The most bytes that an answer may have, after decompression.
    pub max_body_bytes: usize,
}

impl Settings {
    /// The service at this address with what a careful user would choose: no limits, 5 retries, the first
    /// after half a second, and answers of at most 32 MB.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            headers: Vec::new(),
            rates: Rates::default(),
            timeouts: Timeouts::default(),
            retries: 5,
            first_wait: Duration::from_millis(500),
            max_body_bytes: 32_000_000,
        }
    }
}

/// A header that is sent with every request.
#[derive(Debug, Clone)]
pub struct Header {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: HeaderText,
}

/// The value of a header.
#[derive(Debug, Clone)]
pub enum HeaderText {
    /// One that may be shown.
    Plain(String),
    /// One that no error and no log may show: a key, with or without the scheme before it.
    Secret(SecretString),
}

/// What a service allows; absent: without limit. None may be 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// Requests a minute. They are spread: at most those of one second go at once.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute that are read.
    pub input_tokens_per_minute: Option<u64>,
    /// Tokens a minute that are written.
    pub output_tokens_per_minute: Option<u64>,
    /// Requests in flight. It is lowered when the service says that it is overloaded, and raised again.
    pub concurrency: Option<u32>,
}

/// How long an attempt may wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the head of the answer, the connection included.
    pub response: Duration,
    /// Between two pieces of the answer.
    pub idle: Duration,
    /// For all of it.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            response: Duration::from_mins(2),
            idle: Duration::from_mins(1),
            total: Duration::from_mins(10),
        }
    }
}

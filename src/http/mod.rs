//! Requests to a service: rate limits, concurrency, retries, time limits, and secrets that stay secret.
//!
//! Knows HTTP and server-sent events, and nothing of models: what an answer means is an [`Answer`]'s to
//! say. What always holds: an answer that broke off is thrown away whole before the next attempt, and no
//! secret stands in an error.

mod answer;

pub use answer::{Answer, Progress, Wrong};

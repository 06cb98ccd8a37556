//! Requests to a service: rate limits, concurrency, retries, time limits, and secrets that stay secret.
//!
//! Knows HTTP and server-sent events, and nothing of models: what an answer means is an [`Answer`]'s to
//! say. What always holds: an answer that broke off is thrown away whole before the next attempt, and no
//! secret stands in an error.
//!
//! A call waits until its service's `limits` let it begin, makes one attempt in `exchange`, and asks
//! `failure` whether another may do better and `waits` when.

mod answer;
mod client;
mod error;
mod events;
mod exchange;
mod failure;
mod limits;
mod said;
mod service;
mod settings;
mod stream;
mod waits;

pub use answer::{Answer, Progress, Wrong};
pub use client::HttpError;
pub use error::{CallError, CallErrorKind};
pub use service::{Ask, Call, Called, Service};
pub use settings::{Header, HeaderText, Rates, Settings, Timeouts};
pub use stream::{EventStream, StreamError};

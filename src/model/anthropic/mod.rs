//! The Messages API: what is sent to it and what it answers.
//!
//! Pure functions; nothing here connects to anything. What always holds of a body: the same request and
//! settings give the same bytes, no text block is blank, and at most three breakpoints mark what is
//! cached, of the four that the service allows. Of an answer: unknown blocks, events and fields do no
//! harm, and a stream that breaks off is never taken for a whole one.

mod encode;
mod read;
mod stream;

pub use encode::encode;
pub use read::Reading;

/// Where completions are made, below the base URL.
pub const PATH: &str = "/v1/messages";

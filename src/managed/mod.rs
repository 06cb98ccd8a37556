//! What a trial says inside the Claude Managed Agents API: words, tools, guidance.
//!
//! Whoever runs a trial through that API writes them; the embedded agent behind `dreamtrial serve` reads
//! them back. They are plain text that a model of the service understands as well: there is no side
//! channel. Nothing here sends, waits or stores. What always holds: what is written here is read back
//! as it was, and a text of anybody else is no error.

pub mod guidance;
pub mod heard;
pub mod tools;
pub mod words;

//! Integration tests, one binary. A module here is a concern of whoever uses the tool:
//!
//! - `admission`: each shipped scenario tests what it says.
//! - `sanity`: the harness can say "better", "no effect" and "worse", and says them where it must.
//! - `isolation`: what agent, dreamer and grader may know.
//! - `bad_input`: broken files are reported whole, in words, with their place.
//! - `files`: shipped files fit their schemas and pass `check`.
//! - `command_line`: the real binary, end to end.
//! - `record`: what is kept, and what is refused.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod admission;
mod bad_input;
mod command_line;
mod files;
mod isolation;
mod record;
mod sanity;
mod world;

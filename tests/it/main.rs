//! Integration tests, one binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod admission;
mod peek;
mod world;

//! One completion of a language model, in terms that no provider owns.
//!
//! Encoders and decoders of the providers' wire formats are pure functions; what carries them is
//! `http`. A model sees a [`Request`] and nothing else: no trial, no arm, no session number has a place
//! in it. Who asks, for budgets and cassettes, travels beside it (`caller`).

pub mod caller;
mod message;

pub use message::{Assistant, Call, Completion, Content, Request, Stop, Structure, Tool, Turn};

use crate::transcript::{Failure, Pending};

/// Whatever completes a conversation.
pub trait Model: Send + Sync {
    /// Completes once. A failure is one that the retries of the model could not overcome.
    fn complete<'m>(&'m self, request: &'m Request) -> Pending<'m, Result<Completion, Failure>>;
}

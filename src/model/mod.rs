//! One completion of a language model, in terms that no provider owns.
//!
//! Encoders and decoders of the providers' wire formats are pure functions; what carries them is
//! `http`. A model sees a [`Request`] and nothing else: no trial, no arm, no session number has a place
//! in it. Who asks, for budgets and cassettes, travels beside it (`caller`).

pub mod anthropic;
pub mod caller;
mod calls;
pub mod cassette;
mod counts;
pub mod live;
mod message;
mod metered;
pub mod openai;
mod said;
#[cfg(test)]
pub(crate) mod scripted;
pub mod structured;
mod wrong;

pub use live::LiveModel;
pub use message::{
    Answered, Assistant, Call, Completion, Content, Request, Stop, Structure, Tool, Turn,
};
pub use metered::{Metered, over_budget, sent_tokens};

use crate::transcript::{Failure, Pending};

/// Whatever completes a conversation.
pub trait Model: Send + Sync {
    /// Completes once. A failure is one that the retries of the model could not overcome.
    fn complete<'m>(&'m self, request: &'m Request) -> Pending<'m, Result<Completion, Failure>>;
}

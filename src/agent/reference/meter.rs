//! The tokens and the time that the reference agent would use, were it a model behind a cached prefix.
//!
//! Each call sends the whole context again: what was sent before is read from the cache, what is new is
//! written to it. Nothing is billed as uncached input.

use crate::{
    experiment::Reference,
    quantity::{Milliseconds, Tokens},
    transcript::Usage,
};

/// Tokens of the system prompt and the tools, shared by all sessions and so in the cache.
const PREFIX: u64 = 900;

pub(super) struct Meter {
    habits: Reference,
    cached: u64,
    pending: u64,
    usage: Usage,
    seconds: f64,
}

impl Meter {
    pub(super) fn new(habits: Reference) -> Self {
        Self {
            habits,
            cached: PREFIX,
            pending: 0,
            usage: Usage::default(),
            seconds: 0.0,
        }
    }

    /// Something new stands in the context.
    pub(super) fn read(&mut self, tokens: u64) {
        self.pending += tokens;
    }

    /// A call of the model that writes this many tokens.
    #[expect(clippy::cast_precision_loss, reason = "token counts of one call")]
    pub(super) fn call(&mut self, output: u64) {
        self.usage.cache_read += Tokens(self.cached);
        self.usage.cache_write += Tokens(self.pending);
        self.usage.output += Tokens(output);
        self.seconds += self.pending as f64 / self.habits.input_tokens_per_second
            + output as f64 / self.habits.output_tokens_per_second;
        self.cached += self.pending + output;
        self.pending = 0;
    }

    /// A call of the model that calls a tool, and the tool's time.
    pub(super) fn tool_call(&mut self, output: u64) {
        self.call(output);
        self.seconds += self.habits.seconds_per_tool_call;
    }

    /// What was used since the last time.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a turn takes seconds"
    )]
    pub(super) fn take(&mut self) -> (Usage, Milliseconds) {
        let active = Milliseconds((self.seconds * 1e3).round() as u64);
        self.seconds = 0.0;
        (std::mem::take(&mut self.usage), active)
    }
}

//! Conversations: what is sent to a model and what comes back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    quantity::{Milliseconds, Seed},
    transcript::{Role, Usage},
};

/// A function that a model may call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tool {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The JSON Schema of its arguments, an object.
    pub parameters: Value,
}

/// The form that an answer must have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Structure {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: &'static str,
    /// The JSON Schema: objects with `additionalProperties: false` and every property required, without
    /// bounds, recursion or references, so that every provider takes it.
    pub schema: Value,
}

/// What a model is asked.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// Who it is for.
    pub role: Role,
    /// The instructions; with the tools the stable prefix that providers cache.
    pub system: Arc<str>,
    /// The functions that may be called.
    pub tools: Arc<[Tool]>,
    /// The conversation, oldest first; the last turn is the user's.
    pub turns: Vec<Turn>,
    /// The form of the answer, where one is asked for.
    pub structure: Option<Arc<Structure>>,
    /// The most tokens that it may write; the model's own limit where this is higher.
    pub max_output_tokens: u64,
    /// The seed of sampling, for providers that take one, and the opaque name of the asker for those
    /// that take none: the same in every arm.
    pub seed: Seed,
}

impl Request {
    /// The seed as it is sent: its low 53 bits, which survive readers whose numbers are doubles.
    pub fn sent_seed(&self) -> u64 {
        self.seed.0 & ((1 << 53) - 1)
    }
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// What the model is told; results of calls stand first.
    User(Vec<Content>),
    /// What the model said.
    Assistant(Assistant),
}

/// One piece of what a model is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Words.
    Text(String),
    /// What a call gave.
    Result {
        /// The call's id.
        call: String,
        /// What it gave, or what went wrong.
        text: String,
        /// Whether it went wrong.
        failed: bool,
    },
}

/// What a model said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Assistant {
    /// Its words, without its thoughts.
    pub text: String,
    /// The functions that it calls, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// The provider's own form of the turn, where it must be sent back unchanged (thoughts with their
    /// signatures); `null` otherwise.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub verbatim: Value,
}

/// A function that a model calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its id; never empty, as one is made up where the provider gave none.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// The arguments, or the text that should have been a JSON object and is not.
    pub arguments: Result<Map<String, Value>, String>,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It said what it had to say.
    End,
    /// It waits for the results of its calls.
    Calls,
    /// It reached the most tokens that it may write.
    OutputLimit,
    /// The conversation is longer than its context.
    ContextLimit,
    /// It, or a filter behind it, refuses.
    Refusal,
    /// The service paused a long turn: send it back as it is to go on.
    Pause,
    /// Something that this program does not know, by the provider's name.
    Other(String),
}

/// A completion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// What the model said.
    pub assistant: Assistant,
    /// Why it stopped.
    pub stop: Stop,
    /// The tokens that it took, by the service's count.
    pub usage: Usage,
    /// Whether the service did not count and the tokens are this program's estimate.
    pub estimated: bool,
    /// The model's id as the service names it.
    pub model: String,
    /// From the first byte sent of the attempt that succeeded to the last byte received.
    pub active: Milliseconds,
    /// How many attempts it took.
    pub attempts: u32,
}

/// What a service answered, before it is known how long it took and how often it was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// What the model said.
    pub assistant: Assistant,
    /// Why it stopped.
    pub stop: Stop,
    /// The tokens that it took; `None` where the service did not count, or not in whole numbers.
    pub usage: Option<Usage>,
    /// The model's id as the service names it; empty where it names none.
    pub model: String,
}

impl Answered {
    /// Tokens that count against rate limits: read, without those from a cache, and written. Both 0 where
    /// the service did not count.
    pub(super) fn limited_tokens(&self) -> (u64, u64) {
        self.usage.map_or((0, 0), |usage| {
            ((usage.uncached_input + usage.cache_write).0, usage.output.0)
        })
    }
}

//! What the service sends, as far as a client needs it. Fields that are not known are left alone: the API
//! adds some as it grows.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    quantity::{Milliseconds, Tokens},
    transcript::Usage,
};

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) next_page: Option<String>,
}

/// An object, by its id.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) status: Option<String>,
}

/// An agent that was made.
#[derive(Debug, Deserialize)]
pub(super) struct AgentMade {
    pub(super) id: String,
    pub(super) version: u64,
}

/// A memory of a store.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct MemoryRead {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) id: String,
    pub(super) path: String,
    #[serde(default)]
    pub(super) content: Option<String>,
    #[serde(default)]
    pub(super) content_sha256: String,
}

/// Tokens of a model request or an evaluation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "as the service names them")]
pub struct ModelUsage {
    input_tokens: u64,
    output_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation_input_tokens: u64,
}

impl From<ModelUsage> for Usage {
    fn from(usage: ModelUsage) -> Self {
        Self {
            uncached_input: Tokens(usage.input_tokens),
            cache_write: Tokens(usage.cache_creation_input_tokens),
            cache_read: Tokens(usage.cache_read_input_tokens),
            output: Tokens(usage.output_tokens),
        }
    }
}

/// Tokens of a dream.
pub type DreamUsage = ModelUsage;

/// Time and list cost of a session so far.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SessionUsage {
    input_tokens: u64,
    output_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation: CacheCreation,
    active_seconds: f64,
    list_cost: Option<Money>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Money {
    amount: String,
    currency: String,
}

impl SessionUsage {
    /// Tokens of all classes. Those written to a cache are one class, whatever their life.
    pub fn tokens(&self) -> Usage {
        Usage {
            uncached_input: Tokens(self.input_tokens),
            cache_write: Tokens(
                self.cache_creation
                    .ephemeral_5m_input_tokens
                    .saturating_add(self.cache_creation.ephemeral_1h_input_tokens),
            ),
            cache_read: Tokens(self.cache_read_input_tokens),
            output: Tokens(self.output_tokens),
        }
    }

    /// Those of them that were written to a cache that lives an hour, which costs more.
    pub fn written_for_an_hour(&self) -> Tokens {
        Tokens(self.cache_creation.ephemeral_1h_input_tokens)
    }

    /// Time in which at least one thread ran.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded just before"
    )]
    pub fn active(&self) -> Milliseconds {
        Milliseconds((self.active_seconds * 1e3).round().clamp(0.0, 1e15) as u64)
    }

    /// What the service says that it costs at list price, in cents; `None` where it does not say.
    pub fn list_cost_cents(&self) -> Option<i64> {
        let money = self.list_cost.as_ref()?;
        (money.currency == "USD").then(|| money.amount.parse().ok())?
    }
}

/// Why a session is idle.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Stop {
    /// The agent has nothing to do.
    EndTurn,
    /// Calls wait for answers.
    RequiresAction {
        /// The events of the calls.
        event_ids: Vec<String>,
    },
    /// The model failed as often as the service tries.
    RetriesExhausted,
    /// The session's budget is reached.
    BudgetReached,
    /// The model refused.
    Refusal,
    /// A reason that this program does not know.
    #[serde(other)]
    Unknown,
}

/// An event of a session, as far as a trial needs it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Event {
    /// Its id; events that were never stored have none.
    #[serde(default)]
    pub id: String,
    /// What it is: `agent.custom_tool_use`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was processed; an event that waits has none.
    #[serde(default)]
    pub processed_at: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

impl Event {
    /// A field as a text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.rest.get(field)?.as_str()
    }

    /// A field read as a type; `None` where it is not there or none.
    pub fn field<T: serde::de::DeserializeOwned>(&self, field: &str) -> Option<T> {
        serde_json::from_value(self.rest.get(field)?.clone()).ok()
    }

    /// The texts of its content, one after another.
    pub fn content(&self) -> String {
        let Some(Value::Array(blocks)) = self.rest.get("content") else {
            return String::new();
        };
        let texts: Vec<&str> = blocks
            .iter()
            .filter_map(|block| block["text"].as_str())
            .collect();
        texts.join("\n")
    }

    /// The whole event as JSON.
    pub fn json(&self) -> Value {
        let mut whole: serde_json::Map<String, Value> = self.rest.clone().into_iter().collect();
        whole.insert("id".to_owned(), Value::from(self.id.clone()));
        whole.insert("type".to_owned(), Value::from(self.kind.clone()));
        whole.insert(
            "processed_at".to_owned(),
            self.processed_at.clone().map_or(Value::Null, Value::from),
        );
        Value::Object(whole)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn usage_is_read_with_fields_missing_and_fields_unknown() {
        let usage: SessionUsage = serde_json::from_value(json!({
            "input_tokens": 5, "new_field": [1], "active_seconds": 41.2004,
            "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
            "list_cost": {"amount": "4", "currency": "USD"},
        }))
        .expect("usage");
        assert_eq!(usage.active(), Milliseconds(41_200));
        assert_eq!(usage.list_cost_cents(), Some(4));
        assert_eq!(usage.tokens().cache_write, Tokens(5));
        assert_eq!(SessionUsage::default().list_cost_cents(), None);
    }

    #[test]
    fn a_stop_that_is_not_known_is_no_error() {
        let read = |value| serde_json::from_value::<Stop>(value).expect("a stop");
        assert_eq!(read(json!({"type": "end_turn"})), Stop::EndTurn);
        assert_eq!(read(json!({"type": "asleep", "until": 5})), Stop::Unknown);
        assert_eq!(
            read(json!({"type": "requires_action", "event_ids": ["sevt_1"]})),
            Stop::RequiresAction {
                event_ids: vec!["sevt_1".to_owned()]
            }
        );
    }
}

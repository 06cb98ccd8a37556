//! What a dream is ordered with: its inputs, its model, where it writes.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{
    managed::guidance::MAX_INSTRUCTIONS,
    serve::{
        ApiError,
        patch::{check_name, length},
    },
};

/// The most sessions that a dream reads.
const MAX_SESSIONS: usize = 100;

/// The body that makes a dream.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DreamBody {
    inputs: Vec<Input>,
    model: Model,
    instructions: Option<String>,
    #[serde(default)]
    output_behavior: OutputBehavior,
}

/// What a dream reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Input {
    MemoryStore { memory_store_id: String },
    Sessions { session_ids: Vec<String> },
}

/// Where a dream writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum OutputBehavior {
    #[default]
    CreateNew,
    UpdateExisting {
        memory_store_id: String,
    },
}

/// The model of a dream. Nobody asks it here, so that any name will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Model {
    pub(super) id: String,
    pub(super) speed: Speed,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Speed {
    #[default]
    Standard,
    Fast,
}

/// A model is a name, or an object.
impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            id: String,
            speed: Option<Speed>,
        }

        let whole = match Value::deserialize(deserializer)? {
            Value::String(id) => Whole { id, speed: None },
            value @ Value::Object(_) => serde_json::from_value(value).map_err(D::Error::custom)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                return Err(D::Error::custom(
                    "not the name of a model, nor an object with `id`",
                ));
            }
        };
        Ok(Self {
            id: whole.id,
            speed: whole.speed.unwrap_or_default(),
        })
    }
}

/// What a dream is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// The store that it reads.
    pub(super) store: String,
    /// The sessions that it reads, sorted.
    pub(super) sessions: Vec<String>,
    /// The name of its model.
    pub(super) model: String,
    /// How it is to dream.
    pub(super) instructions: Option<String>,
    /// Whether it writes into the store that it reads, not into a copy.
    pub(super) in_place: bool,
}

impl TryFrom<DreamBody> for Order {
    type Error = ApiError;

    fn try_from(body: DreamBody) -> Result<Self, ApiError> {
        let mut stores = Vec::new();
        let mut lists = Vec::new();
        for input in body.inputs {
            match input {
                Input::MemoryStore { memory_store_id } => stores.push(memory_store_id),
                Input::Sessions { session_ids } => lists.push(session_ids),
            }
        }
        let store = only("memory_store", stores)?;
        let mut sessions = only("sessions", lists)?;
        if !(1..=MAX_SESSIONS).contains(&sessions.len()) {
            return Err(ApiError::invalid(format!(
                "inputs: {} sessions, not 1 to {MAX_SESSIONS}",
                sessions.len()
            )));
        }
        sessions.sort_unstable();
        if let Some([session, _]) = sessions.array_windows().find(|[one, other]| one == other) {
            return Err(ApiError::invalid(format!(
                "inputs: session `{}` is given twice",
                session.escape_debug()
            )));
        }
        check_name("model", &body.model.id, 256)?;
        if body.model.speed != Speed::Standard {
            return Err(ApiError::invalid(
                "model.speed: a dream takes `standard` only",
            ));
        }
        if let Some(text) = &body.instructions {
            length("instructions", "the text", text, 1, MAX_INSTRUCTIONS)?;
        }
        let in_place = match body.output_behavior {
            OutputBehavior::CreateNew => false,
            OutputBehavior::UpdateExisting { memory_store_id } if memory_store_id == store => true,
            OutputBehavior::UpdateExisting { .. } => {
                return Err(ApiError::invalid(
                    "output_behavior.memory_store_id: not the memory store of `inputs`",
                ));
            }
        };
        Ok(Self {
            store,
            sessions,
            model: body.model.id,
            instructions: body.instructions,
            in_place,
        })
    }
}

/// The one entry of a kind.
fn only<T>(kind: &str, mut entries: Vec<T>) -> Result<T, ApiError> {
    match (entries.pop(), entries.is_empty()) {
        (Some(entry), true) => Ok(entry),
        _ => Err(ApiError::invalid(format!(
            "inputs: exactly one entry of type `{kind}` is required"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(changes: &Value) -> Result<Order, String> {
        let mut body = json!({
            "inputs": [
                {"type": "sessions", "session_ids": ["sesn_2", "sesn_1"]},
                {"type": "memory_store", "memory_store_id": "memstore_1"},
            ],
            "model": "m",
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let body: DreamBody = serde_json::from_value(body).map_err(|error| error.to_string())?;
        Order::try_from(body).map_err(|error| error.message)
    }

    #[test]
    fn an_order_is_read_with_its_sessions_sorted() {
        let read = order(&json!({"model": {"id": "m", "speed": null}, "instructions": null}));
        assert_eq!(
            read,
            Ok(Order {
                store: "memstore_1".to_owned(),
                sessions: vec!["sesn_1".to_owned(), "sesn_2".to_owned()],
                model: "m".to_owned(),
                instructions: None,
                in_place: false,
            })
        );
        let behavior = json!({"type": "update_existing", "memory_store_id": "memstore_1"});
        assert!(order(&json!({"output_behavior": behavior})).is_ok_and(|order| order.in_place));
        assert!(order(&json!({"instructions": "é".repeat(4_096)})).is_ok());
    }

    #[test]
    fn what_is_no_order_is_named() {
        let store = json!({"type": "memory_store", "memory_store_id": "memstore_1"});
        let list = |ids: Vec<String>| json!({"type": "sessions", "session_ids": ids});
        let one = list(vec!["sesn_1".to_owned()]);
        let two_of = |kind: &str| format!("inputs: exactly one entry of type `{kind}` is required");
        let many: Vec<String> = (0..101).map(|number| format!("sesn_{number}")).collect();
        for (changes, wanted) in [
            (json!({"inputs": []}), two_of("memory_store")),
            (json!({"inputs": [store]}), two_of("sessions")),
            (json!({"inputs": [one]}), two_of("memory_store")),
            (
                json!({"inputs": [store, store, one]}),
                two_of("memory_store"),
            ),
            (json!({"inputs": [store, one, one]}), two_of("sessions")),
            (
                json!({"inputs": [store, list(Vec::new())]}),
                "inputs: 0 sessions".to_owned(),
            ),
            (
                json!({"inputs": [store, list(many)]}),
                "inputs: 101 sessions".to_owned(),
            ),
            (
                json!({"inputs": [store, list(vec!["s".to_owned(); 2])]}),
                "inputs: session `s` is given twice".to_owned(),
            ),
            (
                json!({"inputs": [{"type": "file"}]}),
                "unknown variant `file`".to_owned(),
            ),
            (
                json!({"instructions": ""}),
                "instructions: the text has 0".to_owned(),
            ),
            (
                json!({"instructions": "x".repeat(4_097)}),
                "instructions: the text has 4097".to_owned(),
            ),
            (
                json!({"model": {"id": "m", "speed": "fast"}}),
                "model.speed: ".to_owned(),
            ),
            (json!({"model": ""}), "model: the name has 0".to_owned()),
            (json!({"model": 5}), "not the name of a model".to_owned()),
            (
                json!({"output_behavior": {"type": "update_existing", "memory_store_id": "m"}}),
                "output_behavior.memory_store_id: ".to_owned(),
            ),
            (json!({"title": "t"}), "unknown field `title`".to_owned()),
        ] {
            let error = order(&changes).expect_err("a refusal");
            assert!(error.starts_with(&wanted), "{changes}: {error}");
        }
    }
}

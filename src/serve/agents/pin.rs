//! An agent as a session has it: one version, perhaps with changes that hold for this session only.

use rusqlite::Transaction;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::{
    definition::{AgentBody, Definition},
    find,
};
use crate::serve::ApiError;

/// What a session may change of its agent when it is opened.
const OVERRIDES: [&str; 5] = ["model", "system", "tools", "mcp_servers", "skills"];

/// What a session may change of its agent later.
const LATER: [&str; 2] = ["tools", "mcp_servers"];

/// The agent that a body names.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::serve) struct AgentReference {
    id: String,
    /// Absent: the latest.
    version: Option<i64>,
    overrides: Map<String, Value>,
}

/// An id, or an object with an id and perhaps a version and changes.
impl<'de> Deserialize<'de> for AgentReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        #[derive(Deserialize)]
        struct Whole {
            #[serde(rename = "type")]
            kind: String,
            id: String,
            version: Option<i64>,
            #[serde(flatten)]
            overrides: Map<String, Value>,
        }

        let value = Value::deserialize(deserializer)?;
        if let Value::String(id) = value {
            return Ok(Self {
                id,
                version: None,
                overrides: Map::new(),
            });
        }
        if !value.is_object() {
            return Err(D::Error::custom("not the id of an agent, nor an object"));
        }
        let whole: Whole = serde_json::from_value(value).map_err(D::Error::custom)?;
        let allowed: &[&str] = match whole.kind.as_str() {
            "agent" => &[],
            "agent_with_overrides" => &OVERRIDES,
            other => {
                return Err(D::Error::custom(format!(
                    "type: `{}` is not `agent` or `agent_with_overrides`",
                    other.escape_debug()
                )));
            }
        };
        check_keys(&whole.overrides, allowed).map_err(D::Error::custom)?;
        Ok(Self {
            id: whole.id,
            version: whole.version,
            overrides: whole.overrides,
        })
    }
}

/// An agent as a session has it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::serve) struct Pinned {
    /// Its id.
    pub(in crate::serve) id: String,
    /// Its version.
    pub(in crate::serve) version: i64,
    /// What it is, as a session shows it.
    pub(in crate::serve) snapshot: Value,
}

impl AgentReference {
    /// The agent of this owner, as it is now.
    pub(in crate::serve) fn pin(
        self,
        transaction: &Transaction<'_>,
        owner: &str,
    ) -> Result<Pinned, ApiError> {
        let agent = find(transaction, owner, &self.id, self.version)?;
        if agent.archived_at.is_some() {
            return Err(ApiError::invalid(format!(
                "agent: `{}` is archived and takes no new sessions",
                self.id
            )));
        }
        let definition = changed(agent.definition, self.overrides)?;
        Ok(Pinned {
            snapshot: snapshot(&agent.id, agent.version, &definition)?,
            id: agent.id,
            version: agent.version,
        })
    }
}

/// A session's agent with other tools.
pub(in crate::serve) fn equipped_anew(
    agent: &Value,
    changes: Map<String, Value>,
) -> Result<Value, ApiError> {
    check_keys(&changes, &LATER)
        .map_err(|message| ApiError::invalid(format!("agent: {message}")))?;
    let mut kept = agent.clone();
    kept["metadata"] = json!({});
    let definition = changed(serde_json::from_value(kept)?, changes)?;
    snapshot(
        agent["id"].as_str().unwrap_or_default(),
        agent["version"].as_i64().unwrap_or_default(),
        &definition,
    )
}

fn check_keys(given: &Map<String, Value>, allowed: &[&str]) -> Result<(), String> {
    match given.keys().find(|key| !allowed.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(format!("unknown field `{}`", key.escape_debug())),
    }
}

fn changed(
    mut definition: Definition,
    changes: Map<String, Value>,
) -> Result<Definition, ApiError> {
    if changes.is_empty() {
        return Ok(definition);
    }
    let body: AgentBody = serde_path_to_error::deserialize(Value::Object(changes))
        .map_err(|error| ApiError::invalid(format!("agent.{}: {}", error.path(), error.inner())))?;
    definition.apply(body).map_err(|mut error| {
        error.message = format!("agent.{}", error.message);
        error
    })?;
    Ok(definition)
}

fn snapshot(id: &str, version: i64, definition: &Definition) -> Result<Value, ApiError> {
    let mut snapshot = Map::new();
    snapshot.insert("type".to_owned(), json!("agent"));
    snapshot.insert("id".to_owned(), json!(id));
    snapshot.insert("version".to_owned(), json!(version));
    if let Value::Object(fields) = serde_json::to_value(definition)? {
        snapshot.extend(fields.into_iter().filter(|(name, _)| name != "metadata"));
    }
    Ok(Value::Object(snapshot))
}

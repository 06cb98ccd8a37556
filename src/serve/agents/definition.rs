//! What an agent is: name, model, system prompt, tools; and the body that makes or changes one.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::tools::{GivenTool, Tool, check_tools};
use crate::serve::{
    ApiError,
    patch::{Metadata, MetadataPatch, Patch, apply_metadata, check_name, length},
};

/// The most tools of an agent.
const MAX_TOOLS: usize = 256;
/// The most skills, and the most servers of tools, of an agent.
const MAX_SKILLS: usize = 20;

/// The body that makes or changes an agent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AgentBody {
    name: Patch<String>,
    description: Patch<String>,
    system: Patch<String>,
    model: Patch<Model>,
    tools: Patch<Vec<GivenTool>>,
    mcp_servers: Patch<Vec<McpServer>>,
    skills: Patch<Vec<Skill>>,
    metadata: MetadataPatch,
    multiagent: Patch<Map<String, Value>>,
    execution_identity: Patch<ExecutionIdentity>,
    /// The version that an update is meant for.
    pub(super) version: Option<i64>,
}

/// A version of an agent, as it is kept and sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Definition {
    name: String,
    description: Option<String>,
    system: Option<String>,
    model: Model,
    tools: Vec<Tool>,
    mcp_servers: Vec<McpServer>,
    skills: Vec<Skill>,
    metadata: Metadata,
    /// Always null: one agent plays a session here.
    multiagent: (),
    execution_identity: ExecutionIdentity,
}

/// The model of an agent. Nobody asks it here, so that any name will do.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Model {
    id: String,
    effort: Effort,
    #[serde(skip_serializing_if = "Option::is_none")]
    inference_geo: Option<String>,
    speed: Speed,
}

/// How hard a model works. The service resolves it by model where nothing is said; here it is `high`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Low,
    Medium,
    #[default]
    High,
    Xhigh,
    Max,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
struct Effort {
    #[serde(rename = "type")]
    level: Level,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Speed {
    #[default]
    Standard,
    Fast,
}

/// A model is a name, or an object whose effort is a level or an object.
impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            id: String,
            effort: Option<Value>,
            inference_geo: Option<String>,
            speed: Option<Speed>,
        }

        let value = Value::deserialize(deserializer)?;
        if let Value::String(id) = value {
            return Ok(Self {
                id,
                ..Self::default()
            });
        }
        if !value.is_object() {
            return Err(D::Error::custom(
                "not the name of a model, nor an object with `id`",
            ));
        }
        let whole: Whole = serde_json::from_value(value).map_err(D::Error::custom)?;
        let effort = whole.effort.map(|effort| {
            let level = effort.get("type").unwrap_or(&effort).clone();
            serde_json::from_value(level)
                .map(|level| Effort { level })
                .map_err(|error| D::Error::custom(format!("effort: {error}")))
        });
        Ok(Self {
            id: whole.id,
            effort: effort.transpose()?.unwrap_or_default(),
            inference_geo: whole.inference_geo,
            speed: whole.speed.unwrap_or_default(),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct McpServer {
    #[serde(rename = "type")]
    kind: McpServerKind,
    name: String,
    url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum McpServerKind {
    Url,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Skill {
    #[serde(rename = "type")]
    kind: SkillKind,
    #[serde(rename = "skill_id")]
    id: String,
    #[serde(default = "latest")]
    version: String,
}

fn latest() -> String {
    "latest".to_owned()
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SkillKind {
    Anthropic,
    Custom,
}

/// On whose behalf an agent acts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum ExecutionIdentity {
    #[default]
    ServiceAccount,
}

impl Definition {
    /// The first version of an agent.
    pub(super) fn create(body: AgentBody) -> Result<Self, ApiError> {
        if body.version.is_some() {
            return Err(ApiError::invalid("version: only an update has one"));
        }
        body.name.must_be_given("name")?;
        body.model.must_be_given("model")?;
        let mut definition = Self::default();
        definition.apply(body)?;
        Ok(definition)
    }

    /// Changes what a body names, within the limits.
    pub(super) fn apply(&mut self, body: AgentBody) -> Result<(), ApiError> {
        if let Patch::Set(_) = body.multiagent {
            return Err(ApiError::invalid(
                "multiagent: this server plays a session with one agent; leave it out",
            ));
        }
        body.name.apply("name", &mut self.name)?;
        body.model.apply("model", &mut self.model)?;
        body.description.apply_to_nullable(&mut self.description);
        body.system.apply_to_nullable(&mut self.system);
        match body.tools {
            Patch::Keep => {}
            Patch::Clear => self.tools.clear(),
            Patch::Set(tools) => self.tools = tools.into_iter().map(Tool::from).collect(),
        }
        body.mcp_servers.apply_or_default(&mut self.mcp_servers);
        body.skills.apply_or_default(&mut self.skills);
        body.execution_identity
            .apply_or_default(&mut self.execution_identity);
        apply_metadata(body.metadata, &mut self.metadata)?;
        self.check()
    }

    fn check(&self) -> Result<(), ApiError> {
        check_name("name", &self.name, 256)?;
        check_name("model", &self.model.id, 256)?;
        if let Some(description) = &self.description {
            length("description", "the text", description, 0, 2_048)?;
        }
        if let Some(system) = &self.system {
            length("system", "the text", system, 0, 100_000)?;
        }
        for (name, count, most) in [
            ("tools", self.tools.len(), MAX_TOOLS),
            ("mcp_servers", self.mcp_servers.len(), MAX_SKILLS),
            ("skills", self.skills.len(), MAX_SKILLS),
        ] {
            if count > most {
                return Err(ApiError::invalid(format!(
                    "{name}: {count} entries, and at most {most} are possible"
                )));
            }
        }
        let servers: Vec<&str> = self
            .mcp_servers
            .iter()
            .map(|server| server.name.as_str())
            .collect();
        check_tools(&self.tools, &servers)
    }
}

#[cfg(test)]
mod tests;

//! The tools of an agent, as they are given and as they are kept.
//!
//! What is left out when a tool is given stands in what is kept, so that whoever reads an agent sees what
//! holds.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::serve::{ApiError, patch::length};

/// A tool as a client gives it.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub(super) enum GivenTool {
    #[serde(rename = "agent_toolset_20260401")]
    AgentToolset(GivenToolset<AgentTool>),
    #[serde(rename = "mcp_toolset")]
    McpToolset(GivenMcpToolset),
    #[serde(rename = "custom")]
    Custom(CustomTool),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GivenToolset<N> {
    default_config: Option<GivenConfig>,
    #[serde(default = "Vec::new")]
    configs: Vec<GivenToolConfig<N>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GivenMcpToolset {
    mcp_server_name: String,
    default_config: Option<GivenConfig>,
    #[serde(default)]
    configs: Vec<GivenToolConfig<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenConfig {
    enabled: Option<bool>,
    permission_policy: Option<Policy>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenToolConfig<N> {
    name: N,
    /// Sent back by clients that take over what they have read.
    #[serde(rename = "type")]
    _kind: Option<String>,
    enabled: Option<bool>,
    permission_policy: Option<Policy>,
}

/// A tool as it is kept and sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub(super) enum Tool {
    #[serde(rename = "agent_toolset_20260401")]
    AgentToolset {
        default_config: Config,
        configs: Vec<AgentToolConfig>,
    },
    #[serde(rename = "mcp_toolset")]
    McpToolset {
        mcp_server_name: String,
        default_config: Config,
        configs: Vec<McpToolConfig>,
    },
    #[serde(rename = "custom")]
    Custom(CustomTool),
}

/// A tool that the client carries out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomTool {
    name: String,
    description: String,
    input_schema: Map<String, Value>,
}

/// The tools of the service's own set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AgentTool {
    Bash,
    Read,
    Write,
    Edit,
    Glob,
    Grep,
    WebFetch,
    WebSearch,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Config {
    enabled: bool,
    permission_policy: Policy,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct AgentToolConfig {
    #[serde(rename = "type")]
    kind: AgentTool,
    name: AgentTool,
    enabled: bool,
    permission_policy: Policy,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct McpToolConfig {
    name: String,
    enabled: bool,
    permission_policy: Policy,
}

/// Whether a call needs somebody's leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Policy {
    AlwaysAllow,
    AlwaysAsk,
    Auto,
}

/// What holds for the tools of a set, by default and for one of them.
fn config(given: Option<GivenConfig>, policy: Policy) -> Config {
    let given = given.unwrap_or(GivenConfig {
        enabled: None,
        permission_policy: None,
    });
    Config {
        enabled: given.enabled.unwrap_or(true),
        permission_policy: given.permission_policy.unwrap_or(policy),
    }
}

impl From<GivenTool> for Tool {
    fn from(given: GivenTool) -> Self {
        match given {
            GivenTool::AgentToolset(given) => {
                let default_config = config(given.default_config, Policy::AlwaysAllow);
                let of = |tool: GivenToolConfig<AgentTool>| AgentToolConfig {
                    kind: tool.name,
                    name: tool.name,
                    enabled: tool.enabled.unwrap_or(default_config.enabled),
                    permission_policy: tool
                        .permission_policy
                        .unwrap_or(default_config.permission_policy),
                };
                Self::AgentToolset {
                    configs: given.configs.into_iter().map(of).collect(),
                    default_config,
                }
            }
            GivenTool::McpToolset(given) => {
                let default_config = config(given.default_config, Policy::AlwaysAsk);
                let of = |tool: GivenToolConfig<String>| McpToolConfig {
                    name: tool.name,
                    enabled: tool.enabled.unwrap_or(default_config.enabled),
                    permission_policy: tool
                        .permission_policy
                        .unwrap_or(default_config.permission_policy),
                };
                Self::McpToolset {
                    mcp_server_name: given.mcp_server_name,
                    configs: given.configs.into_iter().map(of).collect(),
                    default_config,
                }
            }
            GivenTool::Custom(tool) => Self::Custom(tool),
        }
    }
}

/// Refuses tools that cannot be told apart, or that nobody could call.
pub(super) fn check_tools(tools: &[Tool], servers: &[&str]) -> Result<(), ApiError> {
    let mut names: Vec<&str> = Vec::new();
    let mut toolsets = 0;
    for (number, tool) in tools.iter().enumerate() {
        let wrong = |what: String| Err(ApiError::invalid(format!("tools[{number}]{what}")));
        match tool {
            Tool::AgentToolset { .. } => {
                toolsets += 1;
                if toolsets > 1 {
                    return wrong(": `agent_toolset_20260401` is given twice".to_owned());
                }
            }
            Tool::McpToolset {
                mcp_server_name, ..
            } => {
                if !servers.contains(&mcp_server_name.as_str()) {
                    return wrong(format!(
                        ".mcp_server_name: `{mcp_server_name}` is not among `mcp_servers`"
                    ));
                }
            }
            Tool::Custom(tool) => {
                let name = tool.name.as_str();
                length(&format!("tools[{number}].name"), "the name", name, 1, 128)?;
                let plain =
                    |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
                if !name.chars().all(plain) {
                    return wrong(format!(
                        ".name: `{}` has other characters than letters, digits, `_` and `-`",
                        name.escape_debug()
                    ));
                }
                if names.contains(&name) {
                    return wrong(format!(".name: `{name}` is given twice"));
                }
                if tool.input_schema.get("type").and_then(Value::as_str) != Some("object") {
                    return wrong(".input_schema: `type` is not `object`".to_owned());
                }
                names.push(name);
            }
        }
    }
    Ok(())
}

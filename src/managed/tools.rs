//! The tools that an agent is offered, as JSON Schema, and what a deployment's tools are told from it.
//!
//! The three that every session has (read a document, ask the user, hand in) and those of the
//! deployment. Who answers a call is not decided here.

use serde_json::{Map, Value, json};

use crate::brief::{ToolDeclaration, ToolOption};

/// Reads a document of the session.
pub const READ_DOCUMENT: &str = "read_document";
/// Asks the user.
pub const ASK_USER: &str = "ask_user";
/// Hands in.
pub const SUBMIT: &str = "submit";
/// The service's own tools, among them those for files: memory is a folder of files.
pub const TOOLSET: &str = "agent_toolset_20260401";

const RETURNS: &str = " Returns: ";

/// A tool as a model is offered it.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// Its name.
    pub name: String,
    /// What it does, in words.
    pub description: String,
    /// The JSON Schema of its arguments, an object.
    pub input_schema: Value,
}

impl Offered {
    /// A tool with these properties, of which the required ones must be given.
    pub fn new(name: &str, description: &str, properties: &Value, required: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            input_schema: json!({
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            }),
        }
    }

    /// The tool as a session of the service declares it.
    pub fn custom(&self) -> Value {
        json!({
            "type": "custom",
            "name": self.name,
            "description": self.description,
            "input_schema": self.input_schema,
        })
    }
}

impl From<&ToolDeclaration> for Offered {
    fn from(declared: &ToolDeclaration) -> Self {
        let description = declared.returns.as_ref().map_or_else(
            || declared.does.clone(),
            |returns| format!("{}{RETURNS}{returns}.", declared.does),
        );
        let options: Map<String, Value> = declared
            .options
            .iter()
            .map(|option| {
                let first = option.values.first().map_or("", String::as_str);
                let schema = json!({
                    "type": "string",
                    "enum": option.values,
                    "description": format!("If left out: {first}."),
                });
                (option.name.clone(), schema)
            })
            .collect();
        Self::new(&declared.name, &description, &Value::Object(options), &[])
    }
}

/// A property that is a text.
pub fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

/// The tools that every session has.
pub fn of_every_session() -> [Offered; 3] {
    [
        Offered::new(
            READ_DOCUMENT,
            "Read a document of this session.",
            &json!({"name": text("The document's name, as the session's head gives it.")}),
            &["name"],
        ),
        Offered::new(
            ASK_USER,
            "Send the user one message with one or more questions, and wait for the answer.",
            &json!({"questions": {"type": "array", "items": {"type": "string"}}}),
            &["questions"],
        ),
        Offered::new(
            SUBMIT,
            "Hand in the deliverable of the present task.",
            &json!({
                "fields": {
                    "type": "object",
                    "description": "The value of each field, by the field's name.",
                    "additionalProperties": {"type": "string"},
                },
                "body": text("The text that goes with them."),
            }),
            &["fields", "body"],
        ),
    ]
}

/// The tools of an agent of the service: those of every session, those of the deployment, and the
/// service's own where there is memory to read.
pub fn declared(deployment: &[ToolDeclaration], memory: bool) -> Vec<Value> {
    of_every_session()
        .iter()
        .map(Offered::custom)
        .chain(deployment.iter().map(|tool| Offered::from(tool).custom()))
        .chain(memory.then(files))
        .collect()
}

/// The service's tools for files and no others: no shell, which could do the work of a tool of the
/// deployment, and no web, which could know more than the scenario.
fn files() -> Value {
    let enabled: Vec<Value> = ["read", "write", "edit", "glob", "grep"]
        .iter()
        .map(|name| json!({"name": name, "enabled": true}))
        .collect();
    json!({"type": TOOLSET, "default_config": {"enabled": false}, "configs": enabled})
}

/// The tools of the deployment among those that an agent of the service has. Of a tool that anybody else
/// declared, the options with a list of values are kept.
pub fn deployment(tools: &[Value]) -> Vec<ToolDeclaration> {
    tools
        .iter()
        .filter(|tool| tool["type"] == "custom")
        .filter_map(|tool| {
            let name = tool["name"].as_str()?;
            if [READ_DOCUMENT, ASK_USER, SUBMIT].contains(&name) {
                return None;
            }
            let description = tool["description"].as_str().unwrap_or_default();
            let (does, returns) = description
                .strip_suffix('.')
                .and_then(|text| text.rsplit_once(RETURNS))
                .map_or((description, None), |(does, returns)| {
                    (does, Some(returns.to_owned()))
                });
            Some(ToolDeclaration {
                name: name.to_owned(),
                does: does.to_owned(),
                returns,
                options: options(&tool["input_schema"]["properties"]),
            })
        })
        .collect()
}

fn options(properties: &Value) -> Vec<ToolOption> {
    let Some(properties) = properties.as_object() else {
        return Vec::new();
    };
    properties
        .iter()
        .filter_map(|(name, schema)| {
            let values = schema["enum"].as_array()?;
            Some(ToolOption {
                name: name.clone(),
                values: values
                    .iter()
                    .filter_map(|value| value.as_str().map(str::to_owned))
                    .collect(),
            })
        })
        .collect()
}

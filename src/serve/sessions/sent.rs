//! The events that a client may send, as they are given.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    history::{Entry, kind},
    session::Session,
};
use crate::serve::ApiError;

/// The most evaluations of an outcome, and how many there are if nothing is said.
const MAX_ITERATIONS: u32 = 20;
const DEFAULT_ITERATIONS: u32 = 3;
/// The most characters of a rubric.
pub(super) const MAX_RUBRIC: usize = 262_144;

/// What a message may consist of.
const MESSAGE_BLOCKS: [&str; 3] = ["text", "image", "document"];
const RESULT_BLOCKS: [&str; 4] = ["text", "image", "document", "search_result"];
const SYSTEM_BLOCKS: [&str; 1] = ["text"];

/// An event as a client gives it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type")]
pub(super) enum Sent {
    #[serde(rename = "user.message")]
    Message(Message),
    #[serde(rename = "user.interrupt")]
    Interrupt(Interrupt),
    #[serde(rename = "user.tool_confirmation")]
    Confirmation(Confirmation),
    #[serde(rename = "user.custom_tool_result")]
    Result(ToolResult),
    #[serde(rename = "user.tool_result")]
    OwnToolResult {},
    #[serde(rename = "user.define_outcome")]
    Outcome(Outcome),
    #[serde(rename = "system.message")]
    System(Message),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    content: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interrupt {
    pub(super) session_thread_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Leave {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmation {
    pub(super) tool_use_id: String,
    result: Leave,
    deny_message: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolResult {
    pub(super) custom_tool_use_id: String,
    #[serde(default)]
    content: Option<Vec<Value>>,
    is_error: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcome {
    pub(super) description: String,
    rubric: Rubric,
    max_iterations: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Rubric {
    Text { content: String },
    File { file_id: String },
}

impl Sent {
    /// Reads the events of a body; each is named by `field` and its number in an error.
    pub(super) fn read(field: &str, events: Vec<Value>) -> Result<Vec<Self>, ApiError> {
        let mut sent = Vec::new();
        for (number, event) in events.into_iter().enumerate() {
            let wrong = |what: String| ApiError::invalid(format!("{field}[{number}]{what}"));
            if !event.is_object() {
                return Err(wrong(": not an object".to_owned()));
            }
            let event: Self = serde_path_to_error::deserialize(event).map_err(|error| {
                let path = error.path().to_string();
                let path = if path == "." {
                    String::new()
                } else {
                    format!(".{path}")
                };
                wrong(format!("{path}: {}", error.inner()))
            })?;
            event.check().map_err(|error| {
                let message = format!("{field}[{number}].{}", error.message);
                ApiError { message, ..error }
            })?;
            sent.push(event);
        }
        let is_system = |event: &Self| matches!(event, Self::System(_));
        let before = sent.len().saturating_sub(1);
        if let Some(number) = sent[..before].iter().position(is_system) {
            return Err(ApiError::invalid(format!(
                "{field}[{number}]: `system.message` stands last, and once"
            )));
        }
        Ok(sent)
    }

    fn check(&self) -> Result<(), ApiError> {
        match self {
            Self::Message(message) => check_blocks(&message.content, &MESSAGE_BLOCKS),
            Self::System(message) => check_blocks(&message.content, &SYSTEM_BLOCKS),
            Self::Result(result) => {
                let content = result.content.as_deref().unwrap_or_default();
                check_blocks(content, &RESULT_BLOCKS)
            }
            Self::Outcome(outcome) => outcome.check(),
            Self::OwnToolResult {} => Err(ApiError::invalid(
                "type: `user.tool_result` is for self-hosted environments, and no tool waits for one",
            )),
            Self::Interrupt(_) | Self::Confirmation(_) => Ok(()),
        }
    }

    /// Whether it comes back as processed.
    pub(super) fn is_processed_at_once(&self) -> bool {
        matches!(self, Self::Outcome(_) | Self::Result(_))
    }

    /// Whether it answers what the session waits for.
    pub(super) fn is_answer(&self) -> bool {
        matches!(self, Self::Result(_) | Self::Confirmation(_))
    }

    /// The event that is kept. `outcome`: the id that an outcome gets.
    pub(super) fn entry(&self, session: &Session, outcome: &str) -> Entry<'static> {
        match self {
            Self::Message(message) => {
                Entry::new(kind::MESSAGE, json!({"content": message.content}))
            }
            Self::System(message) => {
                Entry::new("system.message", json!({"content": message.content}))
            }
            Self::Interrupt(interrupt) => Entry::new(
                kind::INTERRUPT,
                json!({"session_thread_id": interrupt.session_thread_id}),
            ),
            Self::Confirmation(confirmation) => Entry::new(
                kind::CONFIRMATION,
                json!({
                    "tool_use_id": confirmation.tool_use_id,
                    "result": match confirmation.result {
                        Leave::Allow => "allow",
                        Leave::Deny => "deny",
                    },
                    "deny_message": confirmation.deny_message,
                    "session_thread_id": session.thread,
                }),
            ),
            Self::Result(result) => Entry::new(
                kind::RESULT,
                json!({
                    "custom_tool_use_id": result.custom_tool_use_id,
                    "content": result.content.as_deref().unwrap_or_default(),
                    "is_error": result.is_error.unwrap_or(false),
                    "session_thread_id": session.thread,
                }),
            ),
            Self::OwnToolResult {} => Entry::new("user.tool_result", json!({})),
            Self::Outcome(defined) => Entry::new(
                kind::OUTCOME,
                json!({
                    "outcome_id": outcome,
                    "description": defined.description,
                    "rubric": match &defined.rubric {
                        Rubric::Text { content } => json!({"type": "text", "content": content}),
                        Rubric::File { file_id } => json!({"type": "file", "file_id": file_id}),
                    },
                    "max_iterations": defined.max_iterations.unwrap_or(DEFAULT_ITERATIONS),
                }),
            ),
        }
    }
}

impl Outcome {
    /// The file that its rubric is, if it is one.
    pub(super) fn rubric_file(&self) -> Option<&str> {
        match &self.rubric {
            Rubric::Text { .. } => None,
            Rubric::File { file_id } => Some(file_id),
        }
    }

    fn check(&self) -> Result<(), ApiError> {
        if let Some(most) = self.max_iterations
            && !(1..=MAX_ITERATIONS).contains(&most)
        {
            return Err(ApiError::invalid(format!(
                "max_iterations: `{most}` is not a whole number from 1 to {MAX_ITERATIONS}"
            )));
        }
        match &self.rubric {
            Rubric::Text { content } => {
                crate::serve::patch::length("rubric.content", "the text", content, 1, MAX_RUBRIC)
            }
            // The file is read where the event is taken.
            Rubric::File { .. } => Ok(()),
        }
    }
}

/// Refuses blocks of other types, and texts without text.
fn check_blocks(content: &[Value], types: &[&str]) -> Result<(), ApiError> {
    for (number, block) in content.iter().enumerate() {
        let kind = block["type"].as_str().unwrap_or_default();
        let fault = if !types.contains(&kind) {
            Some(format!("`type` is none of `{}`", types.join("`, `")))
        } else if kind == "text" && !block["text"].is_string() {
            Some("`text` is missing".to_owned())
        } else {
            None
        };
        if let Some(fault) = fault {
            return Err(ApiError::invalid(format!("content[{number}]: {fault}")));
        }
    }
    Ok(())
}

//! The messages of a session, as `docs/plugins.md` shows them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    agent::Opening,
    brief::{Attribute, SessionBrief, TaskBrief, ToolDeclaration},
    experiment::Limits,
    form::{Field, FieldKind},
    process::ReportedUsage,
    transcript::Usage,
};

/// What a program is told.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told<'t> {
    Open(Open<'t>),
    Task(Task<'t>),
    Answer(&'t str),
    Finding(&'t str),
    Correction(&'t str),
    Over { accepted: bool },
    Close {},
    Result { ok: bool, text: &'t str },
}

#[derive(Serialize)]
pub(super) struct Open<'t> {
    date: String,
    user: &'t str,
    about: Vec<Named<'t>>,
    case: &'t str,
    documents: Vec<Listed<'t>>,
    tools: Vec<Tool<'t>>,
    memory: Option<Memory>,
    seed: u64,
    limits: Bounds,
}

#[derive(Serialize)]
struct Named<'t> {
    name: &'t str,
    value: &'t str,
}

#[derive(Serialize)]
struct Listed<'t> {
    name: &'t str,
    title: &'t str,
}

#[derive(Serialize)]
struct Tool<'t> {
    name: &'t str,
    does: &'t str,
    returns: Option<&'t str>,
    options: Vec<Choice<'t>>,
}

#[derive(Serialize)]
struct Choice<'t> {
    name: &'t str,
    values: &'t [String],
}

#[derive(Serialize)]
struct Memory {
    writable: bool,
    entries: usize,
    tokens: u64,
}

#[derive(Serialize)]
struct Bounds {
    memory_tokens: u64,
    questions_per_message: u32,
    tool_attempts: u32,
    steps_per_turn: u32,
}

impl<'t> Open<'t> {
    pub(super) fn new(opening: &'t Opening, limits: Limits) -> Self {
        let brief: &SessionBrief = &opening.brief;
        Self {
            date: brief.date.to_string(),
            user: &brief.user,
            about: brief.about.iter().map(Named::new).collect(),
            case: &brief.case,
            documents: brief
                .documents
                .iter()
                .map(|document| Listed {
                    name: &document.name,
                    title: &document.title,
                })
                .collect(),
            tools: brief.tools.iter().map(Tool::new).collect(),
            memory: opening.memory.as_ref().map(|memory| Memory {
                writable: memory.writable,
                entries: memory.store.len(),
                tokens: memory.store.tokens(),
            }),
            // Every language's numbers hold 53 bits.
            seed: opening.seed.0 >> 11,
            limits: Bounds {
                memory_tokens: limits.memory_tokens,
                questions_per_message: limits.questions_per_message,
                tool_attempts: limits.tool_attempts,
                steps_per_turn: super::STEPS_PER_TURN,
            },
        }
    }
}

impl<'t> Named<'t> {
    fn new(attribute: &'t Attribute) -> Self {
        Self {
            name: &attribute.name,
            value: &attribute.value,
        }
    }
}

impl<'t> Tool<'t> {
    fn new(tool: &'t ToolDeclaration) -> Self {
        Self {
            name: &tool.name,
            does: &tool.does,
            returns: tool.returns.as_deref(),
            options: tool
                .options
                .iter()
                .map(|option| Choice {
                    name: &option.name,
                    values: &option.values,
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Task<'t> {
    number: usize,
    title: &'t str,
    text: &'t str,
    asides: &'t str,
    fields: Vec<Asked<'t>>,
}

#[derive(Serialize)]
struct Asked<'t> {
    name: &'t str,
    label: &'t str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<&'t [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'t str>,
}

impl<'t> Task<'t> {
    pub(super) fn new(number: usize, task: &'t TaskBrief) -> Self {
        Self {
            number,
            title: &task.title,
            text: task.text.text(),
            asides: task.asides.text(),
            fields: task.form.fields().iter().map(Asked::new).collect(),
        }
    }
}

impl<'t> Asked<'t> {
    fn new(field: &'t Field) -> Self {
        let (kind, options, unit) = match field.kind() {
            FieldKind::Choice(options) => ("choice", Some(options.as_slice()), None),
            FieldKind::Number(unit) => ("number", None, Some(unit.as_str())),
            FieldKind::Date => ("date", None, None),
            FieldKind::Text => ("text", None, None),
        };
        Self {
            name: field.name().as_str(),
            label: field.label(),
            kind,
            options,
            unit,
        }
    }
}

/// What a program does.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    ReadDocument(Name),
    ListMemory(Nothing),
    ReadMemory(Place),
    WriteMemory(Note),
    Call(Call),
    Ask(Vec<String>),
    Submit(Submission),
    Done(Nothing),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Name {
    pub(super) name: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) path: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    pub(super) path: String,
    pub(super) content: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) tool: String,
    /// Names and values, in the order in which they were given.
    #[serde(default)]
    pub(super) options: Map<String, Value>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Submission {
    pub(super) fields: Map<String, Value>,
    #[serde(default)]
    pub(super) body: String,
}

/// Reads a line of a program: one step, with the tokens that it took.
pub(super) fn step(line: Value) -> Result<(Step, Usage), String> {
    let Value::Object(mut message) = line else {
        return Err("wrote a line that is no JSON object".to_owned());
    };
    let usage = match message.remove("usage") {
        None => Usage::default(),
        Some(usage) => serde_json::from_value::<ReportedUsage>(usage)
            .map_err(|error| error.to_string())
            .and_then(ReportedUsage::checked)
            .map_err(|error| format!("reports tokens that are none: {error}"))?,
    };
    let step = serde_json::from_value(Value::Object(message))
        .map_err(|error| format!("wrote a message that is no step: {error}"))?;
    Ok((step, usage))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::quantity::Tokens;

    #[test]
    fn a_step_is_one_object_with_one_name() {
        let (read, usage) = step(json!({"done": {}, "usage": {"output": 3}})).unwrap();
        assert_eq!(read, Step::Done(Nothing {}));
        assert_eq!(usage.output, Tokens(3));
        let Ok((Step::Call(call), _)) =
            step(json!({"call": {"tool": "t", "options": {"z": "1", "a": "2"}}}))
        else {
            panic!("a call");
        };
        assert_eq!(call.options.keys().collect::<Vec<_>>(), ["z", "a"]);
        for bad in [
            json!([]),
            json!("done"),
            json!({}),
            json!({"usage": {}}),
            json!({"done": {}, "ask": []}),
            json!({"done": {"x": 1}}),
            json!({"think": {}}),
            json!({"ask": "what?"}),
            json!({"submit": {"fields": []}}),
            json!({"read_memory": {"path": 1}}),
            json!({"done": {}, "usage": 7}),
            json!({"done": {}, "usage": {"output": -3}}),
        ] {
            assert!(step(bad.clone()).is_err(), "{bad}");
        }
    }
}

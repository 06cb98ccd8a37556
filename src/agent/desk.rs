//! What a session's own tools do: a document is read, the user is asked, a deliverable is handed in, a
//! tool of the deployment is called. The same for every agent that is offered tools.
//!
//! Memory is none of it: where it is, and how it is read, each agent has of its own. What always holds:
//! whatever a model calls, it gets an answer that it can go on from.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Tools;
use crate::{
    brief::{Deliverable, SessionBrief},
    managed::tools::{ASK_USER, READ_DOCUMENT, SUBMIT},
    transcript::Entry,
};

/// What a call came to.
pub(super) enum Act {
    /// It was answered at once.
    Done {
        /// The answer.
        text: String,
        /// Whether it went wrong.
        failed: bool,
    },
    /// It waits for the user.
    Wait(Waiting),
}

impl Act {
    pub(super) fn failed(text: &str) -> Self {
        Self::Done {
            text: text.to_owned(),
            failed: true,
        }
    }
}

impl From<Result<String, String>> for Act {
    fn from(result: Result<String, String>) -> Self {
        let failed = result.is_err();
        match result {
            Ok(text) | Err(text) => Self::Done { text, failed },
        }
    }
}

/// What waits for the user.
pub(super) enum Waiting {
    /// Questions.
    Ask(Vec<String>),
    /// A deliverable.
    Submit(Deliverable),
}

/// What a session's tools work on.
pub(super) struct Desk {
    pub(super) brief: Arc<SessionBrief>,
    pub(super) tools: Box<dyn Tools>,
    /// The present task.
    pub(super) task: usize,
}

impl Desk {
    /// Does what a call asks for, and notes it.
    pub(super) fn act(
        &mut self,
        tool: &str,
        arguments: &Map<String, Value>,
        entries: &mut Vec<Entry>,
    ) -> Act {
        match tool {
            READ_DOCUMENT => self.read_document(arguments, entries).into(),
            ASK_USER => match questions(arguments) {
                Ok(questions) => Act::Wait(Waiting::Ask(questions)),
                Err(text) => Act::failed(&text),
            },
            SUBMIT => match self.deliverable(arguments) {
                Ok(deliverable) => Act::Wait(Waiting::Submit(deliverable)),
                Err(text) => Act::failed(&text),
            },
            tool => self.call(tool, arguments, entries).into(),
        }
    }

    fn read_document(
        &self,
        arguments: &Map<String, Value>,
        entries: &mut Vec<Entry>,
    ) -> Result<String, String> {
        let name = string(arguments, "name")?;
        let documents = &self.brief.documents;
        let Some(document) = documents.iter().find(|document| document.name == name) else {
            let names: Vec<&str> = documents
                .iter()
                .map(|document| document.name.as_str())
                .collect();
            return Err(if names.is_empty() {
                format!("no document `{name}`: this session has none")
            } else {
                format!("no document `{name}`; there are: {}", names.join(", "))
            });
        };
        entries.push(Entry::Read(document.name.clone()));
        Ok(document.text.text().to_owned())
    }

    fn deliverable(&self, arguments: &Map<String, Value>) -> Result<Deliverable, String> {
        let form = &self.brief.tasks[self.task].form;
        let given = match arguments.get("fields") {
            Some(Value::Object(fields)) => fields.clone(),
            None | Some(Value::Null) => Map::new(),
            Some(_) => return Err("`fields` is no object of names and values".to_owned()),
        };
        let known = || {
            form.fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect::<Vec<_>>()
        };
        if let Some(unknown) = given.keys().find(|name| !known().contains(&name.as_str())) {
            return Err(format!(
                "no field `{unknown}` in this task; there are: {}",
                known().join(", ")
            ));
        }
        let fields = form
            .fields()
            .iter()
            .filter_map(|field| {
                let value = plain(given.get(field.name().as_str())?)?;
                Some((field.name().clone(), value))
            })
            .collect();
        let body = arguments.get("body").and_then(plain).unwrap_or_default();
        Ok(Deliverable { fields, body })
    }

    fn call(
        &mut self,
        tool: &str,
        arguments: &Map<String, Value>,
        entries: &mut Vec<Entry>,
    ) -> Result<String, String> {
        let options: Vec<(String, String)> = arguments
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), plain(value)?)))
            .collect();
        let answer = if self.brief.tools.iter().any(|known| known.name == tool) {
            self.tools.call(tool, &options)
        } else {
            let mut names = vec![READ_DOCUMENT, ASK_USER, SUBMIT];
            names.extend(self.brief.tools.iter().map(|known| known.name.as_str()));
            Err(format!("no tool `{tool}`; there are: {}", names.join(", ")))
        };
        note(tool, options, &answer, entries);
        answer
    }
}

/// Notes a call of a tool of the deployment, or of one that there is not.
pub(super) fn note(
    tool: &str,
    options: Vec<(String, String)>,
    answer: &Result<String, String>,
    entries: &mut Vec<Entry>,
) {
    let (Ok(text) | Err(text)) = answer;
    entries.push(Entry::Call {
        tool: tool.to_owned(),
        options,
        worked: answer.is_ok(),
        answer: text.clone(),
    });
}

pub(super) fn string<'a>(arguments: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    arguments
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("`{name}` is missing, or no text"))
}

fn questions(arguments: &Map<String, Value>) -> Result<Vec<String>, String> {
    let questions: Vec<String> = match arguments.get("questions") {
        Some(Value::Array(questions)) => questions.iter().filter_map(plain).collect(),
        Some(Value::String(question)) => vec![question.clone()],
        Some(_) | None => Vec::new(),
    };
    let questions: Vec<String> = questions
        .into_iter()
        .filter(|question| !question.trim().is_empty())
        .collect();
    if questions.is_empty() {
        Err("`questions` has no question".to_owned())
    } else {
        Ok(questions)
    }
}

/// A value as a person would write it; nothing for `null`.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
    }
}

//! What a program may use in a session: documents, memory, tools, and how much of each.
//!
//! Whatever cannot be done comes back as words for the program; it is no failure.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::wire::{Call, Note, Submission};
use crate::{
    agent::{MemoryAccess, Opening, Tools},
    brief::{Deliverable, SessionBrief},
    experiment::Limits,
    text::estimate_tokens,
    transcript::Entry,
};

/// What came of a step, in words; the error is what could not be done.
pub(super) type Outcome = Result<String, String>;

/// The things of a session and what was used of them.
pub(super) struct Given {
    pub(super) brief: Arc<SessionBrief>,
    memory: Option<MemoryAccess>,
    tools: Box<dyn Tools>,
    limits: Limits,
    /// The task at hand, by its number.
    task: Option<usize>,
    /// Tokens of memory that were read for the task.
    recalled: u64,
    /// Calls of each tool that failed since the user last spoke.
    failed: BTreeMap<String, u32>,
    notes: Vec<(String, String)>,
}

impl Given {
    pub(super) fn new(opening: Opening, limits: Limits) -> Self {
        Self {
            brief: opening.brief,
            memory: opening.memory,
            tools: opening.tools,
            limits,
            task: None,
            recalled: 0,
            failed: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    /// A task begins.
    pub(super) fn begin(&mut self, task: usize) {
        self.task = Some(task);
    }

    /// The task is over. What is read of memory from here on counts for the next.
    pub(super) fn over(&mut self) {
        self.task = None;
        self.recalled = 0;
    }

    /// The user spoke, and may have shown another way to call a tool.
    pub(super) fn heard(&mut self) {
        self.failed.clear();
    }

    /// What was written to memory, in order, each path once.
    pub(super) fn into_notes(self) -> Vec<(String, String)> {
        self.notes
    }

    pub(super) fn read_document(&self, name: &str, entries: &mut Vec<Entry>) -> Outcome {
        let documents = &self.brief.documents;
        let Some(document) = documents.iter().find(|document| document.name == name) else {
            let names: Vec<&str> = documents
                .iter()
                .map(|document| document.name.as_str())
                .collect();
            return Err(format!(
                "there is no document `{name}`; there are: {}",
                names.join(", ")
            ));
        };
        entries.push(Entry::Read(document.name.clone()));
        Ok(document.text.text().to_owned())
    }

    pub(super) fn list_memory(&mut self, entries: &mut Vec<Entry>) -> Outcome {
        let memory = self.memory.as_ref().ok_or_else(no_memory)?;
        let paths: Vec<&str> = memory.store.entries().map(|(path, _)| path).collect();
        let text = paths.join("\n");
        self.recall(&text, entries)
    }

    pub(super) fn read_memory(&mut self, path: &str, entries: &mut Vec<Entry>) -> Outcome {
        let memory = self.memory.as_ref().ok_or_else(no_memory)?;
        let Some(entry) = memory.store.get(path) else {
            return Err(format!("there is no memory entry `{path}`"));
        };
        let text = entry.content().to_owned();
        self.recall(&text, entries)
    }

    /// As many whole lines of what stands in memory as may still be read for the task.
    fn recall(&mut self, text: &str, entries: &mut Vec<Entry>) -> Outcome {
        let left = self.limits.memory_tokens.saturating_sub(self.recalled);
        let mut end = 0;
        for line in text.split_inclusive('\n') {
            if estimate_tokens(&text[..end + line.len()]) > left {
                break;
            }
            end += line.len();
        }
        if end == 0 && !text.is_empty() {
            return Err(format!(
                "{} tokens of memory may be read for a task, and {} were",
                self.limits.memory_tokens, self.recalled
            ));
        }
        let tokens = estimate_tokens(&text[..end]);
        self.recalled += tokens;
        entries.push(Entry::Recall(tokens));
        Ok(text[..end].to_owned())
    }

    pub(super) fn write_memory(&mut self, note: Note) -> Outcome {
        let memory = self.memory.as_mut().ok_or_else(no_memory)?;
        if !memory.writable {
            return Err("this memory cannot be written".to_owned());
        }
        let Note { path, content } = note;
        memory
            .store
            .write(&path, content.clone())
            .map_err(|error| error.to_string())?;
        self.notes.retain(|(other, _)| *other != path);
        self.notes.push((path, content));
        Ok("written".to_owned())
    }

    pub(super) fn call(&mut self, call: Call, entries: &mut Vec<Entry>) -> Outcome {
        if self.task.is_none() {
            return Err("tools can be called for a task, and none is at hand".to_owned());
        }
        let Call { tool, options } = call;
        let options = texts(options, "option")?;
        let attempts = self.limits.tool_attempts;
        if self
            .failed
            .get(&tool)
            .is_some_and(|failed| *failed >= attempts)
        {
            return Err(format!(
                "`{tool}` failed {attempts} times, and is not called again before the user speaks"
            ));
        }
        let outcome = self.tools.call(&tool, &options);
        let (worked, answer) = match &outcome {
            Ok(answer) => (true, answer.clone()),
            Err(error) => (false, error.clone()),
        };
        if !worked {
            *self.failed.entry(tool.clone()).or_default() += 1;
        }
        entries.push(Entry::Call {
            tool,
            options,
            worked,
            answer,
        });
        outcome
    }

    /// Whether these questions may be asked.
    pub(super) fn may_ask(&self, questions: &[String]) -> Result<(), String> {
        let most = self.limits.questions_per_message;
        if questions.is_empty() || questions.iter().any(|question| question.trim().is_empty()) {
            return Err("a message must have questions, and each must have words".to_owned());
        }
        if questions.len() > most as usize {
            return Err(format!(
                "a message may have {most} questions, and this has {}",
                questions.len()
            ));
        }
        Ok(())
    }

    /// What is handed in, in the order of the task's form. `null` and absent fields are not filled.
    pub(super) fn deliverable(&self, submission: Submission) -> Result<Deliverable, String> {
        let Some(task) = self.task.and_then(|number| self.brief.tasks.get(number)) else {
            return Err("no task is at hand".to_owned());
        };
        let Submission { mut fields, body } = submission;
        fields.retain(|_, value| !value.is_null());
        let mut given: BTreeMap<String, String> = texts(fields, "field")?.into_iter().collect();
        let fields = task
            .form
            .fields()
            .iter()
            .filter_map(|field| {
                let value = given.remove(field.name().as_str())?;
                Some((field.name().clone(), value))
            })
            .collect();
        match given.keys().next() {
            Some(name) => Err(format!(
                "the form of this task has no field `{name}`; it has: {}",
                names(task)
            )),
            None => Ok(Deliverable { fields, body }),
        }
    }
}

fn names(task: &crate::brief::TaskBrief) -> String {
    task.form
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn no_memory() -> String {
    "there is no memory".to_owned()
}

/// Names and values that must all be texts, in order.
fn texts(map: Map<String, Value>, what: &str) -> Result<Vec<(String, String)>, String> {
    map.into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => Err(format!(
                "the value of the {what} `{name}` must be a JSON string"
            )),
        })
        .collect()
}

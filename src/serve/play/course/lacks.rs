//! What history has of the agent's doings, and what it lacks, which is emitted.

use serde_json::{Value, json};

use super::{
    super::{Emission, Evaluation, FileUse, history::Call},
    Course, Halt,
};
use crate::{
    agent::Turn,
    managed::tools::READ_DOCUMENT,
    transcript::{Entry, Failure},
};

/// What is said of something in a history that the agent does not do there, and why that can be: nothing
/// else that it works by ever changes.
const ELSEWHERE: &str = "of the session's history is none that the embedded agent makes there: the session's memory was redacted, or another version of dreamtrial played it";

impl Course<'_> {
    /// Checks that history has the documents that a turn read. What it lacks is asked for all at once.
    pub(super) fn has_read(&mut self, turn: &Turn) -> Result<(), Halt> {
        let mut waiting = Vec::new();
        let mut whole = true;
        for entry in &turn.entries {
            let Entry::Read(name) = entry else {
                continue;
            };
            match self.stretch.reads.pop_front() {
                None => {
                    whole = false;
                    self.emissions.push(Emission::Call {
                        name: READ_DOCUMENT.to_owned(),
                        input: json!({"name": name}),
                    });
                }
                Some(call) if call.input["name"] != name.as_str() => {
                    return Err(other(&call.id).into());
                }
                Some(call) if call.result.is_none() => {
                    whole = false;
                    waiting.push(call.id);
                }
                Some(_) => {}
            }
        }
        if whole {
            Ok(())
        } else {
            Err(Halt::Waits(waiting))
        }
    }

    /// The answer to a call that history has or lacks, and whether it went wrong.
    pub(super) fn answered(
        &mut self,
        made: Option<Call>,
        name: &str,
        input: Value,
    ) -> Result<(String, bool), Halt> {
        match made {
            None => {
                self.emissions.push(Emission::Call {
                    name: name.to_owned(),
                    input,
                });
                Err(Halt::Waits(Vec::new()))
            }
            Some(call) if call.input != input => Err(other(&call.id).into()),
            Some(call) => call.result.ok_or_else(|| Halt::Waits(vec![call.id])),
        }
    }

    /// Keeps what was said and done. What history does not have yet has not happened.
    pub(super) fn note(&mut self, entries: impl IntoIterator<Item = Entry>) {
        if self.emissions.is_empty() {
            self.entries.extend(entries);
        }
    }

    pub(super) fn message(&mut self, text: &str) {
        if let Some(rest) = self.stretch.messages.checked_sub(1) {
            self.stretch.messages = rest;
        } else {
            self.emissions.push(Emission::Said(text.to_owned()));
        }
    }

    /// Uses a file; whether that went well, as far as is known.
    pub(super) fn file(&mut self, file: FileUse) -> Result<bool, Failure> {
        match self.stretch.files.pop_front() {
            None => {
                self.emissions.push(Emission::File(file));
                Ok(true)
            }
            Some(used) if used.name == file.name && used.path == file.path() => Ok(!used.failed),
            Some(used) => Err(Failure::Backend(format!(
                "the use of `{}` on `{}` {ELSEWHERE}",
                used.name, used.path
            ))),
        }
    }

    pub(super) fn evaluation(&mut self, evaluate: impl FnOnce() -> Evaluation) -> Evaluation {
        self.stretch.evaluations.pop_front().unwrap_or_else(|| {
            let evaluation = evaluate();
            self.emissions
                .push(Emission::Evaluation(evaluation.clone()));
            evaluation
        })
    }
}

/// A call that stands where the agent makes another.
pub(super) fn other(call: &str) -> Failure {
    Failure::Backend(format!("the call `{call}` {ELSEWHERE}"))
}

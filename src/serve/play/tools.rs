//! The tools of the deployment as a history has them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value, json};

use super::history::Call;
use crate::agent::Tools;

/// What history does not have.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Missing {
    /// A call of this tool with these arguments.
    Call(String, Value),
    /// The answer to the call with this id.
    Answer(String),
    /// Another call stands where this one should.
    Other(String),
}

#[derive(Debug)]
struct State {
    calls: VecDeque<Call>,
    missing: Option<Missing>,
}

/// Tools that answer from a history.
#[derive(Debug, Clone)]
pub(super) struct Remembered(Arc<Mutex<State>>);

impl Remembered {
    pub(super) fn new(calls: VecDeque<Call>) -> Self {
        Self(Arc::new(Mutex::new(State {
            calls,
            missing: None,
        })))
    }

    /// The first thing that was asked for and is not there.
    pub(super) fn missing(&self) -> Option<Missing> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .missing
            .clone()
    }
}

impl Tools for Remembered {
    fn call(&mut self, tool: &str, options: &[(String, String)]) -> Result<String, String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.missing.is_none() {
            let input: Map<String, Value> = options
                .iter()
                .map(|(name, value)| (name.clone(), json!(value)))
                .collect();
            let input = Value::Object(input);
            state.missing = Some(match state.calls.pop_front() {
                None => Missing::Call(tool.to_owned(), input),
                Some(made) if made.name != tool || made.input != input => Missing::Other(made.id),
                Some(made) => match made.result {
                    Some((text, failed)) => return if failed { Err(text) } else { Ok(text) },
                    None => Missing::Answer(made.id),
                },
            });
        }
        // The replay stops here; what the agent makes of this is thrown away.
        Err("not answered".to_owned())
    }
}

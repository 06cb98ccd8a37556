//! A stretch of a session's history, sorted by what the replay asks it for.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::{Evaluation, Event, Outcome};
use crate::{
    managed::{
        heard::{Heard, heard},
        tools::{ASK_USER, READ_DOCUMENT, SUBMIT},
    },
    quantity::Milliseconds,
    transcript::Usage,
};

/// A use of a custom tool.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) input: Value,
    /// The answer and whether it went wrong, once there is one.
    pub(super) result: Option<(String, bool)>,
}

/// A use of a file.
#[derive(Debug, Clone)]
pub(super) struct Used {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) failed: bool,
}

/// One thing that the user said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) heard: Heard,
    /// The outcome that it was said with.
    pub(super) outcome: Option<Outcome>,
}

/// What history has, each kind in order.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    pub(super) said: VecDeque<Said>,
    pub(super) reads: VecDeque<Call>,
    pub(super) questions: VecDeque<Call>,
    pub(super) submissions: VecDeque<Call>,
    pub(super) calls: VecDeque<Call>,
    /// How many messages the agent wrote.
    pub(super) messages: usize,
    pub(super) files: VecDeque<Used>,
    pub(super) evaluations: VecDeque<Evaluation>,
}

impl Stretch {
    /// Sorts events.
    pub(super) fn of(history: &[Event]) -> Self {
        let mut results: BTreeMap<&str, (&str, bool)> = BTreeMap::new();
        for event in history {
            if let Event::Result { call, text, failed } = event {
                // The first answer counts.
                results.entry(call).or_insert((text, *failed));
            }
        }
        let mut stretch = Self::default();
        for event in history {
            match event {
                Event::Message(text) => stretch.hear(text, None),
                Event::Outcome(outcome) => stretch.hear(&outcome.description, Some(outcome)),
                Event::Said(_) => stretch.messages += 1,
                Event::File { name, path, failed } => stretch.files.push_back(Used {
                    name: name.clone(),
                    path: path.clone(),
                    failed: *failed,
                }),
                Event::Evaluation(evaluation) => stretch.evaluations.push_back(evaluation.clone()),
                Event::Call { id, name, input } => {
                    let calls = match name.as_str() {
                        READ_DOCUMENT => &mut stretch.reads,
                        ASK_USER => &mut stretch.questions,
                        SUBMIT => &mut stretch.submissions,
                        _ => &mut stretch.calls,
                    };
                    calls.push_back(Call {
                        id: id.clone(),
                        name: name.clone(),
                        input: input.clone(),
                        result: results
                            .get(id.as_str())
                            .map(|(text, failed)| ((*text).to_owned(), *failed)),
                    });
                }
                Event::Interrupt | Event::Result { .. } | Event::Request { .. } => {}
            }
        }
        stretch
    }

    fn hear(&mut self, text: &str, outcome: Option<&Outcome>) {
        let mut said = heard(text);
        let last = said.pop();
        self.said.extend(said.into_iter().map(|heard| Said {
            heard,
            outcome: None,
        }));
        self.said.extend(last.map(|heard| Said {
            heard,
            outcome: outcome.cloned(),
        }));
    }
}

/// Tokens and time of the model requests in a history.
pub(super) fn booked(history: &[Event]) -> (Usage, Milliseconds) {
    let mut sums = (Usage::default(), Milliseconds::default());
    for event in history {
        if let Event::Request { usage, active } = event {
            sums.0 += *usage;
            sums.1 += *active;
        }
    }
    sums
}

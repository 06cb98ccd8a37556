//! What was said and done in a session, in terms that no provider owns.
//!
//! A transcript is what a dream reads and what the record keeps. It is text: no id of a fact, no truth,
//! no arm stands in it.

use std::{
    collections::BTreeMap,
    ops::{Add, AddAssign, Sub},
    pin::Pin,
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    brief::{Deliverable, SessionBrief},
    quantity::Tokens,
};

/// Tokens by the class they are billed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Input that was neither read from a cache nor written to one.
    pub uncached_input: Tokens,
    /// Input written to a cache that lives five minutes.
    pub cache_write: Tokens,
    /// Input read from a cache.
    pub cache_read: Tokens,
    /// Output.
    pub output: Tokens,
}

impl Usage {
    /// All tokens, whatever their class.
    pub fn total(&self) -> Tokens {
        self.uncached_input + self.cache_write + self.cache_read + self.output
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            uncached_input: self.uncached_input + other.uncached_input,
            cache_write: self.cache_write + other.cache_write,
            cache_read: self.cache_read + other.cache_read,
            output: self.output + other.output,
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// What one usage has beyond another, class by class; nothing where it has less.
impl Sub for Usage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            uncached_input: self.uncached_input - other.uncached_input,
            cache_write: self.cache_write - other.cache_write,
            cache_read: self.cache_read - other.cache_read,
            output: self.output - other.output,
        }
    }
}

/// Whose part in a trial it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The agent under trial.
    Agent,
    /// The dreamer.
    Dreamer,
    /// The grader that asks for revision within a session.
    InSessionGrader,
    /// The grader whose verdict counts.
    FinalGrader,
    /// A model that plays the user.
    User,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Agent,
        Self::Dreamer,
        Self::InSessionGrader,
        Self::FinalGrader,
        Self::User,
    ];

    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Dreamer => "dreamer",
            Self::InSessionGrader => "in_session_grader",
            Self::FinalGrader => "final_grader",
            Self::User => "user",
        }
    }
}

/// One thing that was said or done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The user gave the task of this number (its words are in the brief).
    Task(usize),
    /// The agent looked into its memory and was given this many tokens of it.
    Recall(u64),
    /// The agent read the document of this name.
    Read(String),
    /// The agent called a tool.
    Call {
        /// The tool.
        tool: String,
        /// The options it was called with.
        options: Vec<(String, String)>,
        /// Whether it worked.
        worked: bool,
        /// What it answered.
        answer: String,
    },
    /// The agent asked; one message.
    Question(Vec<String>),
    /// The user answered.
    Answer(String),
    /// The agent handed in.
    Submission(Deliverable),
    /// The in-session grader asked for a revision.
    Finding(String),
    /// The user named what is wrong.
    Correction(String),
    /// The user took the deliverable.
    Accepted,
    /// The user lost patience.
    GivenUp,
    /// The agent could not go on with the task, and why.
    Stopped(String),
    /// The agent wrote to its memory.
    Note {
        /// The path of the entry.
        path: String,
        /// Its content.
        text: String,
    },
}

/// One session as it went.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// The number of the session in its scenario, from 1.
    pub session: u32,
    /// What the agent was given.
    pub brief: Arc<SessionBrief>,
    /// What followed, in order.
    pub entries: Vec<Entry>,
}

impl Transcript {
    /// How long the transcript is as a reader would get it, in bytes.
    pub fn len_bytes(&self) -> usize {
        let brief = &self.brief;
        let given: usize = brief.header().len()
            + brief
                .tasks
                .iter()
                .map(|task| task.text.text().len() + task.asides.text().len())
                .sum::<usize>();
        given
            + self
                .entries
                .iter()
                .map(|entry| self.entry_bytes(entry))
                .sum::<usize>()
    }

    fn entry_bytes(&self, entry: &Entry) -> usize {
        match entry {
            Entry::Task(_) | Entry::Recall(_) | Entry::Accepted | Entry::GivenUp => 16,
            Entry::Read(name) => self
                .brief
                .documents
                .iter()
                .find(|document| document.name == *name)
                .map_or(0, |document| document.text.text().len()),
            Entry::Call {
                tool,
                options,
                answer,
                ..
            } => {
                tool.len()
                    + answer.len()
                    + options
                        .iter()
                        .map(|(name, value)| name.len() + value.len() + 4)
                        .sum::<usize>()
            }
            Entry::Question(questions) => questions.iter().map(|question| question.len() + 1).sum(),
            Entry::Answer(text)
            | Entry::Finding(text)
            | Entry::Correction(text)
            | Entry::Stopped(text) => text.len(),
            Entry::Submission(deliverable) => {
                deliverable.body.len()
                    + deliverable
                        .fields
                        .iter()
                        .map(|(name, value)| name.as_str().len() + value.len() + 4)
                        .sum::<usize>()
            }
            Entry::Note { path, text } => path.len() + text.len(),
        }
    }
}

/// Why a backend could not do its part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Failure {
    /// What an agent or a dreamer wrote breaks a limit of the memory store.
    #[error("{0}")]
    Memory(String),
    /// A part of this program broke off; a defect.
    #[error("internal failure: {0}")]
    Internal(String),
    /// A service or a program could not do its part, after every attempt that was allowed.
    #[error("{0}")]
    Backend(String),
    /// A service refuses the key, the model or the address as such: no later call can do better.
    #[error("{0}")]
    Refused(String),
    /// The trial's cap on money or tokens does not allow another call.
    #[error("{0}")]
    TrialBudget(String),
    /// The run's cap on money or tokens does not allow another call.
    #[error("{0}")]
    RunBudget(String),
    /// A recorded run has no such call.
    #[error("{0}")]
    Replay(String),
}

/// A result that is being worked on.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What was handed in last for each task of a session, by the task's number in it, from 0.
pub fn submissions(entries: &[Entry]) -> BTreeMap<usize, &Deliverable> {
    let mut last = BTreeMap::new();
    let mut task = 0;
    for entry in entries {
        match entry {
            Entry::Task(number) => task = *number,
            Entry::Submission(deliverable) => {
                last.insert(task, deliverable);
            }
            Entry::Recall(_)
            | Entry::Read(_)
            | Entry::Call { .. }
            | Entry::Question(_)
            | Entry::Answer(_)
            | Entry::Finding(_)
            | Entry::Correction(_)
            | Entry::Accepted
            | Entry::GivenUp
            | Entry::Stopped(_)
            | Entry::Note { .. } => {}
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_tasks_deliverables_counts() {
        let hand_in = |body: &str| {
            Entry::Submission(Deliverable {
                fields: Vec::new(),
                body: body.to_owned(),
            })
        };
        let entries = || {
            vec![
                Entry::Task(0),
                hand_in("a"),
                Entry::Correction("no".to_owned()),
                hand_in("b"),
                Entry::Accepted,
                Entry::Task(1),
                hand_in("c"),
            ]
        };
        assert_eq!(submissions(&entries())[&0].body, "b");
        assert_eq!(submissions(&entries())[&1].body, "c");
        assert!(!submissions(&entries()).contains_key(&2));
    }
}

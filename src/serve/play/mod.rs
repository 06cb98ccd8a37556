//! The embedded agent, grader and dreamer behind the API: what they do next, given what there was.
//!
//! A session's state is its events. [`next()`] replays the reference agent from the start with what the
//! history has; the first thing that history lacks (a document, a tool's answer, a question, a
//! submission, a verdict) is what the agent does next. Nothing here waits, sends or stores, and nothing
//! is kept between two calls, so a process that was killed loses nothing. What always holds: the same
//! history gives the same next things, and what a session did is what the same session does when it is
//! run without a service.
//!
//! An interrupt ends what is under way. The agent then starts afresh with the session's head, its
//! documents and its memory, and without what it was told since; an interrupt of an agent that waits for
//! nothing changes nothing. Tokens and time of a turn are booked when it ends in a question or a
//! submission: a turn that waits for documents or tools has cost nothing yet.

mod course;
mod documents;
mod dream;
mod grading;
mod history;
mod memory;
mod replay;
mod tools;
mod transcript;

use std::sync::Arc;

use serde_json::Value;

use crate::{
    agent::MemoryAccess,
    brief::ToolDeclaration,
    experiment::{Limits, Reference},
    quantity::{Milliseconds, Seed},
    transcript::{Failure, Usage},
};

pub use dream::{PastSession, dream};
pub use transcript::transcript;

/// Memory as a session finds it.
#[derive(Debug, Clone)]
pub struct Mount {
    /// The folder that it is mounted at: `/mnt/memory/northwind`.
    pub path: String,
    /// The store at the start of the session, and whether it may be written.
    pub access: MemoryAccess,
}

/// What a session's agent is, besides its history.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its memory; `None`: it has none.
    pub memory: Option<Mount>,
    /// The tools of the deployment, as [`crate::managed::tools::deployment`] reads them.
    pub tools: Arc<[ToolDeclaration]>,
    /// The seed of its draws.
    pub seed: Seed,
    /// The limits of the embedded agent.
    pub limits: Limits,
    /// The speeds and habits of the embedded agent.
    pub habits: Reference,
}

/// An outcome that the user defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What is wanted.
    pub description: String,
    /// The rubric, in Markdown.
    pub rubric: String,
    /// How many evaluations there may be, 1 or more.
    pub max_iterations: u32,
}

/// How an evaluation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every required criterion is met.
    Satisfied,
    /// The agent is asked to revise.
    NeedsRevision,
    /// It would be asked to, but has been as often as it may be.
    MaxIterationsReached,
    /// The rubric or the description is nothing that the embedded parts can work by.
    Failed,
    /// The user interrupted.
    Interrupted,
}

impl Verdict {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::NeedsRevision => "needs_revision",
            Self::MaxIterationsReached => "max_iterations_reached",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One evaluation of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Its number, from 0.
    pub iteration: u32,
    /// How it ended.
    pub verdict: Verdict,
    /// Why, in words.
    pub explanation: String,
    /// Tokens of the grader. They are not among the agent's.
    pub usage: Usage,
}

/// A use of the service's tools for files on the memory, with its result.
#[derive(Debug, Clone, PartialEq)]
pub struct FileUse {
    /// The tool: `glob`, `read` or `write`.
    pub name: &'static str,
    /// Its arguments.
    pub input: Value,
    /// What it gave.
    pub text: String,
}

impl FileUse {
    /// The file that is used, or the folder that is listed.
    pub fn path(&self) -> &str {
        used_path(&self.input)
    }
}

/// What arguments of a tool for files name.
pub(in crate::serve) fn used_path(input: &Value) -> &str {
    let path = input.get("file_path").or_else(|| input.get("path"));
    path.and_then(Value::as_str).unwrap_or_default()
}

/// One event of a session's history, as far as the embedded parts need it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The user wrote.
    Message(String),
    /// The user defined an outcome.
    Outcome(Outcome),
    /// The user interrupted.
    Interrupt,
    /// A custom tool was answered.
    Result {
        /// The id of the event of its use.
        call: String,
        /// The answer.
        text: String,
        /// Whether it went wrong.
        failed: bool,
    },
    /// A model request ended.
    Request {
        /// Its tokens.
        usage: Usage,
        /// The time in which the agent worked.
        active: Milliseconds,
    },
    /// The agent wrote.
    Said(String),
    /// The agent used a file of its memory.
    File {
        /// The tool.
        name: String,
        /// The file, or the folder that was listed.
        path: String,
        /// Whether it went wrong.
        failed: bool,
    },
    /// The agent used a custom tool.
    Call {
        /// The id of this event.
        id: String,
        /// The tool.
        name: String,
        /// Its arguments.
        input: Value,
    },
    /// An outcome was evaluated.
    Evaluation(Evaluation),
}

/// One thing that the agent or the grader does. Ids are the server's to give.
#[derive(Debug, Clone, PartialEq)]
pub enum Emission {
    /// A model request, with tokens and time.
    Request {
        /// Its tokens.
        usage: Usage,
        /// The time in which the agent worked.
        active: Milliseconds,
    },
    /// A message of the agent.
    Said(String),
    /// A use of a file of the memory. A `write` is the server's to carry out.
    File(FileUse),
    /// A use of a custom tool; it waits for the client.
    Call {
        /// The tool.
        name: String,
        /// Its arguments.
        input: Value,
    },
    /// An evaluation of the outcome.
    Evaluation(Evaluation),
}

/// Why a session is idle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Nothing is left to do.
    EndTurn,
    /// Custom tools wait for answers: those of these events, and those emitted now.
    RequiresAction(Vec<String>),
}

/// What the agent does until it is idle.
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    /// What to add to the history, in order and all at once. A model request stands before what the agent
    /// does, behind the evaluation that it follows.
    pub emissions: Vec<Emission>,
    /// Why the session is idle then.
    pub stop: Stop,
    /// Tokens of the whole session up to then, the grader's aside.
    pub usage: Usage,
    /// Time in which the agent worked, in the whole session up to then.
    pub active: Milliseconds,
}

/// What comes next in a session. The error says that the history is none of this setting: it has calls
/// and uses of files that this agent does not make.
pub fn next(setting: &Setting, history: &[Event]) -> Result<Next, Failure> {
    let replayed = replay::replay(setting, history)?;
    let mut emissions = replayed.emissions;
    let acts = emissions
        .iter()
        .position(|emission| !matches!(emission, Emission::Evaluation(_)));
    if let Some(first) = acts {
        let (usage, active) = history::booked(history);
        let request = Emission::Request {
            usage: replayed.usage - usage,
            active: replayed.active - active,
        };
        emissions.insert(first, request);
    }
    Ok(Next {
        emissions,
        stop: match replayed.standing {
            replay::Standing::Idle => Stop::EndTurn,
            replay::Standing::Waiting(calls) => Stop::RequiresAction(calls),
        },
        usage: replayed.usage,
        active: replayed.active,
    })
}

#[cfg(test)]
mod tests;

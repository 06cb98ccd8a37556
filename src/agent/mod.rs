//! One session with an agent: the trait that every backend shares, and the embedded reference agent.
//!
//! An agent is opened on a [`SessionBrief`], told what the user says, and closed. It sees the brief, the
//! text of its memory and what tools answer; it never sees a fact's id, a truth, an arm or a rubric,
//! because none of the types here has room for them.

pub mod chat;
mod desk;
mod instructions;
pub mod managed;
pub mod process;
pub mod reference;

use std::sync::Arc;

use crate::{
    brief::{Deliverable, SessionBrief},
    memory::Store,
    quantity::{Milliseconds, Seed},
    transcript::{Entry, Failure, Pending, Usage},
};

/// What the tools of a deployment answer.
pub trait Tools: Send {
    /// Calls a tool with options; the error is what the tool says when it fails.
    fn call(&mut self, tool: &str, options: &[(String, String)]) -> Result<String, String>;
}

/// What an agent may do with its memory.
#[derive(Debug, Clone)]
pub struct MemoryAccess {
    /// What it finds.
    pub store: Store,
    /// Whether it may write.
    pub writable: bool,
}

/// Everything that a session is opened on.
pub struct Opening {
    /// What the agent is given.
    pub brief: Arc<SessionBrief>,
    /// Its memory; `None`: it has none.
    pub memory: Option<MemoryAccess>,
    /// The tools of the deployment.
    pub tools: Box<dyn Tools>,
    /// The seed of its draws: the same in every arm.
    pub seed: Seed,
}

/// What is said to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The task of this number in the brief.
    Task(usize),
    /// The user's answer to its questions.
    Answer(String),
    /// What the in-session grader wants revised.
    Finding(String),
    /// What the user says is wrong.
    Correction(String),
    /// The task is over; whether the deliverable was taken.
    Over(bool),
}

/// What an agent waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It asked; one message, one or more questions.
    Question(Vec<String>),
    /// It handed in.
    Submission(Deliverable),
    /// It handed in, and the service's own grader has asked for what it may ask for.
    Reviewed(Deliverable, Review),
    /// Nothing: the task is over.
    Idle,
}

/// What the service's own grader did before a deliverable went to the user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Review {
    /// How often it asked for a revision.
    pub revisions: u32,
    /// Its tokens.
    pub usage: Usage,
}

/// What the service's own grader is told of a session. An agent is not: only a service that grades by
/// itself, apart from the agent, is given it.
#[derive(Debug, Clone)]
pub struct Outcomes {
    /// The rubric of each task, in Markdown.
    pub rubrics: Vec<String>,
    /// How often it may ask for a revision.
    pub max_iterations: u32,
}

/// What an agent did until it waited.
#[derive(Debug, Clone)]
pub struct Turn {
    /// What it did, in order, without the step itself.
    pub entries: Vec<Entry>,
    /// What it waits for.
    pub step: Step,
    /// Tokens of the turn.
    pub usage: Usage,
    /// Time in which it worked.
    pub active: Milliseconds,
}

/// How a session ended for the agent.
#[derive(Debug, Clone, Default)]
pub struct SessionEnd {
    /// What it wrote to memory: paths and contents.
    pub notes: Vec<(String, String)>,
    /// Tokens of the ending.
    pub usage: Usage,
    /// Time in which it worked.
    pub active: Milliseconds,
}

/// An agent that can be given sessions.
pub trait Agent: Send + Sync {
    /// Begins a session.
    fn open(&self, opening: Opening) -> Pending<'_, Result<Box<dyn AgentSession>, Failure>>;

    /// The agent's service, if it grades deliverables by itself before the user sees them.
    fn reviewing(&self) -> Option<&dyn Reviewing> {
        None
    }
}

/// A service that grades deliverables by itself before the user sees them, apart from its agent.
pub trait Reviewing: Send + Sync {
    /// Begins a session in which every deliverable is graded first.
    fn open_reviewed(
        &self,
        opening: Opening,
        outcomes: Outcomes,
    ) -> Pending<'_, Result<Box<dyn AgentSession>, Failure>>;
}

/// A session that has begun.
pub trait AgentSession: Send {
    /// Says something to the agent and lets it work until it waits again.
    fn say(&mut self, message: Message) -> Pending<'_, Result<Turn, Failure>>;

    /// Ends the session.
    fn close(self: Box<Self>) -> Pending<'static, Result<SessionEnd, Failure>>;
}

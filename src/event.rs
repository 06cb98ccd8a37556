//! What happened in a run: the only thing that `run`, `record` and `progress` share.
//!
//! An event is complete in itself: whoever listens needs nothing else. A session's event holds all of
//! the session and of the dream after it, so that whatever keeps events keeps sessions whole.

use serde::{Deserialize, Serialize};

use crate::{
    dream::Edit,
    memory::Store,
    model::caller::{Account, Evidence},
    quantity::Milliseconds,
    rubric::Verdicts,
    transcript::{Entry, Failure, Role, Usage},
    user::Said,
};

/// One thing that happened.
#[derive(Debug)]
pub enum Event {
    /// A session is over.
    Session(Box<SessionDone>),
    /// A trial is over.
    Trial {
        /// The trial's number in the plan.
        trial: usize,
        /// How it ended.
        outcome: TrialOutcome,
        /// What was spent on a session that did not come to its end.
        lost: Option<Lost>,
    },
}

/// What was spent on a session that did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The session, from 1.
    pub session: u32,
    /// What was spent.
    pub account: Account,
    /// What a service keeps of it.
    pub evidence: Vec<Evidence>,
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialOutcome {
    /// Every session was run and every deliverable graded.
    Graded,
    /// The backend failed; sessions before that stand.
    BackendFailed(Failure),
    /// A cap on money or tokens was reached; sessions before that stand.
    BudgetReached {
        /// Which cap, and what was spent.
        reason: String,
        /// Whether it is the run's cap, so that no other trial can go on.
        of_run: bool,
    },
    /// The run was stopped; sessions before that stand.
    Canceled,
}

impl TrialOutcome {
    /// How a trial ends with this failure.
    pub fn of(failure: Failure) -> Self {
        match failure {
            Failure::TrialBudget(reason) => Self::BudgetReached {
                reason,
                of_run: false,
            },
            Failure::RunBudget(reason) => Self::BudgetReached {
                reason,
                of_run: true,
            },
            Failure::Memory(_)
            | Failure::Internal(_)
            | Failure::Backend(_)
            | Failure::Refused(_)
            | Failure::Replay(_) => Self::BackendFailed(failure),
        }
    }
}

/// A session that was run.
#[derive(Debug)]
pub struct SessionDone {
    /// The trial's number in the plan.
    pub trial: usize,
    /// The session, from 1.
    pub session: u32,
    /// What was said and done.
    pub entries: Vec<Entry>,
    /// Its tasks in order.
    pub tasks: Vec<TaskDone>,
    /// What was said or shown up to its end, in this trial.
    pub said: Said,
    /// Entries and tokens of the store that the agent found.
    pub memory: (usize, u64),
    /// Tokens of the in-session grader.
    pub in_session_grader: Usage,
    /// The dream after it, if there was one.
    pub dream: Option<DreamDone>,
    /// What live parts spent on it, its dream included.
    pub account: Account,
    /// What a service keeps of it, as it gave it.
    pub evidence: Vec<Evidence>,
    /// What of a live part's work was not taken, and why.
    pub remarks: Vec<Remark>,
}

/// Something of a live part's work that was not taken as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Whose work.
    pub role: Role,
    /// What it was, and why it was not taken.
    pub text: String,
}

/// A task that was done, or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDone {
    /// Whether the final grader was satisfied within the user's patience.
    pub completed: bool,
    /// Completed with no question and no correction.
    pub first_try: bool,
    /// Whether it needed something from an earlier session.
    pub probe: bool,
    /// Messages with questions: necessary, avoidable, repeated, unanswerable.
    pub clarifications: [u32; 4],
    /// Messages of the user that named something wrong.
    pub corrections: u32,
    /// Revisions that the in-session grader asked for.
    pub revisions: u32,
    /// Fields first handed to the user with a wrong value that was not asked about.
    pub wrong_assumptions: u32,
    /// Fields first handed to the user with a value that held before.
    pub stale_uses: u32,
    /// Fields first handed to the user with a value that holds for someone else.
    pub scope_errors: u32,
    /// Calls of tools that failed.
    pub failed_calls: u32,
    /// Tokens of the agent, with its share of the session's ending.
    pub agent: Usage,
    /// Tokens of the final grader.
    pub final_grader: Usage,
    /// Time in which the agent worked.
    pub active: Milliseconds,
    /// The verdicts on the last deliverable; `None` if none was handed in.
    pub verdicts: Option<Verdicts>,
}

/// A dream that was dreamt.
#[derive(Debug)]
pub struct DreamDone {
    /// Entries and tokens of the store before.
    pub before: (usize, u64),
    /// The store after.
    pub store: Store,
    /// What changed.
    pub edits: Vec<Edit>,
    /// Tokens of the dream.
    pub usage: Usage,
    /// Time that it took.
    pub active: Milliseconds,
}

/// What a record gives back of a session, so that a trial can go on behind it.
#[derive(Debug, Clone)]
pub struct PastSession {
    /// What was said and done.
    pub entries: Vec<Entry>,
    /// What was said or shown up to its end.
    pub said: Said,
    /// The store after the dream that followed it, if there was one.
    pub dreamed: Option<Store>,
}

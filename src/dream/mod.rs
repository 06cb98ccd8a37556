//! Dreams: a memory store and transcripts in, a new store out, with a reason for every change.
//!
//! A dream sees text only. The input store is not modified. What always holds of the output: each line
//! stems from a line of the input or an entry of a transcript, and the [`Edit`] that made it says which.

pub mod consolidate;
mod explain;
pub mod managed;
pub mod process;
pub mod prompted;

use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    experiment::Policy,
    memory::Store,
    quantity::{Milliseconds, Seed},
    transcript::{Failure, Pending, Transcript, Usage},
};

/// What a dream is made from.
#[derive(Debug, Clone, Copy)]
pub struct DreamRequest<'d> {
    /// The store as it is.
    pub store: &'d Store,
    /// The transcripts of the sessions so far, oldest first.
    pub transcripts: &'d [Arc<Transcript>],
    /// How to dream.
    pub policy: &'d Policy,
    /// The day of the dream.
    pub date: Date,
    /// The seed of its draws: the same in every arm.
    pub seed: Seed,
}

/// What was done to a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditKind {
    /// Written, from a transcript.
    Added,
    /// One statement made of several.
    Merged,
    /// A newer value put in place of an older one.
    Replaced,
    /// A rule or playbook drawn from cases.
    Promoted,
    /// Taken out.
    Removed,
}

impl EditKind {
    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Merged => "merged",
            Self::Replaced => "replaced",
            Self::Promoted => "promoted",
            Self::Removed => "removed",
        }
    }
}

/// Where a statement is from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A line of an entry of the input store.
    Memory {
        /// The entry.
        path: String,
        /// The line, from 1.
        line: u32,
    },
    /// An entry of a transcript.
    Session {
        /// The session, from 1.
        session: u32,
        /// The entry, from 0; the brief is entry 0.
        entry: u32,
    },
}

/// One change of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// What was done.
    pub kind: EditKind,
    /// The statement, as it stands in the output, or stood before it was removed.
    pub text: String,
    /// Why, in words.
    pub reason: String,
    /// Where it is from.
    pub sources: Vec<Source>,
}

/// A dream that was dreamt.
#[derive(Debug, Clone)]
pub struct Dream {
    /// The new store.
    pub store: Store,
    /// What changed, in order of the output, removals last.
    pub edits: Vec<Edit>,
    /// Tokens of the dream.
    pub usage: Usage,
    /// Time that it took.
    pub active: Milliseconds,
    /// Edits that were asked for and could not be made, each with the reason; the embedded dreamer has
    /// none.
    pub refused: Vec<String>,
}

/// Whoever can dream.
pub trait Dreamer: Send + Sync {
    /// Dreams once.
    fn dream<'d>(&'d self, request: DreamRequest<'d>) -> Pending<'d, Result<Dream, Failure>>;

    /// Whether it reads the sessions themselves, with everything that a service was told in them, and not
    /// only their transcripts. Whatever it must not know may then not be said in a session.
    fn reads_sessions(&self) -> bool {
        false
    }
}

//! A dream of the service, embedded.

use std::sync::Arc;

use jiff::civil::Date;

use super::{Event, Setting, transcript};
use crate::{
    dream::{Dream, DreamRequest, consolidate::Consolidator},
    experiment::Reference,
    managed::guidance,
    memory::Store,
    quantity::Seed,
    transcript::{Failure, Transcript},
};

/// A session that a dream reads.
#[derive(Debug, Clone, Copy)]
pub struct PastSession<'p> {
    /// Its number among the sessions of its trial, from 1.
    pub number: u32,
    /// What its agent was.
    pub setting: &'p Setting,
    /// Its history.
    pub history: &'p [Event],
}

/// Dreams once: by the policy that the instructions say in words of ours, otherwise by the default one.
/// Sessions are read in the order of their numbers. The day is that of the last session's head, or
/// `today` where no session has one.
pub fn dream(
    store: &Store,
    sessions: &[PastSession<'_>],
    instructions: Option<&str>,
    today: Date,
    habits: Reference,
) -> Result<Dream, Failure> {
    let mut ordered: Vec<&PastSession<'_>> = sessions.iter().collect();
    ordered.sort_by_key(|session| session.number);
    let mut transcripts: Vec<Arc<Transcript>> = Vec::new();
    for session in ordered {
        let read = transcript(session.setting, session.number, session.history)?;
        transcripts.extend(read.map(Arc::new));
    }
    let policy = guidance::read(instructions.unwrap_or_default());
    Consolidator::new(habits).consolidate(&DreamRequest {
        store,
        transcripts: &transcripts,
        policy: &policy,
        date: transcripts.last().map_or(today, |last| last.brief.date),
        // The embedded dreamer draws nothing.
        seed: Seed(0),
    })
}

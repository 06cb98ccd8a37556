//! The replay of a whole history: stretch by stretch, where interrupts cut it.

use super::{Emission, Event, Setting, course::Course, history::Stretch};
use crate::{
    brief::SessionBrief,
    quantity::Milliseconds,
    transcript::{Entry, Failure, Usage},
};

/// What the session waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// The user's next message.
    Idle,
    /// Answers to these calls of the history, and to those that are emitted now.
    Waiting(Vec<String>),
}

/// A session as it was replayed.
#[derive(Debug)]
pub(super) struct Replayed {
    /// What history lacks.
    pub(super) emissions: Vec<Emission>,
    pub(super) standing: Standing,
    pub(super) entries: Vec<Entry>,
    /// What the agent was given; `None` before any head of a session.
    pub(super) brief: Option<SessionBrief>,
    pub(super) usage: Usage,
    pub(super) active: Milliseconds,
    /// The next evaluation of the outcome that is pursued.
    pub(super) pursued: Option<u32>,
}

/// Replays a whole history: a stretch up to each interrupt that ended something, then the rest.
pub(super) fn replay(setting: &Setting, history: &[Event]) -> Result<Replayed, Failure> {
    let mut entries = Vec::new();
    let mut sums = (Usage::default(), Milliseconds::default());
    let mut brief: Option<SessionBrief> = None;
    let mut broken_off = None;
    let mut start = 0;
    let ends = history
        .iter()
        .enumerate()
        .filter(|(_, event)| **event == Event::Interrupt)
        .map(|(at, _)| at)
        .chain([history.len()]);
    for end in ends {
        let stretch = Stretch::of(&history[start..end]);
        let mut part = Course::new(setting, brief.as_ref(), stretch)?.run(broken_off)?;
        if end < history.len() && part.standing == Standing::Idle {
            continue;
        }
        sums.0 += part.usage;
        sums.1 += part.active;
        entries.append(&mut part.entries);
        brief = part.brief;
        if end == history.len() {
            return Ok(Replayed {
                entries,
                brief,
                usage: sums.0,
                active: sums.1,
                ..part
            });
        }
        entries.push(Entry::Stopped("the user interrupted".to_owned()));
        broken_off = part.pursued;
        start = end + 1;
    }
    Err(Failure::Internal("a history has no end".to_owned()))
}

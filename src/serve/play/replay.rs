//! The replay of a whole history: stretch by stretch, where interrupts cut it.

use super::{
    Emission, Event, Setting, Verdict,
    course::Course,
    history::{Stretch, booked},
};
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
    /// Whether there is an outcome that the agent still works towards.
    pub(super) pursues: bool,
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
        entries.append(&mut part.entries);
        brief = part.brief;
        if end == history.len() {
            return Ok(Replayed {
                entries,
                brief,
                usage: sums.0 + part.usage,
                active: sums.1 + part.active,
                ..part
            });
        }
        entries.push(Entry::Stopped("the user interrupted".to_owned()));
        // What the agent would have done next it has not done.
        let (usage, active) = booked(&history[start..end]);
        sums.0 += usage;
        sums.1 += active;
        broken_off = part.pursues.then(|| evaluations(&history[start..end]));
        start = end + 1;
    }
    Err(Failure::Internal("a history has no end".to_owned()))
}

/// How many evaluations the last outcome of a stretch has had.
fn evaluations(stretch: &[Event]) -> u32 {
    let mut count = 0;
    for event in stretch {
        match event {
            Event::Outcome(_) => count = 0,
            Event::Evaluation(evaluation) if evaluation.verdict != Verdict::Interrupted => {
                count += 1;
            }
            Event::Evaluation(_)
            | Event::Message(_)
            | Event::Interrupt
            | Event::Result { .. }
            | Event::Request { .. }
            | Event::Said(_)
            | Event::File { .. }
            | Event::Call { .. } => {}
        }
    }
    count
}

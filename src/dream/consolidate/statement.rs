//! A statement: one thing that memory or a transcript says, with its reach, its days and its sources.

use jiff::civil::Date;

use super::super::{EditKind, Source};
use crate::text::{Force, Sentence};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A value of a field.
    Value,
    /// A way to call a tool.
    Way,
    /// Another rule or remark with a claim beyond the case.
    Remark,
    /// Nothing that could be used again: the log, small talk.
    Chatter,
}

#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) kind: Kind,
    /// Values of attributes that it is said of, sorted.
    pub(super) scopes: Vec<String>,
    /// The case that it is said of.
    pub(super) case: Option<String>,
    pub(super) force: Force,
    /// The field, for a value.
    pub(super) field: usize,
    pub(super) value: String,
    /// What it says, without marks.
    pub(super) sentence: Sentence,
    pub(super) until: Option<Date>,
    pub(super) first: Date,
    pub(super) last: Date,
    /// In how many sessions it was seen.
    pub(super) sessions: u32,
    /// The sessions, where they are known.
    pub(super) seen_in: Vec<u32>,
    /// The attributes of the session that it is from, for patterns.
    pub(super) context: Vec<String>,
    pub(super) sources: Vec<Source>,
    /// What was done to it, and why; `None`: it stands as it stood.
    pub(super) change: Option<(EditKind, String)>,
    /// Whether it was said in so many words, and not merely used again.
    pub(super) stated: bool,
}

impl Statement {
    /// The careless policy: everything is said of everybody, for ever.
    pub(super) fn forget_scope(&mut self) {
        self.scopes.clear();
        self.case = None;
        self.until = None;
        self.force = Force::Standing;
        self.context.clear();
    }

    /// Takes in another statement that says the same.
    pub(super) fn absorb(&mut self, other: Self) {
        // Notes do not say of which session they are; those of days apart are of sessions apart.
        let apart = other.last < self.first || other.first > self.last;
        let notes = self.seen_in.is_empty() && other.seen_in.is_empty() && apart;
        let sum = if notes {
            self.sessions + other.sessions
        } else {
            self.sessions.max(other.sessions)
        };
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        // A note in the store does not know its session's attributes; a transcript does.
        if self.seen_in.is_empty() {
            self.context.clone_from(&other.context);
        } else if !other.seen_in.is_empty() {
            self.context.retain(|value| other.context.contains(value));
        }
        for session in other.seen_in {
            if !self.seen_in.contains(&session) {
                self.seen_in.push(session);
            }
        }
        let known = u32::try_from(self.seen_in.len()).unwrap_or(u32::MAX);
        self.sessions = sum.max(known).max(1 + u32::from(self.first < self.last));
        self.sources.extend(other.sources);
        self.stated |= other.stated;
    }

    /// The line of the store without its mark.
    pub(super) fn text(&self, phrase: impl Fn(usize, &str) -> String) -> String {
        match self.kind {
            Kind::Value
                if self.change.is_some() && self.until.is_none() && self.force != Force::OneOff =>
            {
                phrase(self.field, &self.value)
            }
            Kind::Value | Kind::Way | Kind::Remark | Kind::Chatter => {
                self.sentence.text().to_owned()
            }
        }
    }
}

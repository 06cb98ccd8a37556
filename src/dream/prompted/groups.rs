//! What of the store fits a call: groups of entries by path, and parts of an entry that does not fit.

use std::collections::{BTreeSet, VecDeque};

use super::draft::Draft;
use crate::text::estimate_tokens;

/// What a mark and its number take, in tokens.
const MARK: u64 = 2;

/// Entries, or a part of one: the numbers of their lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    entries: Vec<Vec<usize>>,
    tokens: u64,
}

impl Group {
    /// The numbers of its lines.
    pub(super) fn lines(&self) -> BTreeSet<usize> {
        self.entries.iter().flatten().copied().collect()
    }

    /// Two groups in its place, or itself if it is one line.
    pub(super) fn split(mut self) -> Vec<Self> {
        let entries = if self.entries.len() > 1 {
            self.entries.split_off(self.entries.len() / 2)
        } else {
            match self.entries.first_mut() {
                Some(lines) if lines.len() > 1 => vec![lines.split_off(lines.len() / 2)],
                Some(_) | None => return vec![self],
            }
        };
        self.tokens /= 2;
        let second = Self {
            entries,
            tokens: self.tokens,
        };
        vec![self, second]
    }
}

/// The lines of a draft in groups of at most `room` tokens, and never less than a line.
pub(super) fn of(draft: &Draft, room: u64) -> VecDeque<Group> {
    let mut groups = VecDeque::new();
    let mut open = Group::default();
    for (path, lines) in draft.entries() {
        let head = estimate_tokens(path) + MARK;
        let sized: Vec<(usize, u64)> = lines
            .iter()
            .filter(|line| !line.is_blank())
            .map(|line| (line.number, estimate_tokens(&line.text) + MARK))
            .collect();
        let size = head + sized.iter().map(|(_, tokens)| tokens).sum::<u64>();
        if open.tokens + size > room && !open.entries.is_empty() {
            groups.push_back(std::mem::take(&mut open));
        }
        open.entries.push(Vec::new());
        open.tokens += head;
        for (number, tokens) in sized {
            let begun = open.entries.last().is_some_and(|lines| !lines.is_empty());
            if open.tokens + tokens > room && begun {
                groups.push_back(std::mem::take(&mut open));
                open.entries.push(Vec::new());
                open.tokens = head;
            }
            open.tokens += tokens;
            if let Some(lines) = open.entries.last_mut() {
                lines.push(number);
            }
        }
    }
    if !open.entries.is_empty() {
        groups.push_back(open);
    }
    groups
}

//! The store while it is edited: every line knows where it is from and which change made it.
//!
//! What always holds: an entry that no change touches stays as it was to the byte, and the store is
//! within the limits of [`Store`] after every change.

use std::collections::BTreeMap;

use super::super::{Edit, EditKind, Source};
use crate::memory::Store;

/// A change that was checked against what the model was shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Proposal {
    pub(super) kind: EditKind,
    /// The lines that go: their references, for messages, and their numbers.
    pub(super) removes: Vec<(String, usize)>,
    pub(super) path: String,
    /// The lines that come; none where nothing does.
    pub(super) lines: Vec<String>,
    pub(super) reason: String,
    pub(super) sources: Vec<Source>,
}

/// One line of an entry.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Its number, which stays the same whatever happens to other lines.
    pub(super) number: usize,
    pub(super) text: String,
    /// Where it is from: the line of the input store, or the sources of the change that made it.
    pub(super) sources: Vec<Source>,
    /// The change that made it; `None`: it stood in the input.
    change: Option<usize>,
}

impl Line {
    /// Whether it says anything.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

#[derive(Debug, Clone)]
struct Change {
    kind: EditKind,
    reason: String,
    sources: Vec<Source>,
    /// The text that was taken out.
    removed: String,
    /// The lines of the input store that went with it, or with a change that it undid.
    consumed: Vec<Source>,
}

/// The store while it is edited.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    store: Store,
    entries: BTreeMap<String, Vec<Line>>,
    /// The entry of each line that stands, by the line's number.
    homes: BTreeMap<usize, String>,
    changes: Vec<Change>,
    next: usize,
}

impl Draft {
    pub(super) fn of(store: &Store) -> Self {
        let mut draft = Self {
            store: store.clone(),
            entries: BTreeMap::new(),
            homes: BTreeMap::new(),
            changes: Vec::new(),
            next: 0,
        };
        for (path, entry) in store.entries() {
            let lines = entry
                .content()
                .lines()
                .enumerate()
                .map(|(at, text)| {
                    let source = Source::Memory {
                        path: path.to_owned(),
                        line: u32::try_from(at + 1).unwrap_or(u32::MAX),
                    };
                    draft.homes.insert(draft.next, path.to_owned());
                    draft.next += 1;
                    Line {
                        number: draft.next - 1,
                        text: text.to_owned(),
                        sources: vec![source],
                        change: None,
                    }
                })
                .collect();
            draft.entries.insert(path.to_owned(), lines);
        }
        draft
    }

    /// The store as it stands.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// The entries with their lines, blank ones included, in order of their paths.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &[Line])> {
        self.entries
            .iter()
            .map(|(path, lines)| (path.as_str(), lines.as_slice()))
    }

    /// Makes a change, or says why it cannot be made and leaves everything as it was.
    pub(super) fn apply(&mut self, proposal: &Proposal) -> Result<(), String> {
        let mut touched: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
        let mut gone: Vec<Line> = Vec::new();
        let mut place = None;
        for (reference, number) in &proposal.removes {
            let twice = || format!("`{reference}` is removed twice");
            let home = self.homes.get(number).ok_or_else(twice)?;
            let lines = touched
                .entry(home)
                .or_insert_with(|| self.entries.get(home).cloned().unwrap_or_default());
            let at = lines.iter().position(|line| line.number == *number);
            let at = at.ok_or_else(twice)?;
            if *home == proposal.path {
                // Lines that went before stood above or below; the first of them marks the place.
                place = Some(place.map_or(at, |place: usize| place.min(at)));
            }
            gone.push(lines.remove(at));
        }
        let change = self.changes.len();
        let change_of = self.change(proposal, &gone);
        if !proposal.lines.is_empty() {
            let lines = touched.entry(&proposal.path).or_insert_with(|| {
                self.entries
                    .get(&proposal.path)
                    .cloned()
                    .unwrap_or_default()
            });
            let place = place.unwrap_or(lines.len());
            let new = proposal.lines.iter().enumerate().map(|(at, text)| Line {
                number: self.next + at,
                text: text.clone(),
                sources: change_of.sources.clone(),
                change: Some(change),
            });
            lines.splice(place..place, new);
        }
        let store = self.written(&touched)?;
        let touched: Vec<(String, Vec<Line>)> = touched
            .into_iter()
            .map(|(path, lines)| (path.to_owned(), lines))
            .collect();
        for line in &gone {
            self.homes.remove(&line.number);
        }
        for at in 0..proposal.lines.len() {
            self.homes.insert(self.next + at, proposal.path.clone());
        }
        for (path, lines) in touched {
            if lines.iter().all(Line::is_blank) {
                self.entries.remove(&path);
                self.homes.retain(|_, home| *home != path);
            } else {
                self.entries.insert(path, lines);
            }
        }
        self.next += proposal.lines.len();
        self.changes.push(change_of);
        self.store = store;
        Ok(())
    }

    /// The store with these entries rewritten. Entries without lines go first, so that they make room.
    fn written(&self, touched: &BTreeMap<&str, Vec<Line>>) -> Result<Store, String> {
        let mut store = self.store.clone();
        let (empty, full): (Vec<_>, Vec<_>) = touched
            .iter()
            .partition(|(_, lines)| lines.iter().all(Line::is_blank));
        for (path, _) in empty {
            store.remove(path);
        }
        for (path, lines) in full {
            let mut content = String::new();
            for line in lines {
                content.push_str(&line.text);
                content.push('\n');
            }
            store
                .write(path, content)
                .map_err(|error| error.to_string())?;
        }
        Ok(store)
    }

    fn change(&self, proposal: &Proposal, gone: &[Line]) -> Change {
        let mut sources = proposal.sources.clone();
        let mut consumed = Vec::new();
        for line in gone {
            let made_here = line.change.is_some();
            let is_made_of_them = match proposal.kind {
                EditKind::Merged | EditKind::Removed => true,
                EditKind::Added | EditKind::Replaced | EditKind::Promoted => made_here,
            };
            if is_made_of_them {
                add(&mut sources, &line.sources);
            }
            match line.change {
                Some(earlier) => add(&mut consumed, &self.changes[earlier].consumed),
                None => add(&mut consumed, &line.sources),
            }
        }
        let removed: Vec<&str> = gone.iter().map(|line| line.text.as_str()).collect();
        Change {
            kind: proposal.kind,
            reason: proposal.reason.clone(),
            sources,
            removed: removed.join("\n"),
            consumed,
        }
    }

    /// The new store, and what changed from the input to it: in order of the output, removals last. A
    /// change of which a later one left nothing is no change.
    pub(super) fn finish(self) -> (Store, Vec<Edit>) {
        let mut texts: BTreeMap<usize, String> = BTreeMap::new();
        let mut order: Vec<usize> = Vec::new();
        for line in self.entries.values().flatten() {
            let Some(change) = line.change else { continue };
            if let Some(text) = texts.get_mut(&change) {
                text.push('\n');
                text.push_str(&line.text);
            } else {
                order.push(change);
                texts.insert(change, line.text.clone());
            }
        }
        for (number, change) in self.changes.iter().enumerate() {
            if change.kind == EditKind::Removed && !change.consumed.is_empty() {
                order.push(number);
                texts.insert(number, change.removed.clone());
            }
        }
        let edits = order
            .into_iter()
            .filter_map(|number| {
                let change = self.changes.get(number)?;
                Some(Edit {
                    kind: change.kind,
                    text: texts.remove(&number)?,
                    reason: change.reason.clone(),
                    sources: change.sources.clone(),
                })
            })
            .collect();
        (self.store, edits)
    }
}

fn add(sources: &mut Vec<Source>, more: &[Source]) {
    for source in more {
        if !sources.contains(source) {
            sources.push(source.clone());
        }
    }
}

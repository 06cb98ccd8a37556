//! A reason for every change: what a dreamer from outside changed and did not explain becomes an edit that
//! says so.
//!
//! Lines are compared by their words and by whom they are said of, so that a line that was moved under
//! the heading of another client is a change, and one that was moved to another file is none.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edit, EditKind, Source};
use crate::memory::{Line, Store};

/// The reason of a change that was given none.
pub(super) const UNEXPLAINED: &str = "not explained by the dreamer";

/// A line by whom it is said of and what it says.
type Key = (Vec<String>, String);

/// Where a line stands: its entry, its line from 1, and what it says without its marks.
struct Place<'s> {
    path: &'s str,
    line: u32,
    statement: Option<&'s str>,
}

/// The edits of a dreamer, completed: those that write first, removals last, and among each the
/// dreamer's own before those that had to be added.
pub(super) fn complete(before: &Store, after: &Store, edits: Vec<Edit>) -> Vec<Edit> {
    let (old, new) = (lines(before), lines(after));
    let written = words(&edits, |kind| kind != EditKind::Removed);
    let removed = words(&edits, |kind| kind == EditKind::Removed);
    let used: BTreeSet<(&str, u32)> = edits
        .iter()
        .flat_map(|edit| &edit.sources)
        .filter_map(|source| match source {
            Source::Memory { path, line } => Some((path.as_str(), *line)),
            Source::Session { .. } => None,
        })
        .collect();

    let mut added = Vec::new();
    for (key, places) in &new {
        let known = old.get(key).map_or(0, Vec::len);
        for place in places.iter().skip(known) {
            if !is_said(&written, key, place) {
                added.push((
                    place.path,
                    place.line,
                    unexplained(EditKind::Added, key, Vec::new()),
                ));
            }
        }
    }
    let mut gone = Vec::new();
    for (key, places) in &old {
        let lost = places
            .len()
            .saturating_sub(new.get(key).map_or(0, Vec::len));
        let silent: Vec<&Place<'_>> = places
            .iter()
            .filter(|place| {
                !used.contains(&(place.path, place.line)) && !is_said(&removed, key, place)
            })
            .collect();
        // Of lines that are alike, those that were explained are taken to be the ones that went.
        let explained = places.len() - silent.len();
        for place in silent
            .into_iter()
            .rev()
            .take(lost.saturating_sub(explained))
        {
            let source = Source::Memory {
                path: place.path.to_owned(),
                line: place.line,
            };
            gone.push((
                place.path,
                place.line,
                unexplained(EditKind::Removed, key, vec![source]),
            ));
        }
    }
    added.sort_by_key(|(path, line, _)| (*path, *line));
    gone.sort_by_key(|(path, line, _)| (*path, *line));
    let added: Vec<Edit> = added.into_iter().map(|(_, _, edit)| edit).collect();
    let gone: Vec<Edit> = gone.into_iter().map(|(_, _, edit)| edit).collect();
    let (removals, mut complete): (Vec<Edit>, Vec<Edit>) = edits
        .into_iter()
        .partition(|edit| edit.kind == EditKind::Removed);
    complete.extend(added);
    complete.extend(removals);
    complete.extend(gone);
    complete
}

fn unexplained(kind: EditKind, key: &Key, sources: Vec<Source>) -> Edit {
    Edit {
        kind,
        text: key.1.clone(),
        reason: UNEXPLAINED.to_owned(),
        sources,
    }
}

/// Every line of a store that is not empty, with the places at which it stands.
fn lines(store: &Store) -> BTreeMap<Key, Vec<Place<'_>>> {
    let mut found: BTreeMap<Key, Vec<Place<'_>>> = BTreeMap::new();
    for (path, entry) in store.entries() {
        let read: BTreeMap<usize, &Line> =
            entry.lines().iter().map(|line| (line.at, line)).collect();
        for (index, text) in entry.content().lines().enumerate() {
            let text = bare(text);
            if text.is_empty() {
                continue;
            }
            let line = read.get(&(index + 1));
            // A heading, and a line that goes on from the one above, is said of nobody by itself.
            let scopes = line.map_or_else(Vec::new, |line| line.scopes.clone());
            found.entry((scopes, text)).or_default().push(Place {
                path,
                line: u32::try_from(index + 1).unwrap_or(u32::MAX),
                statement: line.map(|line| line.statement.text()),
            });
        }
    }
    found
}

/// A line without the mark of a list, with single spaces.
fn bare(line: &str) -> String {
    let line = line.trim();
    let item = ["- ", "* ", "+ "]
        .iter()
        .find_map(|mark| line.strip_prefix(mark))
        .unwrap_or(line);
    item.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lines of the texts of edits of some kinds.
fn words(edits: &[Edit], wanted: impl Fn(EditKind) -> bool) -> BTreeSet<String> {
    edits
        .iter()
        .filter(|edit| wanted(edit.kind))
        .flat_map(|edit| edit.text.lines().map(bare))
        .filter(|line| !line.is_empty())
        .collect()
}

/// Whether edits speak of this line: to the letter, or of what it says without its marks.
fn is_said(words: &BTreeSet<String>, key: &Key, place: &Place<'_>) -> bool {
    words.contains(&key.1)
        || place
            .statement
            .is_some_and(|statement| words.contains(&bare(statement)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn store() -> impl Strategy<Value = Store> {
        let line = prop_oneof![
            Just("# For A"),
            Just("# For B"),
            Just("- one"),
            Just("-  one "),
            Just("- two [2026-01-02]"),
            Just(""),
            Just("three\nfour"),
        ];
        let entry = ("[a-c]", proptest::collection::vec(line, 0..8));
        proptest::collection::vec(entry, 0..4).prop_map(|entries| {
            let mut store = Store::default();
            for (path, lines) in entries {
                store.write(&path, lines.join("\n")).unwrap();
            }
            store
        })
    }

    /// How often each line stands in a store.
    fn counts(store: &Store) -> BTreeMap<Key, usize> {
        lines(store)
            .into_iter()
            .map(|(key, places)| (key, places.len()))
            .collect()
    }

    proptest! {
        #[test]
        fn a_silent_program_leaves_an_edit_for_each_line_that_came_or_went(
            before in store(), after in store(),
        ) {
            let edits = complete(&before, &after, Vec::new());
            let (old, new) = (counts(&before), counts(&after));
            let differences = |one: &BTreeMap<Key, usize>, other: &BTreeMap<Key, usize>| -> usize {
                one.iter().map(|(key, count)| count.saturating_sub(*other.get(key).unwrap_or(&0))).sum()
            };
            let of = |kind| edits.iter().filter(|edit| edit.kind == kind).count();
            prop_assert_eq!(of(EditKind::Added), differences(&new, &old));
            prop_assert_eq!(of(EditKind::Removed), differences(&old, &new));
            prop_assert!(edits.iter().all(|edit| edit.reason == UNEXPLAINED && !edit.text.is_empty()));
            prop_assert!(edits.is_sorted_by_key(|edit| edit.kind));
            // Said by the program itself, the same changes need no more words.
            let said = edits.clone();
            prop_assert_eq!(complete(&before, &after, said), edits);
        }
    }
}

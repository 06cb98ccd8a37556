//! Edits made of the difference of two stores give the second one, and no answer breaks a store.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::dream::EditKind;

/// A store of lines that say something, as a model of what edits do to it.
fn stores() -> impl Strategy<Value = Store> {
    let line = "[-#A-Za-z0-9é ]{0,8}[a-z]";
    prop::collection::btree_map("[a-c]", prop::collection::vec(line, 1..6), 0..4).prop_map(
        |entries| {
            let mut store = Store::default();
            for (path, lines) in entries {
                store
                    .write(&path, lines.join("\n") + "\n")
                    .expect("within the limits");
            }
            store
        },
    )
}

/// The edits that make one store of the other, entry by entry, with each differing stretch replaced.
fn difference(one: &Store, other: &Store) -> Vec<Value> {
    let mut edits = Vec::new();
    let mut number = 0;
    let paths: BTreeSet<&str> = one
        .entries()
        .chain(other.entries())
        .map(|(path, _)| path)
        .collect();
    for path in paths {
        let lines = |store: &Store| -> Vec<String> {
            store
                .get(path)
                .map(|entry| entry.content().lines().map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let (before, after) = (lines(one), lines(other));
        let references: Vec<String> = before
            .iter()
            .map(|_| {
                number += 1;
                format!("M{number}")
            })
            .collect();
        for change in similar::capture_diff_slices(similar::Algorithm::Myers, &before, &after) {
            let (tag, old, new) = change.as_tag_tuple();
            let taken: Vec<&str> = references[old.clone()].iter().map(String::as_str).collect();
            let text = after[new.clone()].join("\n");
            match tag {
                similar::DiffTag::Equal => {}
                similar::DiffTag::Delete => edits.push(edit("removed", &taken, "", "", &[])),
                similar::DiffTag::Replace => {
                    edits.push(edit("replaced", &taken, path, &text, &[taken[0]]));
                }
                // There is no edit that inserts between lines: the line before stays, written anew.
                similar::DiffTag::Insert if old.start < before.len() => {
                    let stays = &references[old.start];
                    let text = format!("{text}\n{}", before[old.start]);
                    edits.push(edit("replaced", &[stays], path, &text, &[stays]));
                }
                similar::DiffTag::Insert => edits.push(edit("added", &[], path, &text, &["S1.0"])),
            }
        }
    }
    edits
}

proptest! {
    #[test]
    fn edits_from_a_difference_give_the_other_store((before, after) in (stores(), stores())) {
        let edits = difference(&before, &after);
        let model = scripted([answer(&edits)]);
        let dream = dream(&model, LARGE, &before, &[saying(1, "x")], &Policy::default()).expect("a dream");
        prop_assert_eq!(&dream.refused, &Vec::<String>::new());
        prop_assert_eq!(contents(&dream.store), contents(&after));
        // Each line of the output stood there before or is in an edit that says where it is from.
        for (path, entry) in dream.store.entries() {
            for line in entry.content().lines() {
                let stood = before.get(path).is_some_and(|entry| entry.content().lines().any(|old| old == line));
                let made = dream.edits.iter().any(|edit| {
                    edit.kind != EditKind::Removed && !edit.sources.is_empty() && edit.text.lines().any(|new| new == line)
                });
                prop_assert!(stood || made, "{path}: {line}");
            }
        }
    }

    #[test]
    fn no_answer_breaks_the_store(text in ".{0,200}", kind in "added|removed|merged|x", reference in "[MS]?[0-9.]{0,4}") {
        let before = store(&[("a.md", "- one\n- two\n")]);
        let wild = answer(&[edit(&kind, &[&reference], &text, &text, &[&reference])]);
        let model = scripted([wild.clone(), wild]);
        let dream = dream(&model, LARGE, &before, &[saying(1, "x")], &Policy::default()).expect("a dream");
        prop_assert_eq!(dream.edits.len() + dream.refused.len(), 1);
    }
}

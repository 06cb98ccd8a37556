//! What leads from one store to another.

use crate::memory::Store;

/// One change of a memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Where it is, without `/` in front.
    pub(super) path: String,
    /// What it says so far; absent: there is none.
    pub(super) before: Option<String>,
    /// What it is to say; absent: there is to be none.
    pub(super) after: Option<String>,
}

/// The changes that make `after` of `before`. What goes and what comes take turns, so that a store which
/// is full never has too many memories, and one that is changed in part has lost no more than it gained.
pub(super) fn changes(before: &Store, after: &Store) -> Vec<Change> {
    let content =
        |store: &Store, path: &str| store.get(path).map(|entry| entry.content().to_owned());
    let mut gone = before
        .entries()
        .filter(|(path, _)| after.get(path).is_none())
        .map(|(path, entry)| Change {
            path: path.to_owned(),
            before: Some(entry.content().to_owned()),
            after: None,
        });
    let mut written = after
        .entries()
        .map(|(path, entry)| Change {
            path: path.to_owned(),
            before: content(before, path),
            after: Some(entry.content().to_owned()),
        })
        .filter(|change| change.before != change.after);
    let mut changes = Vec::new();
    loop {
        let pair = (gone.next(), written.next());
        if pair == (None, None) {
            return changes;
        }
        changes.extend(pair.0);
        changes.extend(pair.1);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn store(entries: &BTreeMap<String, String>) -> Store {
        let mut store = Store::default();
        for (path, content) in entries {
            store.write(path, content.clone()).expect("within limits");
        }
        store
    }

    proptest! {
        #[test]
        fn the_changes_lead_there_and_never_take_more_room_than_the_larger_store(
            before in prop::collection::btree_map("[a-e]", "[xy]", 0..5),
            after in prop::collection::btree_map("[a-e]", "[xy]", 0..5),
        ) {
            let (before, after) = (store(&before), store(&after));
            let most = before.len().max(after.len());
            let mut now = before.clone();
            for change in changes(&before, &after) {
                prop_assert_ne!(&change.before, &change.after);
                let found = now.get(&change.path).map(|entry| entry.content().to_owned());
                prop_assert_eq!(found, change.before);
                match change.after {
                    Some(content) => now.write(&change.path, content).expect("within limits"),
                    None => prop_assert!(now.remove(&change.path)),
                }
                prop_assert!(now.len() <= most);
            }
            prop_assert_eq!(now, after);
        }
    }
}

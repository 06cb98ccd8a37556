//! What leads from one store to another.

use crate::memory::{Entry, Store};

/// One change of a memory, at a path without `/` in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// The memory is to say this.
    Write {
        /// Where it is.
        path: String,
        /// What it says then.
        content: String,
    },
    /// There is to be no memory.
    Remove {
        /// Where it is.
        path: String,
    },
}

/// The changes that make `after` of `before`. What goes and what comes take turns, so that a store which
/// is full never has too many memories, and one that is changed in part has lost no more than it gained.
pub(super) fn changes(before: &Store, after: &Store) -> Vec<Change> {
    let mut gone = before
        .entries()
        .filter(|(path, _)| after.get(path).is_none())
        .map(|(path, _)| Change::Remove {
            path: path.to_owned(),
        });
    let mut written = after
        .entries()
        .filter(|(path, entry)| before.get(path).map(Entry::content) != Some(entry.content()))
        .map(|(path, entry)| Change::Write {
            path: path.to_owned(),
            content: entry.content().to_owned(),
        });
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
                match change {
                    Change::Write { path, content } => {
                        prop_assert_ne!(now.get(&path).map(Entry::content), Some(content.as_str()));
                        now.write(&path, content).expect("within limits");
                    }
                    Change::Remove { path } => prop_assert!(now.remove(&path)),
                }
                prop_assert!(now.len() <= most);
            }
            prop_assert_eq!(now, after);
        }
    }
}

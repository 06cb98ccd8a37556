//! A memory store and its limits.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use thiserror::Error;

use super::Line;
use crate::text::{blocks, estimate_tokens};

/// The most entries that a store may have.
pub const MAX_ENTRIES: usize = 2_000;
/// The most bytes that an entry may have.
pub const MAX_ENTRY_BYTES: usize = 102_400;

/// An entry that breaks a limit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The path is not relative, or too long, or leads upwards.
    #[error(
        "`{0}` is not a path for a memory entry: use up to 20 parts between `/`, without `..`, at most 1024 bytes"
    )]
    Path(String),
    /// The content is too long.
    #[error("memory entry `{path}` has {bytes} bytes, more than {MAX_ENTRY_BYTES}")]
    TooLong {
        /// The entry.
        path: String,
        /// Its size.
        bytes: usize,
    },
    /// The store is full.
    #[error("memory entry `{0}` would be the {next}th, and a store has at most {MAX_ENTRIES}", next = MAX_ENTRIES + 1)]
    Full(String),
}

/// The content of an entry, read once however often it is shared.
#[derive(Debug, Clone)]
pub struct Entry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    content: String,
    lines: OnceLock<Vec<Line>>,
}

impl Entry {
    fn new(content: String) -> Self {
        Self(Arc::new(Inner {
            content,
            lines: OnceLock::new(),
        }))
    }

    /// The content as it was written.
    pub fn content(&self) -> &str {
        &self.0.content
    }

    /// What it says, line by line.
    pub fn lines(&self) -> &[Line] {
        self.0.lines.get_or_init(|| {
            blocks(&self.0.content)
                .into_iter()
                .map(|block| Line::read(&block))
                .collect()
        })
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.content() == other.content()
    }
}

/// Entries by path. A copy is cheap and shares the contents.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Store {
    entries: BTreeMap<String, Entry>,
}

impl Store {
    /// Writes an entry, in place of what was at its path.
    pub fn write(&mut self, path: &str, content: String) -> Result<(), StoreError> {
        let parts: Vec<&str> = path.split('/').collect();
        let plain = parts.len() <= 20
            && path.len() <= 1024
            && parts.iter().all(|part| {
                !part.is_empty()
                    && *part != "."
                    && *part != ".."
                    && !part.chars().any(char::is_control)
            });
        if !plain {
            return Err(StoreError::Path(path.to_owned()));
        }
        if content.len() > MAX_ENTRY_BYTES {
            return Err(StoreError::TooLong {
                path: path.to_owned(),
                bytes: content.len(),
            });
        }
        if self.entries.len() >= MAX_ENTRIES && !self.entries.contains_key(path) {
            return Err(StoreError::Full(path.to_owned()));
        }
        self.entries.insert(path.to_owned(), Entry::new(content));
        Ok(())
    }

    /// Takes out the entry at a path; whether there was one.
    pub fn remove(&mut self, path: &str) -> bool {
        self.entries.remove(path).is_some()
    }

    /// The entries in order of their paths.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .map(|(path, entry)| (path.as_str(), entry))
    }

    /// The entry at a path.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The estimated size of all contents in tokens.
    pub fn tokens(&self) -> u64 {
        self.entries
            .values()
            .map(|entry| estimate_tokens(entry.content()))
            .sum()
    }

    /// Every line with the path it stands at, in order.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &Line)> {
        self.entries
            .iter()
            .flat_map(|(path, entry)| entry.lines().iter().map(move |line| (path.as_str(), line)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn limits_are_those_of_the_service() {
        let mut store = Store::default();
        for bad in [
            "",
            "/a",
            "a//b",
            "../a",
            "a/..",
            "a\nb",
            &"x/".repeat(21),
            &"a".repeat(1025),
        ] {
            assert_eq!(
                store.write(bad, String::new()),
                Err(StoreError::Path((*bad).to_owned()))
            );
        }
        let long = "x".repeat(MAX_ENTRY_BYTES + 1);
        assert!(matches!(
            store.write("a", long),
            Err(StoreError::TooLong { .. })
        ));
        for number in 0..MAX_ENTRIES {
            store.write(&format!("n/{number}"), "x".into()).unwrap();
        }
        assert!(matches!(
            store.write("one-more", "x".into()),
            Err(StoreError::Full(_))
        ));
        assert_eq!(
            store.write("n/7", "y".into()),
            Ok(()),
            "what is there can be written again"
        );
        assert_eq!(store.get("n/7").unwrap().content(), "y");
        assert!(store.remove("n/7") && !store.remove("n/7"));
        assert_eq!(
            store.write("one-more", "x".into()),
            Ok(()),
            "what is taken out makes room"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_and_a_copy_does_not_change(
            writes in proptest::collection::vec(("[a-c]{1,2}(/[a-c])?", ".{0,60}"), 0..20),
        ) {
            let mut store = Store::default();
            let mut model = BTreeMap::new();
            for (path, content) in writes {
                let before = store.clone();
                store.write(&path, content.clone()).unwrap();
                model.insert(path.clone(), content);
                prop_assert_eq!(before.get(&path).map(|e| e.content().to_owned()),
                    before.entries().find(|(p, _)| *p == path).map(|(_, e)| e.content().to_owned()));
            }
            let read: BTreeMap<String, String> =
                store.entries().map(|(path, entry)| (path.to_owned(), entry.content().to_owned())).collect();
            prop_assert_eq!(read, model);
        }
    }
}

//! What a model finds in its memory, and what it writes.

use std::fmt::Write as _;

use super::super::MemoryAccess;
use crate::{memory::Store, text::estimate_tokens};

/// How many entries a list names before it says how many more there are.
const LISTED: usize = 200;

/// The memory of a session.
pub(super) struct Notes {
    access: Option<MemoryAccess>,
    budget: u64,
    written: Vec<String>,
}

impl Notes {
    /// Memory of which up to `budget` tokens are shown whole.
    pub(super) fn new(access: Option<MemoryAccess>, budget: u64) -> Self {
        Self {
            access,
            budget,
            written: Vec::new(),
        }
    }

    /// Whether there is any memory at all, be it empty.
    pub(super) fn is_there(&self) -> bool {
        self.access.is_some()
    }

    pub(super) fn is_writable(&self) -> bool {
        self.access.as_ref().is_some_and(|access| access.writable)
    }

    fn store(&self) -> Option<&Store> {
        self.access.as_ref().map(|access| &access.store)
    }

    fn is_shown_whole(store: &Store, budget: u64) -> bool {
        store.tokens() <= budget
    }

    /// Tokens of memory that a session begins with; `None` without memory.
    pub(super) fn shown_tokens(&self) -> Option<u64> {
        self.store().map(|store| {
            if Self::is_shown_whole(store, self.budget) {
                store.tokens()
            } else {
                0
            }
        })
    }

    /// What a session begins with: the whole store where it fits, otherwise a list of its entries. Each
    /// line of an entry begins with a bar, so that no content can pass for a path.
    pub(super) fn shown(&self) -> String {
        let Some(store) = self.store() else {
            return String::new();
        };
        if store.is_empty() {
            return "Your memory is empty.\n".to_owned();
        }
        if !Self::is_shown_whole(store, self.budget) {
            return format!(
                "Your memory is larger than what is shown here. Its entries, to be read with `read_memory`:\n{}",
                list(store, "")
            );
        }
        let mut text = "Your memory:\n".to_owned();
        for (path, entry) in store.entries() {
            let _ = writeln!(text, "## {path}");
            for line in entry.content().split('\n') {
                let _ = writeln!(text, "| {line}");
            }
        }
        text
    }

    /// The entries whose paths begin with this.
    pub(super) fn list(&self, prefix: &str) -> Result<String, String> {
        let store = self.store().ok_or_else(|| NO_MEMORY.to_owned())?;
        let text = list(store, prefix);
        Ok(if text.is_empty() {
            "no entries".to_owned()
        } else {
            text
        })
    }

    /// The content of an entry.
    pub(super) fn read(&self, path: &str) -> Result<String, String> {
        let store = self.store().ok_or_else(|| NO_MEMORY.to_owned())?;
        store
            .get(path.trim_start_matches('/'))
            .map(|entry| entry.content().to_owned())
            .ok_or_else(|| format!("no memory entry `{path}`; see `list_memory`"))
    }

    /// Writes an entry, in place of what was at its path.
    pub(super) fn write(&mut self, path: &str, content: String) -> Result<String, String> {
        let access = self
            .access
            .as_mut()
            .filter(|access| access.writable)
            .ok_or_else(|| "memory cannot be written in this session".to_owned())?;
        let path = path.trim_start_matches('/');
        access
            .store
            .write(path, content)
            .map_err(|error| error.to_string())?;
        if !self.written.iter().any(|written| written == path) {
            self.written.push(path.to_owned());
        }
        Ok("written".to_owned())
    }

    /// What was written: paths in the order of their first writing, with their last contents.
    pub(super) fn into_written(self) -> Vec<(String, String)> {
        let Some(access) = self.access else {
            return Vec::new();
        };
        self.written
            .into_iter()
            .filter_map(|path| {
                let content = access.store.get(&path)?.content().to_owned();
                Some((path, content))
            })
            .collect()
    }
}

const NO_MEMORY: &str = "there is no memory in this session";

fn list(store: &Store, prefix: &str) -> String {
    let prefix = prefix.trim_start_matches('/');
    let mut text = String::new();
    let mut more = 0;
    for (path, entry) in store.entries().filter(|(path, _)| path.starts_with(prefix)) {
        if text.lines().count() < LISTED {
            let _ = writeln!(
                text,
                "- {path} ({} tokens)",
                estimate_tokens(entry.content())
            );
        } else {
            more += 1;
        }
    }
    if more > 0 {
        let _ = writeln!(
            text,
            "and {more} more: give `list_memory` a longer `prefix`"
        );
    }
    text
}

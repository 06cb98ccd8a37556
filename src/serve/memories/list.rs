//! Lists of memories, by path: all below a folder, or its children alone.

use rusqlite::{Transaction, params};

use super::shapes::{Listed, MEMORY, Memory, Prefix, View};
use crate::serve::{
    ApiError,
    memory_stores::MemoryStore,
    page::{List, Order, Page, Window},
    path::check_prefix,
    query::Parameters,
};

const LIST: List = List {
    name: "memories",
    order: Order::Ascending,
};

/// A question for memories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    folder: String,
    children_only: bool,
    view: View,
    window: Window<String>,
}

impl Question {
    pub(super) fn read(parameters: &Parameters) -> Result<Self, ApiError> {
        let folder = parameters.one("path_prefix")?.unwrap_or("/");
        check_prefix(folder)?;
        let depth = parameters.whole("depth", 0..=1)?;
        let view = View::read(parameters, View::Basic)?;
        let mut window = LIST.window(parameters)?;
        window.limit = view.limit(window.limit);
        Ok(Self {
            folder: folder.to_owned(),
            children_only: depth == Some(1),
            view,
            window,
        })
    }

    /// The page of a store.
    pub(super) fn page(
        &self,
        transaction: &Transaction<'_>,
        store: &MemoryStore,
    ) -> Result<Page<Listed>, ApiError> {
        let mut statement = transaction
            .prepare_cached("SELECT path FROM memories WHERE store = ?1 ORDER BY path")?;
        let paths = statement
            .query_map([store.number], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?;
        let keys = children(
            paths.iter().map(String::as_str),
            &self.folder,
            self.children_only,
        );
        let after = self.window.after.as_deref();
        let mut found = Vec::new();
        for key in keys
            .into_iter()
            .filter(|&key| after.is_none_or(|after| key > after))
            .take(self.window.limit + 1)
        {
            let entry = if key.ends_with('/') {
                Listed::Prefix(Prefix {
                    path: key.to_owned(),
                })
            } else {
                let memory = transaction
                    .prepare_cached(&format!(
                        "SELECT {MEMORY} WHERE memories.store = ?1 AND memories.path = ?2"
                    ))?
                    .query_row(params![store.number, key], Memory::read)?;
                Listed::Memory(Box::new(memory.seen(self.view)))
            };
            found.push((key, entry));
        }
        Ok(LIST.page(found, self.window.limit))
    }
}

/// The paths below a folder in order; of its children only, a path that leads deeper is cut behind the
/// child, once for all that it has in common. No path ends with `/`, so that a cut one is known by it.
fn children<'p>(
    paths: impl Iterator<Item = &'p str>,
    folder: &str,
    children_only: bool,
) -> Vec<&'p str> {
    let mut keys: Vec<&str> = paths
        .filter(|path| path.starts_with(folder))
        .map(|path| {
            let deeper = path[folder.len()..].find('/').filter(|_| children_only);
            deeper.map_or(path, |at| &path[..=folder.len() + at])
        })
        .collect();
    // Paths in order stay in order when they are cut, so that equal ones stand together.
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn deeper_paths_are_rolled_up_and_whole_segments_match() {
        let paths = ["/a", "/a-b", "/a/b", "/a/b/c", "/a/d", "/ab/c", "/b"];
        let of = |folder, children_only| children(paths.into_iter(), folder, children_only);
        assert_eq!(of("/", false), paths);
        assert_eq!(of("/", true), ["/a", "/a-b", "/a/", "/ab/", "/b"]);
        assert_eq!(of("/a/", true), ["/a/b", "/a/b/", "/a/d"]);
        assert_eq!(of("/a/", false), ["/a/b", "/a/b/c", "/a/d"]);
        assert!(of("/c/", true).is_empty());
    }

    proptest! {
        #[test]
        fn keys_are_in_order_and_each_path_is_under_one(
            paths in prop::collection::btree_set("(/[a-c.-]{1,2}){1,4}", 0..30), folder in "/([ab]/)?",
        ) {
            let keys = children(paths.iter().map(String::as_str), &folder, true);
            prop_assert!(keys.is_sorted());
            prop_assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
            for path in paths.iter().filter(|path| path.starts_with(&folder)) {
                let under = keys.iter().filter(|key| {
                    *path == **key || (key.ends_with('/') && path.starts_with(**key))
                });
                prop_assert_eq!(under.count(), 1);
            }
        }
    }
}

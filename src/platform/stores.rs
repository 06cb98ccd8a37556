//! Memory stores of the service, and what is known to be in them.
//!
//! A store here has paths without `/` in front; the service has them with it. Every change says which
//! content it expects to find, so that nothing that somebody else wrote is lost unseen.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Client, Family, Mark, PlatformError,
    client::encoded,
    wire::{MemoryRead, Named},
};
use crate::{
    ident::Digest,
    memory::{Entry, Store},
};

/// How many objects a page of a list has at most.
const PAGE: usize = 100;

/// How many memories a page has at most when their contents are asked for.
const FULL_PAGE: usize = 20;

/// How often a store is looked at again after somebody else wrote to it.
const LOOKS: usize = 3;

/// A store of the service with what was in it when it was looked at last.
#[derive(Debug, Clone)]
pub struct HeldStore {
    /// Its id.
    pub id: String,
    /// What is in it.
    pub content: Store,
    /// The ids of its memories by path.
    memories: BTreeMap<String, String>,
}

/// What changed in a store since it was looked at last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Paths that are new or have another content, with the content.
    pub written: Vec<(String, String)>,
    /// Paths that are gone.
    pub removed: Vec<String>,
}

impl HeldStore {
    /// A store of which nothing is known but its id.
    pub fn unseen(id: String) -> Self {
        Self {
            id,
            content: Store::default(),
            memories: BTreeMap::new(),
        }
    }

    fn path(&self) -> String {
        format!("/v1/memory_stores/{}", self.id)
    }
}

/// What a trial's store is called. A model is shown its name and description.
fn named(mark: &Mark, trial: &str) -> Value {
    json!({
        "name": format!("Team memory {}", mark.code(trial)),
        "description": "What was kept from earlier sessions.",
        "metadata": mark.metadata(&[("trial", trial)]),
    })
}

fn sha256(content: &str) -> String {
    Digest::of(content.as_bytes()).to_string()
}

/// The path of a memory as it is kept here.
fn local(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

impl Client {
    /// Makes an empty store for a trial.
    pub(super) async fn make_store(
        &self,
        mark: &Mark,
        trial: &str,
    ) -> Result<HeldStore, PlatformError> {
        let body = named(mark, trial);
        let made: Named = self
            .post(Family::Memory, "/v1/memory_stores", &body)
            .await?;
        Ok(HeldStore::unseen(made.id))
    }

    /// Makes a store hold exactly this.
    pub(super) async fn fill_store(
        &self,
        held: &mut HeldStore,
        wanted: &Store,
    ) -> Result<(), PlatformError> {
        let mut last = None;
        for _ in 0..LOOKS {
            match self.write_all(held, wanted).await {
                // Somebody else wrote, or an answer was lost: what is there now decides.
                Err(error) if matches!(error.status(), Some(404 | 409)) => {
                    self.look(held).await?;
                    last = Some(error);
                }
                other => return other,
            }
        }
        Err(last
            .unwrap_or_else(|| PlatformError::Unmet("a memory store cannot be filled".to_owned())))
    }

    async fn write_all(&self, held: &mut HeldStore, wanted: &Store) -> Result<(), PlatformError> {
        let gone: Vec<(String, String)> = held
            .content
            .entries()
            .filter(|(path, _)| wanted.get(path).is_none())
            .map(|(path, entry)| (path.to_owned(), sha256(entry.content())))
            .collect();
        for (path, sha256) in gone {
            if let Some(id) = held.memories.get(&path) {
                let at = format!(
                    "{}/memories/{id}?expected_content_sha256={sha256}",
                    held.path()
                );
                self.delete(Family::Memory, &at).await?;
            }
            held.memories.remove(&path);
            held.content.remove(&path);
        }
        for (path, entry) in wanted.entries() {
            let there = held.content.get(path).map(|entry| sha256(entry.content()));
            if held.content.get(path) == Some(entry) {
                continue;
            }
            let (at, body) = match (held.memories.get(path), there) {
                (Some(id), Some(sha256)) => (
                    format!("{}/memories/{id}", held.path()),
                    json!({
                        "content": entry.content(),
                        "precondition": {"type": "content_sha256", "content_sha256": sha256},
                    }),
                ),
                (Some(_) | None, _) => (
                    format!("{}/memories", held.path()),
                    json!({"path": format!("/{path}"), "content": entry.content()}),
                ),
            };
            let made: Named = self.post(Family::Memory, &at, &body).await?;
            held.memories.insert(path.to_owned(), made.id);
            keep(&mut held.content, path, entry.content().to_owned())?;
        }
        Ok(())
    }

    /// Looks at a store and says what changed since it was looked at last.
    pub(super) async fn look(&self, held: &mut HeldStore) -> Result<Changes, PlatformError> {
        let listed: Vec<MemoryRead> = self
            .list(
                Family::Memory,
                &format!("{}/memories?limit={PAGE}", held.path()),
            )
            .await?;
        let listed: Vec<MemoryRead> = listed
            .into_iter()
            .filter(|memory| memory.kind == "memory")
            .collect();
        let is_known = |memory: &MemoryRead| {
            held.content
                .get(local(&memory.path))
                .is_some_and(|entry| sha256(entry.content()) == memory.content_sha256)
        };
        let unknown: Vec<&MemoryRead> = listed.iter().filter(|memory| !is_known(memory)).collect();
        let read = if unknown.len() > listed.len().div_ceil(FULL_PAGE) {
            self.list::<MemoryRead>(
                Family::Memory,
                &format!("{}/memories?view=full&limit={FULL_PAGE}", held.path()),
            )
            .await?
        } else {
            let mut read = Vec::new();
            for memory in unknown {
                let at = format!("{}/memories/{}?view=full", held.path(), encoded(&memory.id));
                read.push(self.get::<MemoryRead>(Family::Memory, &at).await?);
            }
            read
        };
        let mut contents: BTreeMap<String, String> = read
            .into_iter()
            .filter_map(|memory| Some((local(&memory.path).to_owned(), memory.content?)))
            .collect();
        let mut changes = Changes::default();
        let mut content = Store::default();
        let mut memories = BTreeMap::new();
        for memory in listed {
            let path = local(&memory.path).to_owned();
            let before = held.content.get(&path).map(Entry::content);
            let now = match (contents.remove(&path), before) {
                (Some(now), _) => now,
                (None, Some(before)) => before.to_owned(),
                (None, None) => {
                    return Err(PlatformError::Content {
                        request: format!("GET {}/memories", held.path()),
                        problem: format!("the memory `{path}` has no content"),
                    });
                }
            };
            if before != Some(now.as_str()) {
                changes.written.push((path.clone(), now.clone()));
            }
            keep(&mut content, &path, now)?;
            memories.insert(path, memory.id);
        }
        changes.removed = held
            .content
            .entries()
            .map(|(path, _)| path)
            .filter(|path| content.get(path).is_none())
            .map(str::to_owned)
            .collect();
        held.content = content;
        held.memories = memories;
        Ok(changes)
    }

    /// Gives a store that a dream made the run's mark and a trial's name.
    pub(super) async fn adopt_store(
        &self,
        mark: &Mark,
        trial: &str,
        id: &str,
    ) -> Result<(), PlatformError> {
        let body = named(mark, trial);
        let path = format!("/v1/memory_stores/{}", encoded(id));
        self.post::<Value>(Family::Memory, &path, &body)
            .await
            .map(|_| ())
    }
}

fn keep(store: &mut Store, path: &str, content: String) -> Result<(), PlatformError> {
    store
        .write(path, content)
        .map_err(|error| PlatformError::Unmet(error.to_string()))
}

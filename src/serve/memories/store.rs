//! Stores as the embedded parts use them: read whole, written by an agent in a session, copied.

use jiff::Timestamp;
use rusqlite::Transaction;

use super::{
    change::{self, Change, Mark},
    shapes::{Actor, MEMORY, Memory},
};
use crate::{
    memory::Store,
    serve::{
        ApiError, Database, MemoryStore,
        error::ErrorKind,
        memory_stores::{find_store, insert_store},
    },
};

/// Where a memory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The id of the key that the store belongs to.
    pub owner: String,
    /// The id of the store.
    pub store: String,
    /// The path, which begins with `/`.
    pub path: String,
}

impl Database {
    /// All memories of an owner's store. Their paths are without the `/` in front.
    pub async fn read_store(&self, owner: &str, store: &str) -> Result<Store, ApiError> {
        let (owner, store) = (owner.to_owned(), store.to_owned());
        self.run(move |transaction| {
            let original = find_store(transaction, &owner, &store)?;
            let mut store = Store::default();
            for memory in all(transaction, &original)? {
                let path = memory.path.strip_prefix('/').unwrap_or(&memory.path);
                store
                    .write(path, memory.content.unwrap_or_default())
                    .map_err(|error| ApiError::new(ErrorKind::Internal, error.to_string()))?;
            }
            Ok(store)
        })
        .await
    }

    /// Writes a memory, in place of what is at its path; what is there already makes no version.
    pub async fn write_memory(
        &self,
        place: Place,
        content: String,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Memory, ApiError> {
        let database = self.clone();
        self.run(move |transaction| {
            database.write_memory_in(transaction, &place, content, actor, now)
        })
        .await
    }

    /// The same within a transaction.
    pub(in crate::serve) fn write_memory_in(
        &self,
        transaction: &Transaction<'_>,
        place: &Place,
        content: String,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Memory, ApiError> {
        let mark = self.mark(actor, now);
        let store = find_store(transaction, &place.owner, &place.store)?;
        match change::at(transaction, &store, &place.path)? {
            None => {
                let id = self.ids().next("mem");
                change::create(transaction, &store, &id, &place.path, &content, &mark)
            }
            Some(old) => {
                let change = Change {
                    content: Some(content),
                    ..Change::default()
                };
                change::update(transaction, &store, &old.id, &change, &mark)
            }
        }
    }

    /// Deletes a memory; whether there was one.
    pub async fn remove_memory(
        &self,
        place: Place,
        actor: Actor,
        now: Timestamp,
    ) -> Result<bool, ApiError> {
        let database = self.clone();
        self.run(move |transaction| database.remove_memory_in(transaction, &place, actor, now))
            .await
    }

    /// The same within a transaction.
    pub(in crate::serve) fn remove_memory_in(
        &self,
        transaction: &Transaction<'_>,
        place: &Place,
        actor: Actor,
        now: Timestamp,
    ) -> Result<bool, ApiError> {
        let mark = self.mark(actor, now);
        let store = find_store(transaction, &place.owner, &place.store)?;
        let Some(old) = change::at(transaction, &store, &place.path)? else {
            return Ok(false);
        };
        change::delete(transaction, &store, &old.id, None, &mark)?;
        Ok(true)
    }

    /// Makes a store with the name, the description, the metadata and the memories of another of the same
    /// owner. Each memory begins anew: it has an id of its own and one version, made by `actor`.
    pub(in crate::serve) fn copy_store_in(
        &self,
        transaction: &Transaction<'_>,
        owner: &str,
        store: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<MemoryStore, ApiError> {
        let original = find_store(transaction, owner, store)?;
        let copy = MemoryStore {
            id: self.ids().next("memstore"),
            created_at: now,
            updated_at: now,
            archived_at: None,
            ..original.clone()
        };
        let copy = insert_store(transaction, owner, copy)?;
        for memory in all(transaction, &original)? {
            let mark = self.mark(actor.clone(), now);
            let id = self.ids().next("mem");
            let content = memory.content.as_deref().unwrap_or_default();
            change::create(transaction, &copy, &id, &memory.path, content, &mark)?;
        }
        Ok(copy)
    }

    /// The mark of a change with an id of its own.
    pub(super) fn mark(&self, actor: Actor, now: Timestamp) -> Mark {
        Mark {
            actor,
            now,
            version: self.ids().next("memver"),
        }
    }
}

/// What the memory at a place says; absent: there is none.
pub(in crate::serve) fn content_at(
    transaction: &Transaction<'_>,
    place: &Place,
) -> Result<Option<String>, ApiError> {
    let store = find_store(transaction, &place.owner, &place.store)?;
    let found = change::at(transaction, &store, &place.path)?;
    Ok(found.and_then(|memory| memory.content))
}

/// The number of the newest version of any store.
pub(in crate::serve) fn newest_version(transaction: &Transaction<'_>) -> Result<i64, ApiError> {
    let number = transaction
        .prepare_cached("SELECT coalesce(max(number), 0) FROM memory_versions")?
        .query_row([], |row| row.get(0))?;
    Ok(number)
}

/// What a store was when this version was the newest; empty if the store is no more. A version that was
/// redacted since says nothing.
pub(in crate::serve) fn store_at(
    transaction: &Transaction<'_>,
    store: &str,
    newest: i64,
) -> Result<Store, ApiError> {
    let mut statement = transaction.prepare_cached(
        "SELECT made.path, made.content FROM memory_versions AS made
        JOIN memory_stores ON memory_stores.number = made.store
        WHERE memory_stores.id = ?1 AND made.number <= ?2 AND made.path IS NOT NULL
            AND made.content IS NOT NULL
            AND made.number = (SELECT max(other.number) FROM memory_versions AS other
                WHERE other.memory = made.memory AND other.number <= ?2)",
    )?;
    let mut rows = statement.query(rusqlite::params![store, newest])?;
    let mut found = Store::default();
    while let Some(row) = rows.next()? {
        let path: String = row.get(0)?;
        found
            .write(path.strip_prefix('/').unwrap_or(&path), row.get(1)?)
            .map_err(|error| ApiError::new(ErrorKind::Internal, error.to_string()))?;
    }
    Ok(found)
}

/// All memories of a store, by path.
fn all(transaction: &Transaction<'_>, store: &MemoryStore) -> Result<Vec<Memory>, ApiError> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {MEMORY} WHERE memories.store = ?1 ORDER BY memories.path"
    ))?;
    let memories = statement.query_map([store.number], Memory::read)?;
    Ok(memories.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests;

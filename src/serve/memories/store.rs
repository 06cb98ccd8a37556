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
mod tests {
    use jiff::civil::date;
    use rusqlite::OptionalExtension as _;

    use super::*;
    use crate::serve::{Location, patch::Metadata};

    fn now() -> Timestamp {
        date(2026, 11, 20)
            .at(9, 0, 0, 0)
            .in_tz("UTC")
            .expect("a time")
            .timestamp()
    }

    fn place(store: &MemoryStore, path: &str) -> Place {
        Place {
            owner: "apikey_1".to_owned(),
            store: store.id.clone(),
            path: path.to_owned(),
        }
    }

    /// A database with an empty store of `apikey_1`.
    async fn with_store() -> (Database, MemoryStore) {
        let database = Database::open(&Location::Memory).expect("a database");
        let store = MemoryStore {
            kind: "memory_store",
            id: database.ids().next("memstore"),
            name: "Demo".to_owned(),
            description: "d".to_owned(),
            metadata: Metadata::new(),
            created_at: now(),
            updated_at: now(),
            archived_at: None,
            number: 0,
        };
        let made = database.run(move |transaction| insert_store(transaction, "apikey_1", store));
        let store = made.await.expect("a store");
        (database, store)
    }

    /// Operations and actors of a store's versions, in order.
    async fn versions(database: &Database, store: i64) -> Vec<String> {
        let read = database.run(move |transaction| {
            let mut statement = transaction.prepare(
                "SELECT operation || ' ' || actor || ' ' || actor_id FROM memory_versions
                WHERE store = ?1 ORDER BY number",
            )?;
            let rows = statement.query_map([store], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        read.await.expect("versions")
    }

    #[tokio::test]
    async fn what_an_agent_writes_is_read_back_as_a_store_and_stands_in_versions() {
        let (database, store) = with_store().await;
        let actor = Actor::session("sesn_1");
        let write = |path: &str, content: &str| {
            database.write_memory(
                place(&store, path),
                content.to_owned(),
                actor.clone(),
                now(),
            )
        };
        for (path, content) in [("/a/b.md", "one"), ("/c.md", "x"), ("/a/b.md", "two")] {
            write(path, content).await.expect("written");
        }
        // What is there already is not written again.
        write("/a/b.md", "two").await.expect("written");
        let remove = |path: &str| database.remove_memory(place(&store, path), actor.clone(), now());
        assert_eq!(remove("/c.md").await, Ok(true));
        assert_eq!(remove("/c.md").await, Ok(false));
        assert!(write("/../c.md", "x").await.is_err());

        let read = database
            .read_store("apikey_1", &store.id)
            .await
            .expect("a store");
        let entries: Vec<(&str, &str)> = read
            .entries()
            .map(|(path, entry)| (path, entry.content()))
            .collect();
        assert_eq!(entries, [("a/b.md", "two")]);
        assert_eq!(
            versions(&database, store.number).await,
            [
                "created session sesn_1",
                "created session sesn_1",
                "modified session sesn_1",
                "deleted session sesn_1"
            ]
        );
        let other = database.read_store("apikey_2", &store.id).await;
        assert_eq!(other, Err(ApiError::no_such("memory store", &store.id)));
    }

    #[tokio::test]
    async fn a_copy_says_the_same_and_then_goes_its_own_way() {
        let (database, store) = with_store().await;
        let session = Actor::session("sesn_1");
        for (path, content) in [("/a", "one"), ("/b", "two")] {
            database
                .write_memory(
                    place(&store, path),
                    content.to_owned(),
                    session.clone(),
                    now(),
                )
                .await
                .expect("written");
        }
        let copy_of = |owner: &'static str| {
            let (original, copying) = (store.id.clone(), database.clone());
            let actor = Actor::session("sesn_2");
            database.run(move |transaction| {
                copying.copy_store_in(transaction, owner, &original, &actor, now())
            })
        };
        let copy = copy_of("apikey_1").await.expect("a copy");
        assert_ne!(copy.id, store.id);
        assert_eq!(
            (&copy.name, &copy.description),
            (&store.name, &store.description)
        );
        let read = |id: &str| {
            let id = id.to_owned();
            let database = database.clone();
            async move { database.read_store("apikey_1", &id).await.expect("a store") }
        };
        assert_eq!(read(&copy.id).await, read(&store.id).await);
        assert_eq!(
            versions(&database, copy.number).await,
            ["created session sesn_2"; 2]
        );

        database
            .write_memory(place(&copy, "/a"), "three".to_owned(), session, now())
            .await
            .expect("written");
        let of_original = read(&store.id).await;
        assert_eq!(
            of_original.get("a").map(crate::memory::Entry::content),
            Some("one")
        );
        assert!(
            copy_of("apikey_2").await.is_err(),
            "a copy of what belongs to another"
        );
    }

    #[tokio::test]
    async fn work_that_fails_leaves_nothing_behind() {
        let (database, store) = with_store().await;
        let number = store.number;
        let failed: Result<(), ApiError> = database
            .run(move |transaction| {
                transaction.execute("DELETE FROM memory_stores WHERE number = ?1", [number])?;
                Err(ApiError::invalid("no"))
            })
            .await;
        assert!(failed.is_err());
        let there = database.run(move |transaction| {
            let id: Option<String> = transaction
                .query_row(
                    "SELECT id FROM memory_stores WHERE number = ?1",
                    [number],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(id)
        });
        assert_eq!(there.await, Ok(Some(store.id)));
    }
}

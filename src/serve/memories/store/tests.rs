//! Stores as the embedded parts use them, in a database in memory.

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

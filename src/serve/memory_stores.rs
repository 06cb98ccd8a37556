//! Memory stores: names with memories in them.
//!
//! What always holds: an archived store can be read and emptied, and nothing new comes into it; of a store
//! that is deleted no request finds anything. What sessions have seen of it is kept for as long as they
//! are: the embedded agent's sessions are replayed, and a dream may read them later.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::{
    ApiError, Shared,
    body::{Answer, Deleted, Found, Given},
    database::{optional_time, time},
    dreams,
    front::Caller,
    listing::Listing,
    page::Page,
    patch::{Metadata, MetadataPatch, Patch, apply_metadata, check_name, length},
    query::Parameters,
    sessions::written,
};

/// The body that makes or changes a store.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StoreBody {
    name: Patch<String>,
    description: Patch<String>,
    metadata: MetadataPatch,
}

/// A memory store as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemoryStore {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What its owner noted of it.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its name, description or metadata were changed last, or it was archived.
    pub updated_at: Timestamp,
    /// When it was archived.
    pub archived_at: Option<Timestamp>,
    /// The number of its row.
    #[serde(skip)]
    pub(super) number: i64,
}

impl MemoryStore {
    /// Refuses to change what is archived.
    pub(super) fn must_be_open(&self) -> Result<(), ApiError> {
        if self.archived_at.is_none() {
            return Ok(());
        }
        Err(ApiError::invalid(format!(
            "memory store `{}` is archived and takes nothing new",
            self.id
        )))
    }

    fn apply(&mut self, body: StoreBody) -> Result<(), ApiError> {
        body.name.apply("name", &mut self.name)?;
        body.description.apply_or_default(&mut self.description);
        apply_metadata(body.metadata, &mut self.metadata)?;
        check_name("name", &self.name, 255)?;
        length("description", "the text", &self.description, 0, 1_024)
    }
}

/// The routes of stores; those of what is in them are of [`super::memories`].
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/memory_stores", post(create).get(list))
        .route(
            "/v1/memory_stores/{store}",
            get(retrieve).post(update).delete(delete),
        )
        .route("/v1/memory_stores/{store}/archive", post(archive))
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Given(body): Given<StoreBody>,
) -> Found<MemoryStore> {
    body.name.must_be_given("name")?;
    let now = shared.now();
    let mut store = MemoryStore {
        kind: "memory_store",
        id: shared.id("memstore"),
        name: String::new(),
        description: String::new(),
        metadata: Metadata::new(),
        created_at: now,
        updated_at: now,
        archived_at: None,
        number: 0,
    };
    store.apply(body)?;
    let made = shared
        .database
        .run(move |transaction| insert_store(transaction, &owner, store));
    made.await.map(Answer)
}

async fn list(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    parameters: Parameters,
) -> Found<Page<MemoryStore>> {
    let listing = Listing::read("memory_stores", &parameters)?;
    let page = shared.database.run(move |transaction| {
        let select = format!("SELECT {COLUMNS} FROM memory_stores AS object");
        listing.page(transaction, &owner, &select, store)
    });
    page.await.map(Answer)
}

async fn retrieve(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<MemoryStore> {
    let found = shared
        .database
        .run(move |transaction| find_store(transaction, &owner, &id));
    found.await.map(Answer)
}

async fn update(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    Given(body): Given<StoreBody>,
) -> Found<MemoryStore> {
    let now = shared.now();
    let updated = shared.database.run(move |transaction| {
        let mut store = find_store(transaction, &owner, &id)?;
        store.must_be_open()?;
        store.apply(body)?;
        store.updated_at = now;
        transaction
            .prepare_cached(
                "UPDATE memory_stores SET name = ?2, description = ?3, metadata = ?4, updated = ?5
                WHERE number = ?1",
            )?
            .execute(params![
                store.number,
                store.name,
                store.description,
                serde_json::to_string(&store.metadata)?,
                now.as_microsecond()
            ])?;
        Ok(store)
    });
    updated.await.map(Answer)
}

async fn delete(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Deleted> {
    let deleted = written(&shared, move |writer| {
        let transaction = writer.transaction;
        let store = find_store(transaction, &owner, &id)?;
        dreams::store_is_gone(writer, &id)?;
        // Memories hold on to their versions, so they go first. Versions and store stay for the sessions
        // that have seen them, under no owner, so that no request reaches them.
        for statement in [
            "DELETE FROM memories WHERE store = ?1",
            "UPDATE memory_stores SET owner = '', name = '', description = '', metadata = '{}'
            WHERE number = ?1",
        ] {
            transaction
                .prepare_cached(statement)?
                .execute([store.number])?;
        }
        forget_unseen(transaction)?;
        Ok(Deleted {
            id,
            kind: "memory_store_deleted",
        })
    });
    let deleted = deleted.await?;
    shared.dreams.wake();
    Ok(Answer(deleted))
}

/// Takes out the deleted stores that no session has seen, or whose sessions are all gone.
pub(super) fn forget_unseen(transaction: &Transaction<'_>) -> Result<(), ApiError> {
    let unseen = "SELECT number FROM memory_stores WHERE owner = ''
        AND NOT EXISTS (SELECT 1 FROM session_stores WHERE session_stores.store = memory_stores.id)";
    for statement in [
        format!("DELETE FROM memory_versions WHERE store IN ({unseen})"),
        format!("DELETE FROM memory_stores WHERE number IN ({unseen})"),
    ] {
        transaction.prepare_cached(&statement)?.execute([])?;
    }
    Ok(())
}

async fn archive(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<MemoryStore> {
    let archived = written(&shared, move |writer| {
        let transaction = writer.transaction;
        let changed = transaction
            .prepare_cached(
                "UPDATE memory_stores SET archived = ?3, updated = ?3
                WHERE owner = ?1 AND id = ?2 AND archived IS NULL",
            )?
            .execute(params![owner, id, writer.now.as_microsecond()])?;
        if changed == 1 {
            dreams::store_is_gone(writer, &id)?;
        }
        find_store(transaction, &owner, &id)
    });
    let archived = archived.await?;
    shared.dreams.wake();
    Ok(Answer(archived))
}

/// What [`store`] reads.
const COLUMNS: &str = "object.number, object.id, object.name, object.description, object.metadata,
    object.created, object.updated, object.archived";

fn store(row: &Row<'_>) -> Result<MemoryStore, ApiError> {
    let metadata: String = row.get(4)?;
    Ok(MemoryStore {
        kind: "memory_store",
        number: row.get(0)?,
        id: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        metadata: serde_json::from_str(&metadata)?,
        created_at: time(row, 5)?,
        updated_at: time(row, 6)?,
        archived_at: optional_time(row, 7)?,
    })
}

/// The store of an owner with this id.
pub(super) fn find_store(
    transaction: &Transaction<'_>,
    owner: &str,
    id: &str,
) -> Result<MemoryStore, ApiError> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM memory_stores AS object
        WHERE object.owner = ?1 AND object.id = ?2"
    ))?;
    let found = statement
        .query_row(params![owner, id], |row| Ok(store(row)))
        .optional()?;
    found.unwrap_or_else(|| Err(ApiError::no_such("memory store", id)))
}

/// Keeps a new store; gives it back with its number.
pub(super) fn insert_store(
    transaction: &Transaction<'_>,
    owner: &str,
    mut store: MemoryStore,
) -> Result<MemoryStore, ApiError> {
    transaction
        .prepare_cached(
            "INSERT INTO memory_stores (id, owner, name, description, metadata, created, updated)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            store.id,
            owner,
            store.name,
            store.description,
            serde_json::to_string(&store.metadata)?,
            store.created_at.as_microsecond(),
            store.updated_at.as_microsecond(),
        ])?;
    store.number = transaction.last_insert_rowid();
    Ok(store)
}

//! Changes of memories, each within a transaction: made, changed, deleted.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::shapes::{Actor, MEMORY, Memory, Operation};
use crate::{
    ident::Digest,
    memory::{MAX_ENTRIES, MAX_ENTRY_BYTES},
    serve::{ApiError, error::ErrorKind, memory_stores::MemoryStore, path::check_path},
};

/// Who changes something, when, and under which ids it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Who.
    pub(super) actor: Actor,
    /// When.
    pub(super) now: Timestamp,
    /// The id of the version that is appended.
    pub(super) version: String,
}

/// What is to become of a memory; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// The new path.
    pub(super) path: Option<String>,
    /// The new content.
    pub(super) content: Option<String>,
    /// SHA-256 of the content that is to be changed, in hexadecimal digits.
    pub(super) expected: Option<String>,
}

/// The memory of a store with this id.
pub(super) fn find(
    transaction: &Transaction<'_>,
    store: &MemoryStore,
    id: &str,
) -> Result<Memory, ApiError> {
    transaction
        .prepare_cached(&format!(
            "SELECT {MEMORY} WHERE memories.store = ?1 AND memories.id = ?2"
        ))?
        .query_row(params![store.number, id], Memory::read)
        .optional()?
        .ok_or_else(|| ApiError::no_such("memory", id))
}

/// The memory at a path, if there is one.
pub(super) fn at(
    transaction: &Transaction<'_>,
    store: &MemoryStore,
    path: &str,
) -> Result<Option<Memory>, ApiError> {
    let found = transaction
        .prepare_cached(&format!(
            "SELECT {MEMORY} WHERE memories.store = ?1 AND memories.path = ?2"
        ))?
        .query_row(params![store.number, path], Memory::read)
        .optional()?;
    Ok(found)
}

/// Makes a memory at a path where there is none.
pub(super) fn create(
    transaction: &Transaction<'_>,
    store: &MemoryStore,
    id: &str,
    path: &str,
    content: &str,
    mark: &Mark,
) -> Result<Memory, ApiError> {
    store.must_be_open()?;
    check_path(path)?;
    check_content(content)?;
    must_be_free(transaction, store, path)?;
    let count: i64 = transaction
        .prepare_cached("SELECT count(*) FROM memories WHERE store = ?1")?
        .query_row([store.number], |row| row.get(0))?;
    if usize::try_from(count).is_ok_and(|count| count >= MAX_ENTRIES) {
        return Err(ApiError::invalid(format!(
            "memory store `{}` has {MAX_ENTRIES} memories, and no more are possible; delete some first",
            store.id
        )));
    }
    let head = append(
        transaction,
        store,
        id,
        Operation::Created,
        path,
        Some(content),
        mark,
    )?;
    transaction
        .prepare_cached("INSERT INTO memories VALUES (?1, ?2, ?3, ?4, ?5, ?5)")?
        .execute(params![
            id,
            store.number,
            path,
            head,
            mark.now.as_microsecond()
        ])?;
    find(transaction, store, id)
}

/// Changes a memory. Where it is already as wanted, nothing happens, whatever was expected: the same
/// request may have come before.
pub(super) fn update(
    transaction: &Transaction<'_>,
    store: &MemoryStore,
    id: &str,
    change: &Change,
    mark: &Mark,
) -> Result<Memory, ApiError> {
    let old = find(transaction, store, id)?;
    store.must_be_open()?;
    let path = change.path.as_deref().unwrap_or(&old.path);
    let old_content = old.content.as_deref().unwrap_or_default();
    let content = change.content.as_deref().unwrap_or(old_content);
    if path == old.path && content == old_content {
        return Ok(old);
    }
    check_path(path)?;
    check_content(content)?;
    must_be_expected(&old, change.expected.as_deref(), "precondition")?;
    if path != old.path {
        must_be_free(transaction, store, path)?;
    }
    let head = append(
        transaction,
        store,
        id,
        Operation::Modified,
        path,
        Some(content),
        mark,
    )?;
    transaction
        .prepare_cached("UPDATE memories SET path = ?2, head = ?3, updated = ?4 WHERE id = ?1")?
        .execute(params![id, path, head, mark.now.as_microsecond()])?;
    find(transaction, store, id)
}

/// Deletes a memory; a version says that it was there. An archived store can be emptied.
pub(super) fn delete(
    transaction: &Transaction<'_>,
    store: &MemoryStore,
    id: &str,
    expected: Option<&str>,
    mark: &Mark,
) -> Result<(), ApiError> {
    let old = find(transaction, store, id)?;
    must_be_expected(&old, expected, "expected_content_sha256")?;
    append(
        transaction,
        store,
        id,
        Operation::Deleted,
        &old.path,
        None,
        mark,
    )?;
    transaction
        .prepare_cached("DELETE FROM memories WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

fn check_content(content: &str) -> Result<(), ApiError> {
    if content.len() <= MAX_ENTRY_BYTES {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "content: {} bytes, and at most {MAX_ENTRY_BYTES} are possible",
        content.len()
    )))
}

fn must_be_free(
    transaction: &Transaction<'_>,
    store: &MemoryStore,
    path: &str,
) -> Result<(), ApiError> {
    match at(transaction, store, path)? {
        None => Ok(()),
        Some(other) => Err(ApiError::new(
            ErrorKind::PathConflict {
                memory: other.id,
                path: other.path,
            },
            format!("path: there is a memory at `{path}` already"),
        )),
    }
}

fn must_be_expected(old: &Memory, expected: Option<&str>, name: &str) -> Result<(), ApiError> {
    match expected {
        Some(expected) if expected != old.content_sha256 => Err(ApiError::new(
            ErrorKind::Precondition,
            format!(
                "{name}: the content has SHA-256 `{}`; read the memory again",
                old.content_sha256
            ),
        )),
        Some(_) | None => Ok(()),
    }
}

/// Appends a version; gives its number.
fn append(
    transaction: &Transaction<'_>,
    store: &MemoryStore,
    memory: &str,
    operation: Operation,
    path: &str,
    content: Option<&str>,
    mark: &Mark,
) -> Result<i64, ApiError> {
    let (actor, actor_id) = mark.actor.columns();
    transaction
        .prepare_cached(
            "INSERT INTO memory_versions (id, store, memory, operation, path, content, sha256,
                size, actor, actor_id, created)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            mark.version,
            store.number,
            memory,
            operation.name(),
            path,
            content,
            content.map(|content| Digest::of(content.as_bytes()).to_string()),
            content.map(|content| i64::try_from(content.len()).unwrap_or(i64::MAX)),
            actor,
            actor_id,
            mark.now.as_microsecond(),
        ])?;
    Ok(transaction.last_insert_rowid())
}

//! Versions of memories: lists of them, and the taking out of what one says.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{
    change::Mark,
    shapes::{MemoryVersion, VERSION, View},
};
use crate::serve::{
    ApiError,
    memory_stores::MemoryStore,
    page::{List, Page, Window},
    query::Parameters,
};

const LIST: List = List::newest_first("memory_versions");

/// A question for versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    memory: Option<String>,
    operation: Option<String>,
    session: Option<String>,
    key: Option<String>,
    service_account: Option<String>,
    from: Option<i64>,
    until: Option<i64>,
    view: View,
    window: Window<i64>,
}

impl Question {
    pub(super) fn read(parameters: &Parameters) -> Result<Self, ApiError> {
        let text = |name| parameters.one(name).map(|text| text.map(str::to_owned));
        let operation = text("operation")?;
        if let Some(operation) = &operation
            && !["created", "modified", "deleted"].contains(&operation.as_str())
        {
            return Err(ApiError::invalid(format!(
                "operation: `{operation}` is not `created`, `modified` or `deleted`"
            )));
        }
        let view = View::read(parameters, View::Basic)?;
        let mut window = LIST.numbered(parameters)?;
        window.limit = view.limit(window.limit);
        Ok(Self {
            memory: text("memory_id")?,
            operation,
            session: text("session_id")?,
            key: text("api_key_id")?,
            service_account: text("service_account_id")?,
            from: parameters.time("created_at[gte]")?,
            until: parameters.time("created_at[lte]")?,
            view,
            window,
        })
    }

    /// The page of a store.
    pub(super) fn page(
        &self,
        transaction: &Transaction<'_>,
        store: &MemoryStore,
    ) -> Result<Page<MemoryVersion>, ApiError> {
        // No version is of a service account here.
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT {VERSION}
            WHERE made.store = ?1
                AND (?2 IS NULL OR made.number < ?2)
                AND (?3 IS NULL OR made.memory = ?3)
                AND (?4 IS NULL OR made.operation = ?4)
                AND (?5 IS NULL OR (made.actor = 'session' AND made.actor_id = ?5))
                AND (?6 IS NULL OR (made.actor = 'key' AND made.actor_id = ?6))
                AND ?7 IS NULL
                AND (?8 IS NULL OR made.created >= ?8)
                AND (?9 IS NULL OR made.created <= ?9)
            ORDER BY made.number DESC LIMIT ?10"
        ))?;
        let found = statement
            .query_map(
                params![
                    store.number,
                    self.window.after,
                    self.memory,
                    self.operation,
                    self.session,
                    self.key,
                    self.service_account,
                    self.from,
                    self.until,
                    self.window.rows(),
                ],
                |row| {
                    let number: i64 = row.get(0)?;
                    Ok((number, MemoryVersion::read(row)?.seen(self.view)))
                },
            )?
            .collect::<Result<Vec<_>, _>>()?;
        Ok(LIST.page(found, self.window.limit))
    }
}

/// The version of a store with this id.
pub(super) fn find(
    transaction: &Transaction<'_>,
    store: &MemoryStore,
    id: &str,
) -> Result<MemoryVersion, ApiError> {
    transaction
        .prepare_cached(&format!(
            "SELECT {VERSION} WHERE made.store = ?1 AND made.id = ?2"
        ))?
        .query_row(params![store.number, id], MemoryVersion::read)
        .optional()?
        .ok_or_else(|| ApiError::no_such("memory version", id))
}

/// Takes out what a version says. What a memory says now stays: it is to be changed or deleted first.
pub(super) fn redact(
    transaction: &Transaction<'_>,
    store: &MemoryStore,
    id: &str,
    mark: &Mark,
) -> Result<MemoryVersion, ApiError> {
    let version = find(transaction, store, id)?;
    if version.is_redacted() {
        return Ok(version);
    }
    let is_head: bool = transaction
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM memories
            JOIN memory_versions ON memory_versions.number = memories.head
            WHERE memory_versions.id = ?1)",
        )?
        .query_row([id], |row| row.get(0))?;
    if is_head {
        return Err(ApiError::invalid(format!(
            "memory version `{id}` is what its memory says now; change or delete the memory first"
        )));
    }
    let (actor, actor_id) = mark.actor.columns();
    transaction
        .prepare_cached(
            "UPDATE memory_versions SET path = NULL, content = NULL, sha256 = NULL, size = NULL,
                redacted = ?2, redactor = ?3, redactor_id = ?4
            WHERE id = ?1",
        )?
        .execute(params![id, mark.now.as_microsecond(), actor, actor_id])?;
    find(transaction, store, id)
}

//! The statements on dreams.
//!
//! What always holds: a dream that has ended never changes again but for being archived, and the session
//! that it was made in ends with it, in the same transaction.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{
    order::Order,
    shapes::{Dream, Frozen, Reason, Status},
};
use crate::{
    quantity::{Milliseconds, Tokens},
    serve::{
        ApiError, ErrorKind,
        database::{optional_time, time},
        sessions::Writer,
    },
    transcript::Usage,
};

/// What [`read`] reads.
pub(super) const DREAM: &str = "number, id, owner, status, store, sessions, model, instructions, in_place, session,
    output, newest, uncached_input, cache_write, cache_read, output_tokens, error, message, created, ended,
    archived, active, places FROM dreams";

/// A dream from its row.
pub(super) fn read(row: &Row<'_>) -> Result<Dream, ApiError> {
    let status: String = row.get(3)?;
    let sessions: String = row.get(5)?;
    let tokens = |column| {
        let count: i64 = row.get(column)?;
        Ok::<_, rusqlite::Error>(Tokens(u64::try_from(count).unwrap_or_default()))
    };
    let error: Option<String> = row.get(16)?;
    let message: Option<String> = row.get(17)?;
    let newest: Option<i64> = row.get(11)?;
    let places: Option<String> = row.get(22)?;
    Ok(Dream {
        number: row.get(0)?,
        id: row.get(1)?,
        owner: row.get(2)?,
        status: Status::of(&status).ok_or_else(|| {
            ApiError::new(
                ErrorKind::Internal,
                format!("`{status}` is not the status of a dream"),
            )
        })?,
        order: Order {
            store: row.get(4)?,
            sessions: serde_json::from_str(&sessions)?,
            model: row.get(6)?,
            instructions: row.get(7)?,
            in_place: row.get(8)?,
        },
        session: row.get(9)?,
        output: row.get(10)?,
        frozen: newest
            .zip(places)
            .map(|(newest, places)| {
                serde_json::from_str(&places).map(|places| Frozen { newest, places })
            })
            .transpose()?,
        usage: Usage {
            uncached_input: tokens(12)?,
            cache_write: tokens(13)?,
            cache_read: tokens(14)?,
            output: tokens(15)?,
        },
        error: error.zip(message),
        created: time(row, 18)?,
        ended: optional_time(row, 19)?,
        archived: optional_time(row, 20)?,
        active: Milliseconds(tokens(21)?.0),
    })
}

/// Keeps a new dream.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    owner: &str,
    id: &str,
    order: &Order,
    now: Timestamp,
) -> Result<(), ApiError> {
    transaction
        .prepare_cached(
            "INSERT INTO dreams (id, owner, status, store, sessions, model, instructions, in_place,
                uncached_input, cache_write, cache_read, output_tokens, active, created)
            VALUES (?1, ?2, 'pending', ?3, ?4, ?5, ?6, ?7, 0, 0, 0, 0, 0, ?8)",
        )?
        .execute(params![
            id,
            owner,
            order.store,
            serde_json::to_string(&order.sessions)?,
            order.model,
            order.instructions,
            order.in_place,
            now.as_microsecond()
        ])?;
    let number = transaction.last_insert_rowid();
    let mut statement = transaction.prepare_cached("INSERT INTO dream_sessions VALUES (?1, ?2)")?;
    for session in &order.sessions {
        statement.execute(params![number, session])?;
    }
    Ok(())
}

/// The dream of an owner with this id.
pub(super) fn find(
    transaction: &Transaction<'_>,
    owner: &str,
    id: &str,
) -> Result<Dream, ApiError> {
    transaction
        .prepare_cached(&format!("SELECT {DREAM} WHERE owner = ?1 AND id = ?2"))?
        .query_row(params![owner, id], |row| Ok(read(row)))
        .optional()?
        .unwrap_or_else(|| Err(ApiError::no_such("dream", id)))
}

/// The dream with this id, if it has not ended.
pub(super) fn open(transaction: &Transaction<'_>, id: &str) -> Result<Option<Dream>, ApiError> {
    transaction
        .prepare_cached(&format!(
            "SELECT {DREAM} WHERE id = ?1 AND status IN ('pending', 'running')"
        ))?
        .query_row([id], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

/// The owner and the session of the dream with this id, once it has one.
pub(super) fn session(
    transaction: &Transaction<'_>,
    id: &str,
) -> Result<Option<(String, String)>, ApiError> {
    let found = transaction
        .prepare_cached("SELECT owner, session FROM dreams WHERE id = ?1 AND session IS NOT NULL")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found)
}

/// The ids of all dreams that have not ended, in order.
pub(super) fn all_open(transaction: &Transaction<'_>) -> Result<Vec<String>, ApiError> {
    let mut statement = transaction.prepare_cached(
        "SELECT id FROM dreams WHERE status IN ('pending', 'running') ORDER BY number",
    )?;
    let ids = statement.query_map([], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Whether another dream is writing into this store.
pub(super) fn is_written(transaction: &Transaction<'_>, store: &str) -> Result<bool, ApiError> {
    let found = transaction
        .prepare_cached(
            "SELECT 1 FROM dreams WHERE status IN ('pending', 'running') AND in_place AND store = ?1",
        )?
        .exists([store])?;
    Ok(found)
}

/// Notes that a dream runs, in this session.
pub(super) fn begin(
    transaction: &Transaction<'_>,
    dream: &Dream,
    session: &str,
) -> Result<(), ApiError> {
    transaction
        .prepare_cached("UPDATE dreams SET status = 'running', session = ?2 WHERE number = ?1")?
        .execute(params![dream.number, session])?;
    Ok(())
}

/// Notes what a dream writes into, and what its input was then.
pub(super) fn set_output(
    transaction: &Transaction<'_>,
    dream: &Dream,
    output: &str,
    frozen: &Frozen,
) -> Result<(), ApiError> {
    let places = serde_json::to_string(&frozen.places)?;
    transaction
        .prepare_cached(
            "UPDATE dreams SET output = ?2, newest = ?3, places = ?4 WHERE number = ?1",
        )?
        .execute(params![dream.number, output, frozen.newest, places])?;
    Ok(())
}

/// Books the tokens and the time of a dream.
pub(super) fn book(
    transaction: &Transaction<'_>,
    dream: &Dream,
    usage: Usage,
    active: Milliseconds,
) -> Result<(), ApiError> {
    let column = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    transaction
        .prepare_cached(
            "UPDATE dreams SET uncached_input = ?2, cache_write = ?3, cache_read = ?4,
                output_tokens = ?5, active = ?6 WHERE number = ?1",
        )?
        .execute(params![
            dream.number,
            column(usage.uncached_input.0),
            column(usage.cache_write.0),
            column(usage.cache_read.0),
            column(usage.output.0),
            column(active.0)
        ])?;
    Ok(())
}

/// How a dream ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    Completed,
    Failed(Reason, String),
    Canceled,
}

/// Ends a dream that has not ended, and its session.
pub(super) fn end(writer: &Writer<'_>, dream: &Dream, ending: &Ending) -> Result<(), ApiError> {
    let (status, error, message) = match ending {
        Ending::Completed => (Status::Completed, None, None),
        Ending::Canceled => (Status::Canceled, None, None),
        Ending::Failed(reason, message) => (Status::Failed, Some(reason.as_str()), Some(message)),
    };
    writer
        .transaction
        .prepare_cached(
            "UPDATE dreams SET status = ?2, error = ?3, message = ?4, ended = ?5 WHERE number = ?1",
        )?
        .execute(params![
            dream.number,
            status.as_str(),
            error,
            message,
            writer.now.as_microsecond()
        ])?;
    if let Some(session) = &dream.session {
        let summary = match ending {
            Ending::Completed => "The dream is complete.".to_owned(),
            Ending::Canceled => "The dream was canceled.".to_owned(),
            Ending::Failed(_, message) => format!("The dream failed: {message}."),
        };
        writer.end_pipeline(&dream.owner, session, &summary, dream.usage, dream.active)?;
    }
    Ok(())
}

/// Archives a dream that has ended, once.
pub(super) fn archive(
    transaction: &Transaction<'_>,
    dream: &Dream,
    now: Timestamp,
) -> Result<(), ApiError> {
    transaction
        .prepare_cached("UPDATE dreams SET archived = ?2 WHERE number = ?1 AND archived IS NULL")?
        .execute(params![dream.number, now.as_microsecond()])?;
    Ok(())
}

/// Lets the dreams fail that read a store which is no longer there, or takes nothing more.
pub(in crate::serve) fn store_is_gone(writer: &Writer<'_>, store: &str) -> Result<(), ApiError> {
    let select = format!("SELECT {DREAM} WHERE status IN ('pending', 'running') AND store = ?1");
    let message = format!("memory store `{store}` was archived or deleted");
    fail(
        writer,
        (&select, store),
        &Ending::Failed(Reason::Store, message),
    )
}

/// Lets the dreams fail that read a session which is no longer there.
pub(in crate::serve) fn session_is_gone(
    writer: &Writer<'_>,
    session: &str,
) -> Result<(), ApiError> {
    let select = format!(
        "SELECT {DREAM} WHERE status IN ('pending', 'running')
            AND number IN (SELECT dream FROM dream_sessions WHERE dream_sessions.session = ?1)"
    );
    let message = format!("session `{session}` was deleted");
    fail(
        writer,
        (&select, session),
        &Ending::Failed(Reason::Session, message),
    )
}

fn fail(writer: &Writer<'_>, (select, id): (&str, &str), ending: &Ending) -> Result<(), ApiError> {
    let mut statement = writer.transaction.prepare_cached(select)?;
    let mut rows = statement.query([id])?;
    let mut dreams = Vec::new();
    while let Some(row) = rows.next()? {
        dreams.push(read(row)?);
    }
    for dream in dreams {
        end(writer, &dream, ending)?;
    }
    Ok(())
}

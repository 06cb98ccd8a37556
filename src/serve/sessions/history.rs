//! The events of a session: how they are written, read and sent.
//!
//! What always holds: an event that has a place never changes and keeps it, and places are given in the
//! order in which things happened, without gaps.

use jiff::Timestamp;
use rusqlite::{Row, Transaction, params};
use serde_json::{Map, Value, json};

use super::{
    cost,
    session::{Session, Status, column, json as read_json},
};
use crate::{
    price::PriceList,
    quantity::Milliseconds,
    serve::{
        ApiError, Database,
        database::{optional_time, time},
    },
};

/// Kinds that the server itself has to know again.
pub(super) mod kind {
    pub(in crate::serve::sessions) const MESSAGE: &str = "user.message";
    pub(in crate::serve::sessions) const INTERRUPT: &str = "user.interrupt";
    pub(in crate::serve::sessions) const OUTCOME: &str = "user.define_outcome";
    pub(in crate::serve::sessions) const RESULT: &str = "user.custom_tool_result";
    pub(in crate::serve::sessions) const CONFIRMATION: &str = "user.tool_confirmation";
    pub(in crate::serve::sessions) const SAID: &str = "agent.message";
    pub(in crate::serve::sessions) const CALL: &str = "agent.custom_tool_use";
    pub(in crate::serve::sessions) const TOOL_USE: &str = "agent.tool_use";
    pub(in crate::serve::sessions) const TOOL_RESULT: &str = "agent.tool_result";
    pub(in crate::serve::sessions) const REQUEST_END: &str = "span.model_request_end";
    pub(in crate::serve::sessions) const EVALUATION_END: &str = "span.outcome_evaluation_end";
}

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stored {
    /// The number of its row.
    pub(super) number: i64,
    pub(super) id: String,
    /// Its place in the history; absent while it is queued.
    pub(super) place: Option<i64>,
    pub(super) kind: String,
    /// Its fields, but for those that every event has.
    pub(super) body: Value,
    /// The time that the agent worked, which no field says.
    pub(super) active: Milliseconds,
    pub(super) created: Timestamp,
    pub(super) processed: Option<Timestamp>,
}

/// What [`Stored::read`] reads, from `session_events`.
pub(super) const COLUMNS: &str = "number, id, place, kind, body, active, created, processed";

impl Stored {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let active: Option<i64> = row.get(5)?;
        Ok(Self {
            number: row.get(0)?,
            id: row.get(1)?,
            place: row.get(2)?,
            kind: row.get(3)?,
            body: read_json(row, 4)?,
            active: Milliseconds(active.map_or(0, |active| u64::try_from(active).unwrap_or(0))),
            created: time(row, 6)?,
            processed: optional_time(row, 7)?,
        })
    }

    /// The event as it is sent.
    pub(super) fn wire(&self) -> Value {
        wire(&self.kind, &self.id, self.processed, &self.body)
    }
}

fn wire(kind: &str, id: &str, processed: Option<Timestamp>, body: &Value) -> Value {
    let mut event = Map::new();
    event.insert("type".to_owned(), json!(kind));
    event.insert("id".to_owned(), json!(id));
    event.insert("processed_at".to_owned(), json!(processed));
    if let Value::Object(fields) = body {
        event.extend(fields.clone());
    }
    Value::Object(event)
}

/// The event that ends the streams of a deleted session. Nothing keeps it.
pub(super) fn deleted(id: &str, now: Timestamp) -> Value {
    wire("session.deleted", id, Some(now), &json!({}))
}

/// The events behind a place, in order, at most so many.
pub(super) fn after(
    transaction: &Transaction<'_>,
    session: i64,
    place: i64,
    most: i64,
) -> Result<Vec<Stored>, ApiError> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM session_events WHERE session = ?1 AND place > ?2
        ORDER BY place LIMIT ?3"
    ))?;
    let events = statement.query_map([session, place, most], Stored::read)?;
    Ok(events.collect::<Result<_, _>>()?)
}

/// Events that were sent and wait to be processed, in order.
pub(super) fn queued(transaction: &Transaction<'_>, session: i64) -> Result<Vec<Stored>, ApiError> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM session_events WHERE session = ?1 AND place IS NULL ORDER BY number"
    ))?;
    let events = statement.query_map([session], Stored::read)?;
    Ok(events.collect::<Result<_, _>>()?)
}

/// The kind and the body of one event of a session.
pub(super) fn find(
    transaction: &Transaction<'_>,
    session: i64,
    id: &str,
) -> Result<Option<Stored>, ApiError> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM session_events WHERE session = ?1 AND id = ?2"
    ))?;
    let mut events = statement.query_map(params![session, id], Stored::read)?;
    Ok(events.next().transpose()?)
}

/// Writes the history of sessions within a transaction, at one point in time.
pub(in crate::serve) struct Writer<'w> {
    pub(in crate::serve) transaction: &'w Transaction<'w>,
    pub(in crate::serve) database: &'w Database,
    pub(in crate::serve) prices: &'w PriceList,
    pub(in crate::serve) now: Timestamp,
}

/// An event that is to be written.
pub(super) struct Entry<'e> {
    pub(super) kind: &'e str,
    pub(super) body: Value,
    /// The time that the agent worked, in an event that ends a model request.
    pub(super) active: Option<Milliseconds>,
    /// Whether the embedded agent sees it when it is replayed.
    pub(super) played: bool,
}

impl<'e> Entry<'e> {
    /// An event with these fields.
    pub(super) fn new(kind: &'e str, body: Value) -> Self {
        Self {
            kind,
            body,
            active: None,
            played: true,
        }
    }
}

impl Writer<'_> {
    /// A new id with this prefix.
    pub(super) fn id(&self, prefix: &str) -> String {
        self.database.ids().next(prefix)
    }

    /// Appends an event to the history; gives its id.
    pub(super) fn append(
        &self,
        session: &mut Session,
        entry: &Entry<'_>,
    ) -> Result<String, ApiError> {
        session.place += 1;
        let place = session.place;
        let stored = self.insert(session, entry, Some(place), Some(self.now))?;
        Ok(stored.id)
    }

    /// Keeps an event that a client sent, without a place.
    pub(super) fn queue(
        &self,
        session: &Session,
        entry: &Entry<'_>,
        is_processed: bool,
    ) -> Result<Stored, ApiError> {
        self.insert(session, entry, None, is_processed.then_some(self.now))
    }

    fn insert(
        &self,
        session: &Session,
        entry: &Entry<'_>,
        place: Option<i64>,
        processed: Option<Timestamp>,
    ) -> Result<Stored, ApiError> {
        let id = self.id("sevt");
        self.transaction
            .prepare_cached(
                "INSERT INTO session_events
                    (id, session, place, kind, body, active, played, created, processed)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                id,
                session.number,
                place,
                entry.kind,
                serde_json::to_string(&entry.body)?,
                entry.active.map(|active| column(active.0)),
                entry.played,
                self.now.as_microsecond(),
                processed.map(Timestamp::as_microsecond),
            ])?;
        Ok(Stored {
            number: self.transaction.last_insert_rowid(),
            id,
            place,
            kind: entry.kind.to_owned(),
            body: entry.body.clone(),
            active: entry.active.unwrap_or_default(),
            created: self.now,
            processed,
        })
    }

    /// Gives queued events their places. Those that came back as processed are so now, so that times are in
    /// the order of places.
    pub(super) fn place(&self, session: &mut Session, events: &[Stored]) -> Result<(), ApiError> {
        for event in events {
            session.place += 1;
            self.transaction
                .prepare_cached(
                    "UPDATE session_events SET place = ?2, processed = ?3 WHERE number = ?1",
                )?
                .execute(params![
                    event.number,
                    session.place,
                    self.now.as_microsecond()
                ])?;
        }
        Ok(())
    }

    /// Says that the session runs, unless its history says so already.
    pub(super) fn say_running(&self, session: &mut Session) -> Result<(), ApiError> {
        if session.awake {
            return Ok(());
        }
        session.awake = true;
        self.append(session, &Entry::new("session.status_running", json!({})))?;
        let thread = Self::thread(session, None);
        self.append(
            session,
            &Entry::new("session.thread_status_running", thread),
        )?;
        Ok(())
    }

    /// Says that the session is idle and why. It still runs if something is queued.
    pub(super) fn say_idle(&self, session: &mut Session, reason: &Value) -> Result<(), ApiError> {
        let thread = Self::thread(session, Some(reason));
        self.append(session, &Entry::new("session.thread_status_idle", thread))?;
        let usage = json!({
            "usage": cost::usage(session, self.prices),
            "budget": cost::budget(session.budget),
        });
        self.append(session, &Entry::new("session.usage", usage))?;
        let body = json!({"stop_reason": reason, "stop_details": null});
        self.append(session, &Entry::new("session.status_idle", body))?;
        session.awake = false;
        session.updated = self.now;
        session.status = if queued(self.transaction, session.number)?.is_empty() {
            Status::Idle
        } else {
            Status::Running
        };
        Ok(())
    }

    /// Says that the session has ended for good.
    pub(super) fn say_terminated(&self, session: &mut Session) -> Result<(), ApiError> {
        let thread = Self::thread(session, None);
        self.append(
            session,
            &Entry::new("session.thread_status_terminated", thread),
        )?;
        self.append(session, &Entry::new("session.status_terminated", json!({})))?;
        session.awake = false;
        session.waiting.clear();
        session.status = Status::Terminated;
        session.updated = self.now;
        session.ended = Some(self.now);
        Ok(())
    }

    fn thread(session: &Session, reason: Option<&Value>) -> Value {
        let mut thread = json!({
            "session_thread_id": session.thread,
            "agent_name": session.agent_name(),
        });
        if let Some(reason) = reason {
            thread["stop_reason"] = reason.clone();
            thread["stop_details"] = Value::Null;
        }
        thread
    }
}

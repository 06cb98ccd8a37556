//! A session's row: what it is, what it has cost, what it waits for.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, Transaction, params, types::Type};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    experiment::{Limits, Reference},
    quantity::{Milliseconds, Seed, Tokens},
    serve::{
        ApiError,
        database::{optional_time, time},
        patch::Metadata,
    },
    transcript::Usage,
};

/// Whether a session works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It waits for the client.
    Idle,
    /// It has something to process or to do.
    Running,
    /// It takes nothing any more.
    Terminated,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Terminated => "terminated",
        }
    }

    fn of(name: &str) -> Self {
        match name {
            "idle" => Self::Idle,
            "running" => Self::Running,
            _ => Self::Terminated,
        }
    }
}

/// Refuses names that are no status of the API.
pub(super) fn check_statuses(names: &[String]) -> Result<(), ApiError> {
    let known = ["idle", "running", "rescheduling", "terminated"];
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(other) => Err(ApiError::invalid(format!(
            "statuses[]: `{}` is none of `{}`",
            other.escape_debug(),
            known.join("`, `")
        ))),
    }
}

/// What the embedded agent of a session is from its first event on, whatever is changed later: its
/// history is replayed with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Opening {
    /// The seed of its draws.
    pub(super) seed: Seed,
    /// The newest version of any memory then.
    pub(super) newest_version: i64,
    /// The tools of its agent, as they are sent.
    pub(super) tools: Vec<Value>,
    /// The limits of the embedded agent.
    pub(super) limits: Limits,
    /// The speeds and habits of the embedded agent.
    pub(super) habits: Reference,
    /// The version of the program that the embedded agent is of.
    pub(super) program: String,
}

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Session {
    /// The number of its row; 0 before it has one.
    pub(super) number: i64,
    pub(super) id: String,
    pub(super) owner: String,
    /// The id of its thread.
    pub(super) thread: String,
    /// Its agent, as it is sent.
    pub(super) agent: Value,
    pub(super) agent_id: String,
    pub(super) agent_version: i64,
    pub(super) environment: String,
    pub(super) title: Option<String>,
    pub(super) metadata: Metadata,
    /// The most that it may cost, in cents.
    pub(super) budget: Option<i64>,
    pub(super) status: Status,
    /// Whether its history says that it runs.
    pub(super) awake: bool,
    /// The events that wait for an answer of the client.
    pub(super) waiting: Vec<String>,
    /// Whether it stopped because its budget is spent.
    pub(super) capped: bool,
    /// Whether it is a dream's, which nobody talks to.
    pub(super) pipeline: bool,
    /// Absent until its first event is processed.
    pub(super) opening: Option<Opening>,
    /// The place of the last event of its history.
    pub(super) place: i64,
    pub(super) usage: Usage,
    pub(super) active: Milliseconds,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// When it was terminated.
    pub(super) ended: Option<Timestamp>,
    pub(super) archived: Option<Timestamp>,
}

/// What [`Session::read`] reads.
pub(super) const COLUMNS: &str = "object.number, object.id, object.owner, object.thread,
    object.agent, object.agent_id, object.agent_version, object.environment, object.title,
    object.metadata, object.budget, object.status, object.awake, object.waiting, object.capped,
    object.pipeline, object.opening, object.place, object.uncached_input, object.cache_write,
    object.cache_read, object.output, object.active, object.created, object.updated, object.ended,
    object.archived";

impl Session {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let status: String = row.get(11)?;
        let opening: Option<String> = row.get(16)?;
        Ok(Self {
            number: row.get(0)?,
            id: row.get(1)?,
            owner: row.get(2)?,
            thread: row.get(3)?,
            agent: json(row, 4)?,
            agent_id: row.get(5)?,
            agent_version: row.get(6)?,
            environment: row.get(7)?,
            title: row.get(8)?,
            metadata: json(row, 9)?,
            budget: row.get(10)?,
            status: Status::of(&status),
            awake: row.get(12)?,
            waiting: json(row, 13)?,
            capped: row.get(14)?,
            pipeline: row.get(15)?,
            opening: opening.map(|_| json(row, 16)).transpose()?,
            place: row.get(17)?,
            usage: Usage {
                uncached_input: Tokens(count(row, 18)?),
                cache_write: Tokens(count(row, 19)?),
                cache_read: Tokens(count(row, 20)?),
                output: Tokens(count(row, 21)?),
            },
            active: Milliseconds(count(row, 22)?),
            created: time(row, 23)?,
            updated: time(row, 24)?,
            ended: optional_time(row, 25)?,
            archived: optional_time(row, 26)?,
        })
    }

    /// The name of its agent.
    pub(super) fn agent_name(&self) -> &str {
        self.agent["name"].as_str().unwrap_or_default()
    }

    /// The model of its agent.
    pub(super) fn model(&self) -> &str {
        self.agent["model"]["id"].as_str().unwrap_or_default()
    }

    /// Refuses to do anything to a session that is a dream's.
    pub(super) fn must_be_nobodys_dream(&self) -> Result<(), ApiError> {
        if !self.pipeline {
            return Ok(());
        }
        Err(ApiError::invalid(format!(
            "session `{}` is a dream's and takes no events; cancel the dream to end it",
            self.id
        )))
    }

    /// Refuses what is not possible while it runs.
    pub(super) fn must_rest(&self, what: &str) -> Result<(), ApiError> {
        match self.status {
            Status::Idle | Status::Terminated => Ok(()),
            Status::Running if self.pipeline => self.must_be_nobodys_dream(),
            Status::Running => Err(ApiError::invalid(format!(
                "session `{}` is running and cannot be {what}; interrupt it or wait until it is idle",
                self.id
            ))),
        }
    }

    /// Refuses what is not possible once it has ended.
    pub(super) fn must_be_alive(&self) -> Result<(), ApiError> {
        match self.status {
            Status::Idle | Status::Running => Ok(()),
            Status::Terminated => Err(ApiError::invalid(format!(
                "session `{}` is terminated and takes nothing any more",
                self.id
            ))),
        }
    }

    /// Keeps a new session; gives it its number.
    pub(super) fn insert(&mut self, transaction: &Transaction<'_>) -> Result<(), ApiError> {
        transaction
            .prepare_cached(
                "INSERT INTO sessions (id, owner, thread, agent, agent_id, agent_version,
                    environment, metadata, status, awake, waiting, capped, pipeline, place,
                    uncached_input, cache_write, cache_read, output, active, created, updated)
                VALUES (?1, ?2, ?3, '', ?4, ?5, ?6, '', '', 0, '', 0, ?7, 0, 0, 0, 0, 0, 0, ?8, ?8)",
            )?
            .execute(params![
                self.id,
                self.owner,
                self.thread,
                self.agent_id,
                self.agent_version,
                self.environment,
                self.pipeline,
                self.created.as_microsecond(),
            ])?;
        self.number = transaction.last_insert_rowid();
        self.save(transaction)
    }

    /// Keeps what has changed.
    pub(super) fn save(&self, transaction: &Transaction<'_>) -> Result<(), ApiError> {
        let opening = self.opening.as_ref().map(serde_json::to_string);
        transaction
            .prepare_cached(
                "UPDATE sessions SET agent = ?2, title = ?3, metadata = ?4, budget = ?5,
                    status = ?6, awake = ?7, waiting = ?8, capped = ?9, opening = ?10, place = ?11,
                    uncached_input = ?12, cache_write = ?13, cache_read = ?14, output = ?15,
                    active = ?16, updated = ?17, ended = ?18, archived = ?19
                WHERE number = ?1",
            )?
            .execute(params![
                self.number,
                serde_json::to_string(&self.agent)?,
                self.title,
                serde_json::to_string(&self.metadata)?,
                self.budget,
                self.status.as_str(),
                self.awake,
                serde_json::to_string(&self.waiting)?,
                self.capped,
                opening.transpose()?,
                self.place,
                column(self.usage.uncached_input.0),
                column(self.usage.cache_write.0),
                column(self.usage.cache_read.0),
                column(self.usage.output.0),
                column(self.active.0),
                self.updated.as_microsecond(),
                self.ended.map(Timestamp::as_microsecond),
                self.archived.map(Timestamp::as_microsecond),
            ])?;
        Ok(())
    }
}

/// The session of an owner with this id.
pub(super) fn find(
    transaction: &Transaction<'_>,
    owner: &str,
    id: &str,
) -> Result<Session, ApiError> {
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions AS object WHERE object.owner = ?1 AND object.id = ?2"
        ))?
        .query_row(params![owner, id], Session::read)
        .optional()?
        .ok_or_else(|| ApiError::no_such("session", id))
}

/// The session with this number, if it was not deleted.
pub(super) fn numbered(
    transaction: &Transaction<'_>,
    number: i64,
) -> Result<Option<Session>, ApiError> {
    let found = transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions AS object WHERE object.number = ?1"
        ))?
        .query_row([number], Session::read)
        .optional()?;
    Ok(found)
}

/// The sessions that have something to do, in order of their numbers.
pub(in crate::serve) fn running(transaction: &Transaction<'_>) -> Result<Vec<i64>, ApiError> {
    let mut statement = transaction.prepare_cached(
        "SELECT number FROM sessions WHERE status = 'running' AND NOT pipeline ORDER BY number",
    )?;
    let numbers = statement.query_map([], |row| row.get(0))?;
    Ok(numbers.collect::<Result<_, _>>()?)
}

/// A count as it is kept.
pub(super) fn column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn count(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let kept: i64 = row.get(index)?;
    Ok(u64::try_from(kept).unwrap_or(0))
}

/// A column that holds JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<T> {
    let text: String = row.get(index)?;
    serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
    })
}

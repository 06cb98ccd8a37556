//! The tables, and how a file is opened and looked over.
//!
//! The keys of `tasks` and `dreams` are in the order in which they are read: the arms of one task stand
//! side by side, whatever the numbers of their trials, so that pairs are made in one pass without
//! sorting.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::{
    FORMAT, Manifest, Planned, RecordError,
    error::{content, reading},
    rows::Columns,
};

pub(super) const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE trials_planned (
    number INTEGER PRIMARY KEY,
    scenario INTEGER NOT NULL,
    arm INTEGER NOT NULL,
    repetition INTEGER NOT NULL,
    UNIQUE (repetition, scenario, arm)
) STRICT;
CREATE TABLE trials (
    number INTEGER PRIMARY KEY,
    outcome TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE TABLE sessions (
    trial INTEGER NOT NULL,
    session INTEGER NOT NULL,
    entries TEXT NOT NULL,
    said TEXT NOT NULL,
    memory_entries INTEGER NOT NULL,
    memory_tokens INTEGER NOT NULL,
    PRIMARY KEY (trial, session)
) STRICT, WITHOUT ROWID;
CREATE TABLE tasks (
    repetition INTEGER NOT NULL,
    scenario INTEGER NOT NULL,
    session INTEGER NOT NULL,
    task INTEGER NOT NULL,
    arm INTEGER NOT NULL,
    trial INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    first_try INTEGER NOT NULL,
    probe INTEGER NOT NULL,
    necessary_clarifications INTEGER NOT NULL,
    avoidable_clarifications INTEGER NOT NULL,
    repeated_clarifications INTEGER NOT NULL,
    unanswerable_clarifications INTEGER NOT NULL,
    corrections INTEGER NOT NULL,
    revisions INTEGER NOT NULL,
    wrong_assumptions INTEGER NOT NULL,
    stale_uses INTEGER NOT NULL,
    scope_errors INTEGER NOT NULL,
    failed_calls INTEGER NOT NULL,
    agent_uncached_input INTEGER NOT NULL,
    agent_cache_write INTEGER NOT NULL,
    agent_cache_read INTEGER NOT NULL,
    agent_output INTEGER NOT NULL,
    final_grader_uncached_input INTEGER NOT NULL,
    final_grader_cache_write INTEGER NOT NULL,
    final_grader_cache_read INTEGER NOT NULL,
    final_grader_output INTEGER NOT NULL,
    in_session_grader_uncached_input INTEGER NOT NULL,
    in_session_grader_cache_write INTEGER NOT NULL,
    in_session_grader_cache_read INTEGER NOT NULL,
    in_session_grader_output INTEGER NOT NULL,
    active_ms INTEGER NOT NULL,
    score_met INTEGER,
    score_all INTEGER,
    verdicts TEXT,
    PRIMARY KEY (repetition, scenario, session, task, arm)
) STRICT, WITHOUT ROWID;
CREATE TABLE dreams (
    repetition INTEGER NOT NULL,
    scenario INTEGER NOT NULL,
    session INTEGER NOT NULL,
    arm INTEGER NOT NULL,
    trial INTEGER NOT NULL,
    entries_before INTEGER NOT NULL,
    tokens_before INTEGER NOT NULL,
    entries_after INTEGER NOT NULL,
    tokens_after INTEGER NOT NULL,
    uncached_input INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    output INTEGER NOT NULL,
    active_ms INTEGER NOT NULL,
    edits TEXT NOT NULL,
    store TEXT NOT NULL,
    PRIMARY KEY (repetition, scenario, session, arm)
) STRICT, WITHOUT ROWID;
";

/// What live parts spent, by session, role and model: also on sessions that did not come to their end,
/// and on each attempt at a session that was begun again; what of their work was not taken; and the
/// objects of a service that they rest on. Since format 2.
pub(super) const LIVE: &str = "
CREATE TABLE IF NOT EXISTS spending (
    trial INTEGER NOT NULL,
    session INTEGER NOT NULL,
    role TEXT NOT NULL,
    model TEXT NOT NULL,
    calls INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    uncached_input INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    output INTEGER NOT NULL,
    micro_usd INTEGER NOT NULL,
    estimated_calls INTEGER NOT NULL,
    served TEXT NOT NULL,
    PRIMARY KEY (trial, session, role, model)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS remarks (
    trial INTEGER NOT NULL,
    session INTEGER NOT NULL,
    number INTEGER NOT NULL,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (trial, session, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS evidence (
    trial INTEGER NOT NULL,
    session INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (trial, session, number)
) STRICT, WITHOUT ROWID;
";

/// What is wanted of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Opens a file that is there.
pub(super) fn connect(path: &Path, access: Access) -> Result<Connection, RecordError> {
    if let Err(source) = path.metadata() {
        let path = path.to_owned();
        return Err(if source.kind() == std::io::ErrorKind::NotFound {
            RecordError::Missing { path }
        } else {
            RecordError::Open { path, source }
        });
    }
    let mode = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(reading(path))
}

/// The manifest of a file, if it is a record that this program reads.
pub(super) fn manifest(connection: &Connection, path: &Path) -> Result<Manifest, RecordError> {
    let there = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta'";
    let there: i64 = connection
        .query_row(there, [], |row| row.get(0))
        .map_err(reading(path))?;
    let not_a_record = || RecordError::NotARecord {
        path: path.to_owned(),
    };
    if there == 0 {
        return Err(not_a_record());
    }
    let value = |key: &str| {
        let value = "SELECT value FROM meta WHERE key = ?1";
        let value = connection.query_row(value, [key], |row| row.get::<_, String>(0));
        value
            .optional()
            .map_err(reading(path))?
            .ok_or_else(not_a_record)
    };
    // The format stands apart, to be looked at before anything that may have changed with it.
    let found = value("format")?;
    let found: u64 = found
        .parse()
        .map_err(content(path, || "the format".to_owned()))?;
    if found > u64::from(FORMAT) {
        return Err(RecordError::Newer {
            path: path.to_owned(),
            found,
        });
    }
    let text = value("manifest")?;
    let parsed: Result<Manifest, _> = serde_json::from_str(&text);
    let mut manifest = parsed.map_err(content(path, || "the manifest".to_owned()))?;
    manifest.trials = trials(connection).map_err(reading(path))?;
    Ok(manifest)
}

fn trials(connection: &Connection) -> rusqlite::Result<Vec<Planned>> {
    let mut statement = connection
        .prepare("SELECT number, scenario, arm, repetition FROM trials_planned ORDER BY number")?;
    let trial = |row: &rusqlite::Row<'_>| {
        let mut columns = Columns::new(row);
        Ok(Planned {
            number: columns.index()?,
            scenario: columns.index()?,
            arm: columns.index()?,
            repetition: columns.small()?,
        })
    };
    statement.query_map([], trial)?.collect()
}

/// Refuses a file whose parts do not fit together. Reads all of it.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), RecordError> {
    let damaged = |finding: String| {
        Err(RecordError::Damaged {
            path: path.to_owned(),
            finding,
        })
    };
    // SQLite reads zeros where a file was cut within its last page. Beside a log that is still to be
    // brought in, the file itself may be short.
    let length = |path: &Path| path.metadata().map_or(0, |data| data.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if length(Path::new(&log)) == 0 {
        let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let whole = connection
            .query_row(pages, [], |row| Columns::new(row).amount())
            .map_err(reading(path))?;
        if length(path) < whole {
            return damaged(format!("it has {} bytes of {whole}", length(path)));
        }
    }
    let finding: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(reading(path))?;
    if finding == "ok" {
        return Ok(());
    }
    // SQLite begins its list with a line of asterisks.
    damaged(
        finding
            .lines()
            .rfind(|line| !line.is_empty())
            .unwrap_or_default()
            .to_owned(),
    )
}

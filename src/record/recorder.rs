//! Writes events as they come, in groups that are committed together.
//!
//! An event is committed after at most [`GROUP`] of them, at a [`Recorder::flush`] and at the end; until
//! then a crash loses it. A recorder that is dropped commits what it holds, without a word if that fails.
//! After a failed write nothing more is written: the group is gone, and what came after it would leave a
//! hole.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, params};

use super::{
    FORMAT, Manifest, Planned, RecordError,
    error::writing,
    insert::{insert_evidence, insert_outcome, insert_session, insert_spending},
    rows::whole,
    schema::{self, Access, LIVE, TABLES, check, connect},
};
use crate::event::Event;

/// How many events are committed together.
pub(super) const GROUP: usize = 256;

/// Writes a record.
#[derive(Debug)]
pub struct Recorder {
    connection: Connection,
    path: PathBuf,
    trials: Vec<Planned>,
    pending: usize,
    /// Set while an event is being written, and for good if that fails.
    broken: bool,
}

impl Recorder {
    /// Makes a new record at `path`, where nothing may be.
    pub fn create(path: &Path, manifest: &Manifest) -> Result<Self, RecordError> {
        if let Err(source) = OpenOptions::new().write(true).create_new(true).open(path) {
            let path = path.to_owned();
            return Err(if source.kind() == std::io::ErrorKind::AlreadyExists {
                RecordError::Exists { path }
            } else {
                RecordError::Open { path, source }
            });
        }
        let made = Self::make(path, manifest);
        if made.is_err() {
            // It has nothing in it, and would be in the way of the next attempt.
            let _ = std::fs::remove_file(path);
        }
        made
    }

    fn make(path: &Path, manifest: &Manifest) -> Result<Self, RecordError> {
        let mut recorder =
            Self::over(connect(path, Access::Write)?, path, manifest.trials.clone())?;
        let text = serde_json::to_string_pretty(manifest)
            .map_err(super::error::content(path, || "the manifest".to_owned()))?;
        recorder.fill(&text).map_err(writing(path))?;
        Ok(recorder)
    }

    fn fill(&mut self, manifest: &str) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.execute_batch(TABLES)?;
        transaction.execute_batch(LIVE)?;
        let format = FORMAT.to_string();
        transaction.execute("INSERT INTO meta VALUES ('format', ?1)", [format])?;
        transaction.execute("INSERT INTO meta VALUES ('manifest', ?1)", [manifest])?;
        {
            let mut statement =
                transaction.prepare("INSERT INTO trials_planned VALUES (?1, ?2, ?3, ?4)")?;
            for trial in &self.trials {
                statement.execute(params![
                    whole(trial.number),
                    whole(trial.scenario),
                    whole(trial.arm),
                    trial.repetition
                ])?;
            }
        }
        transaction.commit()
    }

    /// Opens the record at `path` to go on with it, if it is of the same plan.
    pub fn resume(path: &Path, manifest: &Manifest) -> Result<Self, RecordError> {
        let connection = connect(path, Access::Write)?;
        let recorded = schema::manifest(&connection, path)?;
        if recorded.plan_digest != manifest.plan_digest {
            return Err(RecordError::OtherPlan {
                path: path.to_owned(),
                recorded: recorded.plan_digest,
                planned: manifest.plan_digest.clone(),
            });
        }
        check(&connection, path)?;
        let resumed = Self::over(connection, path, recorded.trials)?;
        // A record that was begun before there were live parts has no account of them.
        resumed
            .connection
            .execute_batch(LIVE)
            .map_err(writing(path))?;
        Ok(resumed)
    }

    fn over(
        connection: Connection,
        path: &Path,
        trials: Vec<Planned>,
    ) -> Result<Self, RecordError> {
        let set = || {
            // Pages of this size hold a whole session; it counts for a new file only.
            connection.busy_timeout(Duration::from_millis(500))?;
            connection.pragma_update(None, "page_size", 16_384)?;
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "wal_autocheckpoint", 2_000)?;
            connection.pragma_update(None, "cache_size", -32_768)
        };
        set().map_err(writing(path))?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            trials,
            pending: 0,
            broken: false,
        })
    }

    /// Writes an event. A session that is there already is refused, and nothing else is changed by that.
    pub fn keep(&mut self, event: &Event) -> Result<(), RecordError> {
        if self.broken {
            return Err(RecordError::Closed {
                path: self.path.clone(),
            });
        }
        let number = match event {
            Event::Session(session) => session.trial,
            Event::Trial { trial, .. } => *trial,
        };
        let unknown = || RecordError::UnknownTrial {
            path: self.path.clone(),
            trial: number,
        };
        let trial = self.trials.get(number).copied().ok_or_else(unknown)?;
        self.broken = true;
        let written = self.begin().and_then(|()| match event {
            Event::Session(session) => insert_session(&self.connection, session, trial),
            Event::Trial { outcome, lost, .. } => {
                if let Some(lost) = lost {
                    insert_spending(&self.connection, number, lost.session, &lost.account)?;
                    insert_evidence(&self.connection, number, lost.session, &lost.evidence)?;
                }
                insert_outcome(&self.connection, number, outcome).map(|()| true)
            }
        });
        let new = self.settle(written)?;
        if let (false, Event::Session(session)) = (new, event) {
            return Err(RecordError::Twice {
                path: self.path.clone(),
                trial: number,
                session: session.session,
            });
        }
        self.pending += 1;
        if self.pending >= GROUP {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Commits what was kept so far.
    pub fn flush(&mut self) -> Result<(), RecordError> {
        if self.broken {
            return Err(RecordError::Closed {
                path: self.path.clone(),
            });
        }
        self.pending = 0;
        let written = if self.connection.is_autocommit() {
            Ok(())
        } else {
            self.connection.execute_batch("COMMIT")
        };
        self.settle(written)
    }

    /// Commits what was kept and leaves one file. While somebody reads the record, what was committed last
    /// stays in the file beside it.
    pub fn finish(mut self) -> Result<(), RecordError> {
        self.flush()?;
        let one_file = || {
            self.connection.busy_timeout(Duration::from_millis(200))?;
            self.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            self.connection
                .pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
        };
        match one_file().map_err(writing(&self.path)) {
            Err(RecordError::Busy { .. }) => Ok(()),
            result => result,
        }
    }

    /// After a failure the group is undone and the recorder closed.
    fn settle<T>(&mut self, written: rusqlite::Result<T>) -> Result<T, RecordError> {
        self.broken = written.is_err();
        if self.broken && !self.connection.is_autocommit() {
            // SQLite may have undone it already, and undoes it at the next opening if this fails too.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        written.map_err(writing(&self.path))
    }

    fn begin(&self) -> rusqlite::Result<()> {
        if self.connection.is_autocommit() {
            self.connection.execute_batch("BEGIN IMMEDIATE")
        } else {
            Ok(())
        }
    }

    /// Lets the file grow no further than this many pages more.
    #[cfg(test)]
    pub(super) fn leave_pages(&self, more: i64) {
        let pages: i64 = self
            .connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        self.connection
            .pragma_update_and_check(None, "max_page_count", pages + more, |_| Ok(()))
            .unwrap();
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if !self.broken {
            // Who wants to know calls `flush` or `finish`.
            let _ = self.flush();
        }
    }
}

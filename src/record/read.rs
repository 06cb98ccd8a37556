//! The record as rows.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, Row, params};

use super::{FORMAT, Manifest, RecordError};
use crate::{
    dream::Edit,
    event::PastSession,
    memory::Store,
    quantity::{Milliseconds, Tokens},
    run::History,
    transcript::{Entry, Usage},
    user::Said,
};

/// A record that is read, never written.
pub struct Record {
    path: PathBuf,
    connection: Connection,
    manifest: Manifest,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every deliverable was graded.
    Graded,
    /// The backend failed.
    BackendFailed,
    /// The run was stopped.
    Canceled,
}

/// A trial that was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Its number in the plan.
    pub number: usize,
    /// The scenario's number in the manifest.
    pub scenario: usize,
    /// The arm's number in the manifest.
    pub arm: usize,
    /// The repetition, from 1.
    pub repetition: u32,
}

/// A task that was run.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a row of a table: each is a column of its own"
)]
pub struct TaskRow {
    /// The repetition, from 1.
    pub repetition: u32,
    /// The scenario's number in the manifest.
    pub scenario: usize,
    /// The session, from 1.
    pub session: u32,
    /// The task's number in its session, from 0.
    pub task: u32,
    /// The arm's number in the manifest.
    pub arm: usize,
    /// Whether it is the last task of its session.
    pub last_of_session: bool,
    /// Whether something was handed in and graded.
    pub graded: bool,
    /// Whether the final grader was satisfied within the user's patience.
    pub completed: bool,
    /// Completed with no question and no correction.
    pub first_try: bool,
    /// Whether it needed something from an earlier session.
    pub probe: bool,
    /// Messages with questions: necessary, avoidable, repeated, unanswerable.
    pub clarifications: [u32; 4],
    /// Messages that named something wrong.
    pub corrections: u32,
    /// Revisions that the in-session grader asked for.
    pub revisions: u32,
    /// Wrong values that were not asked about.
    pub wrong_assumptions: u32,
    /// Values that held before.
    pub stale_uses: u32,
    /// Values that hold for someone else.
    pub scope_errors: u32,
    /// Calls of tools that failed.
    pub failed_calls: u32,
    /// Tokens of the agent.
    pub agent: Usage,
    /// Tokens of the in-session grader, booked on the last task of the session.
    pub in_session_grader: Usage,
    /// Tokens of the final grader.
    pub final_grader: Usage,
    /// Time in which the agent worked.
    pub active: Milliseconds,
    /// Entries and tokens of the store that the agent found.
    pub memory: (u64, u64),
    /// Weight of the criteria met, and of all.
    pub score: Option<(u32, u32)>,
}

/// A dream that was dreamt.
#[derive(Debug, Clone)]
pub struct DreamRow {
    /// The repetition, from 1.
    pub repetition: u32,
    /// The scenario's number in the manifest.
    pub scenario: usize,
    /// The session that it followed, from 1.
    pub session: u32,
    /// The arm's number in the manifest.
    pub arm: usize,
    /// Entries and tokens of the store before.
    pub before: (u64, u64),
    /// Entries and tokens of the store after.
    pub after: (u64, u64),
    /// Tokens of the dream.
    pub usage: Usage,
    /// Time that it took.
    pub active: Milliseconds,
    /// What it changed.
    pub edits: Vec<Edit>,
}

impl Record {
    /// Opens a record for reading, after a check that it is whole.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let record = Self::open_unchecked(path)?;
        let failed = RecordError::reading(path);
        let whole: String = record
            .connection
            .query_row("pragma quick_check(1)", [], |row| row.get(0))
            .map_err(&failed)?;
        if whole == "ok" {
            Ok(record)
        } else {
            Err(RecordError::Damaged {
                path: path.to_owned(),
                reason: whole,
            })
        }
    }

    fn open_unchecked(path: &Path) -> Result<Self, RecordError> {
        let failed = RecordError::reading(path);
        let damaged = |reason: &str| RecordError::Damaged {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        let connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(&failed)?;
        let meta = |key: &str| {
            connection.query_row("select value from meta where key = ?1", [key], |row| {
                row.get::<_, String>(0)
            })
        };
        let format = meta("format").map_err(|error| match failed(error) {
            RecordError::Read { .. } => damaged("it has no format number"),
            other @ (RecordError::Exists(_)
            | RecordError::Damaged { .. }
            | RecordError::Newer { .. }
            | RecordError::OtherPlan { .. }
            | RecordError::Write { .. }) => other,
        })?;
        let found: u32 = format
            .parse()
            .map_err(|_| damaged("its format number is none"))?;
        if found > FORMAT {
            return Err(RecordError::Newer {
                path: path.to_owned(),
                found,
            });
        }
        let manifest = meta("manifest").map_err(&failed)?;
        let manifest = serde_json::from_str(&manifest)
            .map_err(|error| damaged(&format!("its manifest is broken: {error}")))?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            manifest,
        })
    }

    /// What was run.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// How trials ended, by their numbers in the plan; one that is not there was not ended.
    pub fn trial_outcomes(
        &self,
    ) -> Result<BTreeMap<usize, (Outcome, Option<String>)>, RecordError> {
        let mut outcomes = BTreeMap::new();
        self.each(
            "select trial, outcome, reason from trials order by trial",
            |row| {
                let outcome = match row.get_ref(1)?.as_str()? {
                    "graded" => Outcome::Graded,
                    "backend_failed" => Outcome::BackendFailed,
                    _ => Outcome::Canceled,
                };
                outcomes.insert(number(row, 0)?, (outcome, row.get(2)?));
                Ok(())
            },
        )?;
        Ok(outcomes)
    }

    /// Every planned trial, in the order of pairing: repetition, scenario, arm.
    pub fn for_each_planned(&self, mut take: impl FnMut(Planned)) -> Result<(), RecordError> {
        self.each("select repetition, scenario, arm, trial from planned order by repetition, scenario, arm", |row| {
            take(Planned { repetition: row.get(0)?, scenario: number(row, 1)?, arm: number(row, 2)?, number: number(row, 3)? });
            Ok(())
        })
    }

    /// Every task that was run, in the order of pairing: all arms of one task stand together. Rows are
    /// read one at a time.
    pub fn for_each_task(&self, mut take: impl FnMut(TaskRow)) -> Result<(), RecordError> {
        self.each(
            "select * from tasks order by repetition, scenario, session, task, arm",
            |row| {
                take(task(row)?);
                Ok(())
            },
        )
    }

    /// Every dream, in the order of repetition, scenario, session, arm.
    pub fn for_each_dream(&self, mut take: impl FnMut(DreamRow)) -> Result<(), RecordError> {
        self.each(
            "select repetition, scenario, session, arm, entries_before, tokens_before, entries_after, tokens_after,
             uncached, cache_write, cache_read, output, milliseconds, edits from dreams order by repetition, scenario, session, arm",
            |row| {
                let edits = row.get_ref(13)?.as_str()?;
                take(DreamRow {
                    repetition: row.get(0)?,
                    scenario: number(row, 1)?,
                    session: row.get(2)?,
                    arm: number(row, 3)?,
                    before: (count(row, 4)?, count(row, 5)?),
                    after: (count(row, 6)?, count(row, 7)?),
                    usage: usage(row, 8)?,
                    active: Milliseconds(count(row, 12)?),
                    edits: serde_json::from_str(edits).map_err(|error| bad(13, error))?,
                });
                Ok(())
            },
        )
    }

    /// The sessions that are there of a trial, from the first on without a gap.
    pub fn past(&self, trial: usize) -> Result<Vec<PastSession>, RecordError> {
        let failed = RecordError::reading(&self.path);
        let mut statement = self
            .connection
            .prepare_cached(
                "select s.session, s.entries, s.said, d.store from sessions s join planned p on p.trial = s.trial
                 left join dreams d on d.repetition = p.repetition and d.scenario = p.scenario and d.session = s.session and d.arm = p.arm
                 where s.trial = ?1 order by s.session",
            )
            .map_err(&failed)?;
        let mut rows = statement
            .query(params![i64::try_from(trial).unwrap_or(i64::MAX)])
            .map_err(&failed)?;
        let mut past = Vec::new();
        while let Some(row) = rows.next().map_err(&failed)? {
            let (session, one) = session(row).map_err(&failed)?;
            if session as usize != past.len() + 1 {
                break;
            }
            past.push(one);
        }
        Ok(past)
    }

    fn each(
        &self,
        sql: &str,
        mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), RecordError> {
        let failed = RecordError::reading(&self.path);
        let mut statement = self.connection.prepare(sql).map_err(&failed)?;
        let mut rows = statement.query([]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            take(row).map_err(&failed)?;
        }
        Ok(())
    }
}

fn bad(column: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<usize> {
    row.get::<_, i64>(column)
        .map(|value| usize::try_from(value).unwrap_or(0))
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column)
        .map(|value| u64::try_from(value).unwrap_or(0))
}

fn usage(row: &Row<'_>, first: usize) -> rusqlite::Result<Usage> {
    let tokens = |offset: usize| count(row, first + offset).map(Tokens);
    Ok(Usage {
        uncached_input: tokens(0)?,
        cache_write: tokens(1)?,
        cache_read: tokens(2)?,
        output: tokens(3)?,
    })
}

fn task(row: &Row<'_>) -> rusqlite::Result<TaskRow> {
    let grader = |first: usize| -> rusqlite::Result<Usage> {
        Ok(Usage {
            uncached_input: Tokens(count(row, first)?),
            output: Tokens(count(row, first + 1)?),
            ..Usage::default()
        })
    };
    let score: Option<u32> = row.get(30)?;
    Ok(TaskRow {
        repetition: row.get(0)?,
        scenario: number(row, 1)?,
        session: row.get(2)?,
        task: row.get(3)?,
        arm: number(row, 4)?,
        last_of_session: row.get(5)?,
        completed: row.get(6)?,
        first_try: row.get(7)?,
        probe: row.get(8)?,
        clarifications: [row.get(9)?, row.get(10)?, row.get(11)?, row.get(12)?],
        corrections: row.get(13)?,
        revisions: row.get(14)?,
        wrong_assumptions: row.get(15)?,
        stale_uses: row.get(16)?,
        scope_errors: row.get(17)?,
        failed_calls: row.get(18)?,
        agent: usage(row, 19)?,
        in_session_grader: grader(23)?,
        final_grader: grader(25)?,
        active: Milliseconds(count(row, 27)?),
        memory: (count(row, 28)?, count(row, 29)?),
        graded: score.is_some(),
        score: score.zip(row.get(31)?),
    })
}

fn session(row: &Row<'_>) -> rusqlite::Result<(u32, PastSession)> {
    let entries: Vec<Entry> =
        serde_json::from_str(row.get_ref(1)?.as_str()?).map_err(|error| bad(1, error))?;
    let said: Said =
        serde_json::from_str(row.get_ref(2)?.as_str()?).map_err(|error| bad(2, error))?;
    let dreamed = match row.get_ref(3)? {
        rusqlite::types::ValueRef::Null => None,
        value @ (rusqlite::types::ValueRef::Integer(_)
        | rusqlite::types::ValueRef::Real(_)
        | rusqlite::types::ValueRef::Text(_)
        | rusqlite::types::ValueRef::Blob(_)) => {
            let entries: Vec<(String, String)> =
                serde_json::from_str(value.as_str()?).map_err(|error| bad(3, error))?;
            let mut store = Store::default();
            for (path, content) in entries {
                // It was within the limits when it was written.
                let _ = store.write(&path, content);
            }
            Some(store)
        }
    };
    Ok((
        row.get(0)?,
        PastSession {
            entries,
            said,
            dreamed,
        },
    ))
}

/// What is on record of an earlier part of a run. It holds no connection while the run goes on, so that
/// the recorder is alone with its file.
pub struct Resumed {
    path: PathBuf,
    done: Vec<bool>,
    counts: Vec<usize>,
}

impl Resumed {
    /// Reads what a record has.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let record = Record::open(path)?;
        let outcomes = record.trial_outcomes()?;
        let mut planned = Vec::new();
        record.for_each_planned(|trial| planned.push(trial))?;
        let mut counts = vec![0; planned.len()];
        record.each(
            "select trial, count(*) from sessions group by trial",
            |row| {
                if let Some(count) = counts.get_mut(number(row, 0)?) {
                    *count = number(row, 1)?;
                }
                Ok(())
            },
        )?;
        let mut done = vec![false; planned.len()];
        for trial in &planned {
            let whole = record.manifest.scenarios[trial.scenario]
                .tasks_per_session
                .len();
            done[trial.number] = counts[trial.number] == whole
                && outcomes
                    .get(&trial.number)
                    .is_none_or(|(outcome, _)| *outcome != Outcome::BackendFailed);
        }
        Ok(Self {
            path: path.to_owned(),
            done,
            counts,
        })
    }
}

impl History for Resumed {
    fn is_done(&self, trial: usize) -> bool {
        self.done.get(trial).copied().unwrap_or(false)
    }

    fn count(&self, trial: usize) -> usize {
        self.counts.get(trial).copied().unwrap_or(0)
    }

    fn past(&self, trial: usize) -> Vec<PastSession> {
        if self.count(trial) == 0 {
            return Vec::new();
        }
        // A row that cannot be read any more ends the past: what follows is run again and collides with
        // what is there, which stops the run in words.
        Record::open_unchecked(&self.path)
            .and_then(|record| record.past(trial))
            .unwrap_or_default()
    }
}

/// The history of a run that has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHistory;

impl History for NoHistory {
    fn is_done(&self, _: usize) -> bool {
        false
    }

    fn count(&self, _: usize) -> usize {
        0
    }

    fn past(&self, _: usize) -> Vec<PastSession> {
        Vec::new()
    }
}

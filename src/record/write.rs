//! Events into the record.
#![expect(
    clippy::cast_possible_wrap,
    reason = "counts and tokens stay far below 2^63, and SQLite has no unsigned type"
)]

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};

use super::{Manifest, Record, RecordError, schema};
use crate::{
    event::{DreamDone, Event, SessionDone, TaskDone, TrialOutcome},
    transcript::Usage,
};

/// How many events are committed together.
const GROUP: u32 = 256;

/// Writes a record. Events are committed in groups; what was committed stays whatever happens.
pub struct Recorder {
    path: PathBuf,
    connection: Connection,
    /// Scenario, arm and repetition of each trial.
    trials: Vec<(i64, i64, i64)>,
    /// The number of tasks of each session, by scenario.
    tasks: Vec<Vec<u32>>,
    open: u32,
}

impl Recorder {
    /// Begins a record at a path where there is none.
    pub fn create(
        path: &Path,
        plan: &crate::plan::Plan,
        manifest: &Manifest,
    ) -> Result<Self, RecordError> {
        if path.exists() {
            return Err(RecordError::Exists(path.to_owned()));
        }
        let failed = RecordError::writing(path);
        let connection = Connection::open(path).map_err(&failed)?;
        settle(&connection).map_err(&failed)?;
        connection
            .execute_batch("begin immediate")
            .map_err(&failed)?;
        connection.execute_batch(schema::TABLES).map_err(&failed)?;
        let json = serde_json::to_string(manifest).unwrap_or_default();
        for (key, value) in [
            ("format", manifest.format.to_string()),
            ("plan", manifest.plan_digest.clone()),
            ("manifest", json),
        ] {
            connection
                .execute("insert into meta values (?1, ?2)", params![key, value])
                .map_err(&failed)?;
        }
        {
            let mut insert = connection
                .prepare("insert into planned values (?1,?2,?3,?4)")
                .map_err(&failed)?;
            for (number, trial) in plan.trials.iter().enumerate() {
                insert
                    .execute(params![
                        trial.repetition,
                        trial.scenario as i64,
                        trial.arm as i64,
                        number as i64
                    ])
                    .map_err(&failed)?;
            }
        }
        connection.execute_batch("commit").map_err(&failed)?;
        Ok(Self::new(path, connection, plan, manifest))
    }

    /// Goes on with a record of the same plan.
    pub fn resume(
        path: &Path,
        plan: &crate::plan::Plan,
        manifest: &Manifest,
    ) -> Result<Self, RecordError> {
        let found = Record::open(path)?.manifest().plan_digest.clone();
        if found != manifest.plan_digest {
            return Err(RecordError::OtherPlan {
                path: path.to_owned(),
                found,
                wanted: manifest.plan_digest.clone(),
            });
        }
        let failed = RecordError::writing(path);
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(&failed)?;
        settle(&connection).map_err(&failed)?;
        Ok(Self::new(path, connection, plan, manifest))
    }

    fn new(
        path: &Path,
        connection: Connection,
        plan: &crate::plan::Plan,
        manifest: &Manifest,
    ) -> Self {
        connection.set_prepared_statement_cache_capacity(16);
        Self {
            path: path.to_owned(),
            connection,
            trials: plan
                .trials
                .iter()
                .map(|trial| {
                    (
                        trial.scenario as i64,
                        trial.arm as i64,
                        i64::from(trial.repetition),
                    )
                })
                .collect(),
            tasks: manifest
                .scenarios
                .iter()
                .map(|scenario| scenario.tasks_per_session.clone())
                .collect(),
            open: 0,
        }
    }

    /// Takes an event in. A session that is there already is a defect of the caller and an error: the
    /// scheduler asks the record what it has.
    pub fn keep(&mut self, event: &Event) -> Result<(), RecordError> {
        let failed = RecordError::writing(&self.path);
        if self.open == 0 {
            self.connection
                .execute_batch("begin immediate")
                .map_err(&failed)?;
        }
        self.open += 1;
        let kept = match event {
            Event::Session(session) => self.session(session),
            Event::Trial { trial, outcome } => self.trial(*trial, outcome),
        };
        if let Err(error) = kept {
            // The group is lost as a whole, so that no session is there in part.
            let _ = self.connection.execute_batch("rollback");
            self.open = 0;
            return Err(failed(error));
        }
        if self.open >= GROUP {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Commits what is held back.
    pub fn flush(&mut self) -> Result<(), RecordError> {
        if self.open > 0 {
            self.open = 0;
            if let Err(error) = self.connection.execute_batch("commit") {
                let _ = self.connection.execute_batch("rollback");
                return Err(RecordError::writing(&self.path)(error));
            }
        }
        Ok(())
    }

    /// Commits, and leaves one file.
    pub fn finish(mut self) -> Result<(), RecordError> {
        self.flush()?;
        let failed = RecordError::writing(&self.path);
        self.connection
            .pragma_update(None, "journal_mode", "delete")
            .map_err(&failed)?;
        self.connection.close().map_err(|(_, error)| failed(error))
    }

    fn trial(&self, trial: usize, outcome: &TrialOutcome) -> rusqlite::Result<()> {
        let (name, reason) = match outcome {
            TrialOutcome::Graded => ("graded", None),
            TrialOutcome::BackendFailed(failure) => ("backend_failed", Some(failure.to_string())),
            TrialOutcome::Canceled => ("canceled", None),
        };
        // A trial that failed or was stopped can be taken up again: its last outcome counts.
        self.connection
            .prepare_cached("insert or replace into trials values (?1,?2,?3)")?
            .execute(params![trial as i64, name, reason])
            .map(|_| ())
    }

    fn session(&self, done: &SessionDone) -> rusqlite::Result<()> {
        let Some(&(scenario, arm, repetition)) = self.trials.get(done.trial) else {
            return Ok(());
        };
        let memory = (done.memory.0 as i64, done.memory.1 as i64);
        self.connection
            .prepare_cached(schema::INSERT_SESSION)?
            .execute(params![
                done.trial as i64,
                done.session,
                json(&done.entries),
                json(&done.said),
                memory.0,
                memory.1
            ])?;
        let count = usize::try_from(scenario)
            .ok()
            .and_then(|scenario| self.tasks.get(scenario)?.get(done.session as usize - 1))
            .copied();
        for (number, task) in done.tasks.iter().enumerate() {
            let last = count.is_none_or(|count| number + 1 == count as usize);
            let grader = if last {
                done.in_session_grader
            } else {
                Usage::default()
            };
            self.task(
                (repetition, scenario, arm),
                done.session,
                number,
                last,
                task,
                &grader,
                memory,
            )?;
        }
        done.dream.as_ref().map_or(Ok(()), |dream| {
            self.dream((repetition, scenario, arm), done.session, dream)
        })
    }

    #[expect(clippy::too_many_arguments, reason = "a row of a table")]
    fn task(
        &self,
        (repetition, scenario, arm): (i64, i64, i64),
        session: u32,
        number: usize,
        last: bool,
        task: &TaskDone,
        grader: &Usage,
        memory: (i64, i64),
    ) -> rusqlite::Result<()> {
        let score = task.verdicts.as_ref().map(|verdicts| verdicts.score);
        let input =
            |usage: &Usage| (usage.uncached_input + usage.cache_write + usage.cache_read).0 as i64;
        self.connection
            .prepare_cached(schema::INSERT_TASK)?
            .execute(params![
                repetition,
                scenario,
                session,
                number as i64,
                arm,
                last,
                task.completed,
                task.first_try,
                task.probe,
                task.clarifications[0],
                task.clarifications[1],
                task.clarifications[2],
                task.clarifications[3],
                task.corrections,
                task.revisions,
                task.wrong_assumptions,
                task.stale_uses,
                task.scope_errors,
                task.failed_calls,
                task.agent.uncached_input.0 as i64,
                task.agent.cache_write.0 as i64,
                task.agent.cache_read.0 as i64,
                task.agent.output.0 as i64,
                input(grader),
                grader.output.0 as i64,
                input(&task.final_grader),
                task.final_grader.output.0 as i64,
                task.active.0 as i64,
                memory.0,
                memory.1,
                score.map(|score| score.0),
                score.map(|score| score.1),
                task.verdicts
                    .as_ref()
                    .map(|verdicts| json(&verdicts.verdicts)),
            ])
            .map(|_| ())
    }

    fn dream(
        &self,
        (repetition, scenario, arm): (i64, i64, i64),
        session: u32,
        dream: &DreamDone,
    ) -> rusqlite::Result<()> {
        let store: Vec<(&str, &str)> = dream
            .store
            .entries()
            .map(|(path, entry)| (path, entry.content()))
            .collect();
        self.connection
            .prepare_cached(schema::INSERT_DREAM)?
            .execute(params![
                repetition,
                scenario,
                session,
                arm,
                dream.before.0 as i64,
                dream.before.1 as i64,
                dream.store.len() as i64,
                dream.store.tokens() as i64,
                dream.usage.uncached_input.0 as i64,
                dream.usage.cache_write.0 as i64,
                dream.usage.cache_read.0 as i64,
                dream.usage.output.0 as i64,
                dream.active.0 as i64,
                json(&dream.edits),
                json(&store),
            ])
            .map(|_| ())
    }
}

/// Types of ours have no keys that JSON cannot hold.
fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")
}

//! Reads a record. Nothing that is asked changes the file, and no answer but a trial's own takes more
//! memory when the record is longer.
//!
//! A record that is being written may have grown between two questions.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, Row, params};
use serde::de::DeserializeOwned;

use super::{
    DreamRow, Manifest, Outcome, Planned, RecordError, TaskRow,
    error::{content, reading},
    rows::{Columns, whole},
    schema::{self, Access, check, connect},
};
use crate::{
    dream::Edit,
    event::PastSession,
    memory::Store,
    model::caller::{Account, Evidence, Spent},
    quantity::Usd,
    rubric::Verdicts,
    transcript::{Entry, Role},
};

/// The sessions of a trial from one number to another, each with the store that was dreamed after it.
pub(super) const SESSIONS: &str = "
SELECT sessions.session, sessions.entries, sessions.said, dreams.store
FROM sessions JOIN trials_planned AS trial ON trial.number = sessions.trial
LEFT JOIN dreams ON dreams.repetition = trial.repetition AND dreams.scenario = trial.scenario
    AND dreams.session = sessions.session AND dreams.arm = trial.arm
WHERE sessions.trial = ?1 AND sessions.session BETWEEN ?2 AND ?3 ORDER BY sessions.session";
const VERDICTS: &str = "
SELECT verdicts FROM trials_planned AS trial JOIN tasks ON tasks.repetition = trial.repetition
    AND tasks.scenario = trial.scenario AND tasks.session = ?2 AND tasks.arm = trial.arm
WHERE trial.number = ?1 ORDER BY tasks.task";
const SPENDING: &str = "
SELECT trial, role, model, sum(calls), sum(attempts), sum(uncached_input), sum(cache_write), sum(cache_read),
    sum(output), sum(micro_usd), sum(estimated_calls), max(served)
FROM spending GROUP BY trial, role, model";
const EVIDENCE: &str =
    "SELECT trial, session, kind, id, body FROM evidence ORDER BY trial, session, number";
const REMARKS: &str =
    "SELECT trial, session, role, text FROM remarks ORDER BY trial, session, number";
const ALL_VERDICTS: &str = "
SELECT trial, verdicts FROM tasks WHERE verdicts IS NOT NULL
ORDER BY repetition, scenario, session, task, arm";
const EDITS: &str = "
SELECT session, edits FROM trials_planned AS trial JOIN dreams ON dreams.repetition = trial.repetition
    AND dreams.scenario = trial.scenario AND dreams.arm = trial.arm
WHERE trial.number = ?1 ORDER BY session";

/// A record that is read.
#[derive(Debug)]
pub struct Record {
    reader: Reader,
    manifest: Manifest,
}

impl Record {
    /// Opens the record at `path`, if it is whole and of a format that this program reads.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let record = Self::open_unchecked(path)?;
        check(&record.reader.connection, path)?;
        Ok(record)
    }

    /// The same without reading all of it.
    pub(super) fn open_unchecked(path: &Path) -> Result<Self, RecordError> {
        let reader = Reader::open(path)?;
        Ok(Self {
            manifest: schema::manifest(&reader.connection, path)?,
            reader,
        })
    }

    /// What the run was.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// How each trial ended that ended, by its number, with the reason where it failed.
    pub fn trial_outcomes(
        &self,
    ) -> Result<BTreeMap<usize, (Outcome, Option<String>)>, RecordError> {
        let mut outcomes = BTreeMap::new();
        self.reader.each(
            "SELECT number, outcome, reason FROM trials ORDER BY number",
            params![],
            |row| {
                let (number, name, reason) = self.reader.read(row, |row| {
                    let mut columns = Columns::new(row);
                    Ok((columns.index()?, columns.take::<String>()?, columns.take()?))
                })?;
                let outcome = Outcome::ALL
                    .into_iter()
                    .find(|outcome| outcome.as_str() == name);
                let outcome = outcome.ok_or_else(|| RecordError::Damaged {
                    path: self.reader.path.clone(),
                    finding: format!("trial {number} has the outcome `{name}`"),
                })?;
                outcomes.insert(number, (outcome, reason));
                Ok(())
            },
        )?;
        Ok(outcomes)
    }

    /// Calls `take` for each planned trial by repetition, scenario and arm.
    pub fn for_each_planned(&self, take: impl FnMut(Planned)) -> Result<(), RecordError> {
        let mut trials = self.manifest.trials.clone();
        trials.sort_by_key(|trial| (trial.repetition, trial.scenario, trial.arm));
        trials.into_iter().for_each(take);
        Ok(())
    }

    /// Calls `take` for each task by repetition, scenario, session, task and arm: what is to be compared
    /// comes together.
    pub fn for_each_task(&self, mut take: impl FnMut(TaskRow)) -> Result<(), RecordError> {
        let outcomes = self.trial_outcomes()?;
        let failed: BTreeSet<usize> = outcomes
            .into_iter()
            .filter(|(_, (outcome, _))| *outcome == Outcome::BackendFailed)
            .map(|(number, _)| number)
            .collect();
        self.reader.each(TaskRow::QUERY, params![], |row| {
            let mut task = self.reader.read(row, TaskRow::read)?;
            let known = self
                .manifest
                .scenarios
                .get(task.scenario)
                .filter(|_| task.arm < self.manifest.arms.len());
            let tasks = known.and_then(|scenario| {
                scenario
                    .tasks_per_session
                    .get((task.session as usize).wrapping_sub(1))
            });
            let tasks = tasks.ok_or_else(|| RecordError::Damaged {
                path: self.reader.path.clone(),
                finding: format!("a task of trial {} is not in the plan", task.trial),
            })?;
            task.last_of_session = task.task + 1 == *tasks;
            task.trial_failed = failed.contains(&task.trial);
            take(task);
            Ok(())
        })
    }

    /// Calls `take` for each dream by repetition, scenario, session and arm.
    pub fn for_each_dream(&self, mut take: impl FnMut(DreamRow)) -> Result<(), RecordError> {
        self.reader.each(DreamRow::QUERY, params![], |row| {
            let (mut dream, edits) = self.reader.read(row, DreamRow::read)?;
            dream.edits = self
                .reader
                .parse(&edits, || format!("a dream of trial {}", dream.trial))?;
            take(dream);
            Ok(())
        })
    }

    /// How many sessions there are, of all trials.
    pub fn session_count(&self) -> Result<u64, RecordError> {
        let count = self
            .reader
            .connection
            .query_row("SELECT count(*) FROM sessions", [], |row| {
                Columns::new(row).amount()
            });
        count.map_err(reading(&self.reader.path))
    }

    /// What was said and done in a session, if it is there; sessions count from 1.
    pub fn transcript(
        &self,
        trial: usize,
        session: u32,
    ) -> Result<Option<Vec<Entry>>, RecordError> {
        Ok(self.session(trial, session)?.map(|session| session.entries))
    }

    /// A session, if it is there, with the store after the dream that followed it.
    pub fn session(&self, trial: usize, session: u32) -> Result<Option<PastSession>, RecordError> {
        Ok(self
            .reader
            .sessions(trial, (session, session))?
            .pop()
            .map(|(_, session)| session))
    }

    /// The verdicts on the last deliverable of each task of a session; none for a session that is not
    /// there.
    pub fn verdicts(
        &self,
        trial: usize,
        session: u32,
    ) -> Result<Vec<Option<Verdicts>>, RecordError> {
        let mut all = Vec::new();
        self.reader
            .each(VERDICTS, params![whole(trial), session], |row| {
                let text: Option<String> = self.reader.read(row, |row| row.get(0))?;
                let what = || format!("a verdict in session {session} of trial {trial}");
                all.push(
                    text.map(|text| self.reader.parse(&text, what))
                        .transpose()?,
                );
                Ok(())
            })?;
        Ok(all)
    }

    /// What the dreams of a trial changed, with the session that each followed.
    pub fn edits_of(&self, trial: usize) -> Result<Vec<(u32, Vec<Edit>)>, RecordError> {
        let mut all = Vec::new();
        self.reader.each(EDITS, params![whole(trial)], |row| {
            let (session, text): (u32, String) = self
                .reader
                .read(row, |row| Ok((row.get(0)?, row.get(1)?)))?;
            all.push((
                session,
                self.reader
                    .parse(&text, || format!("a dream of trial {trial}"))?,
            ));
            Ok(())
        })?;
        Ok(all)
    }

    /// What live parts spent on each trial, by role and model: sessions that did not come to their end
    /// included.
    pub fn spending(&self) -> Result<BTreeMap<usize, Account>, RecordError> {
        let mut spending: BTreeMap<usize, Account> = BTreeMap::new();
        if !self.has_live_parts()? {
            return Ok(spending);
        }
        self.reader.each(SPENDING, params![], |row| {
            let (trial, role, model, spent) = self.reader.read(row, |row| {
                let mut columns = Columns::new(row);
                let key = (columns.index()?, columns.take::<String>()?, columns.take()?);
                let spent = Spent {
                    calls: columns.amount()?,
                    attempts: columns.amount()?,
                    usage: columns.usage()?,
                    cost: Usd(columns.take()?),
                    estimated: columns.amount()?,
                    served: BTreeSet::new(),
                };
                Ok((key.0, key.1, key.2, (spent, columns.take::<String>()?)))
            })?;
            let (mut spent, served) = spent;
            spent.served = self
                .reader
                .parse(&served, || format!("the spending of trial {trial}"))?;
            let role = self.role(&role, trial)?;
            spending
                .entry(trial)
                .or_default()
                .insert((role, model), spent);
            Ok(())
        })?;
        Ok(spending)
    }

    /// A record of format 1 has no place for what live parts did.
    fn has_live_parts(&self) -> Result<bool, RecordError> {
        self.has("spending")
    }

    /// Whether there is this table, which came later than others.
    fn has(&self, table: &str) -> Result<bool, RecordError> {
        let there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        let mut known = false;
        self.reader.each(there, params![table], |_| {
            known = true;
            Ok(())
        })?;
        Ok(known)
    }

    fn role(&self, name: &str, trial: usize) -> Result<Role, RecordError> {
        Role::ALL
            .into_iter()
            .find(|known| known.as_str() == name)
            .ok_or_else(|| RecordError::Damaged {
                path: self.reader.path.clone(),
                finding: format!("trial {trial} has the unknown role `{name}`"),
            })
    }

    /// Calls `take` for what of the live parts' work was not taken: trial, session, whose, and why.
    pub fn for_each_remark(
        &self,
        mut take: impl FnMut(usize, u32, Role, &str),
    ) -> Result<(), RecordError> {
        if !self.has_live_parts()? {
            return Ok(());
        }
        self.reader.each(REMARKS, params![], |row| {
            let (trial, session, role, text) = self.reader.read(row, |row| {
                let mut columns = Columns::new(row);
                Ok((
                    columns.index()?,
                    columns.take::<u32>()?,
                    columns.take::<String>()?,
                    columns.take::<String>()?,
                ))
            })?;
            take(trial, session, self.role(&role, trial)?, &text);
            Ok(())
        })
    }

    /// What a service keeps of the sessions, by trial and session, in order; attempts that did not come to
    /// their end stand before the one that did.
    pub fn evidence(&self) -> Result<BTreeMap<(usize, u32), Vec<Evidence>>, RecordError> {
        let mut all: BTreeMap<(usize, u32), Vec<Evidence>> = BTreeMap::new();
        if !self.has("evidence")? {
            return Ok(all);
        }
        self.reader.each(EVIDENCE, params![], |row| {
            let (key, one) = self.reader.read(row, |row| {
                let mut columns = Columns::new(row);
                let key = (columns.index()?, columns.take::<u32>()?);
                let one = Evidence {
                    kind: columns.take()?,
                    id: columns.take()?,
                    body: columns.take()?,
                };
                Ok((key, one))
            })?;
            all.entry(key).or_default().push(one);
            Ok(())
        })?;
        Ok(all)
    }

    /// Calls `take` with the verdicts on each deliverable that was graded.
    pub fn for_each_verdicts(&self, mut take: impl FnMut(&Verdicts)) -> Result<(), RecordError> {
        self.reader.each(ALL_VERDICTS, params![], |row| {
            let (trial, text): (usize, String) = self.reader.read(row, |row| {
                let mut columns = Columns::new(row);
                Ok((columns.index()?, columns.take()?))
            })?;
            let verdicts = self
                .reader
                .parse(&text, || format!("a verdict of trial {trial}"))?;
            take(&verdicts);
            Ok(())
        })
    }

    /// How many sessions there are of each trial without a gap from the first.
    pub(super) fn counts(&self) -> Result<Vec<usize>, RecordError> {
        let mut counts = vec![0; self.manifest.trials.len()];
        self.reader.each(
            "SELECT trial, session FROM sessions ORDER BY trial, session",
            params![],
            |row| {
                let (trial, session) = self.reader.read(row, |row| {
                    let mut columns = Columns::new(row);
                    Ok((columns.index()?, columns.index()?))
                })?;
                if let Some(count) = counts.get_mut(trial).filter(|count| **count + 1 == session) {
                    *count += 1;
                }
                Ok(())
            },
        )?;
        Ok(counts)
    }

    /// How `SQLite` means to answer a query.
    #[cfg(test)]
    pub(super) fn plan_of(&self, query: &str) -> Vec<String> {
        let mut statement = self
            .reader
            .connection
            .prepare(&format!("EXPLAIN QUERY PLAN {query}"))
            .unwrap();
        let mut rows = statement.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            steps.push(row.get(3).unwrap());
        }
        steps
    }
}

/// A file that is read, whatever it says of itself.
#[derive(Debug)]
pub(super) struct Reader {
    connection: Connection,
    path: PathBuf,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, RecordError> {
        Ok(Self {
            connection: connect(path, Access::Read)?,
            path: path.to_owned(),
        })
    }

    /// The sessions of a trial from one number to another.
    pub(super) fn sessions(
        &self,
        trial: usize,
        (first, last): (u32, u32),
    ) -> Result<Vec<(u32, PastSession)>, RecordError> {
        let mut sessions = Vec::new();
        self.each(SESSIONS, params![whole(trial), first, last], |row| {
            let (session, entries, said, store): (u32, String, String, Option<String>) = self
                .read(row, |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })?;
            let what = || format!("session {session} of trial {trial}");
            let dreamed = store.map(|text| self.store(&text, what)).transpose()?;
            let past = PastSession {
                entries: self.parse(&entries, what)?,
                said: self.parse(&said, what)?,
                dreamed,
            };
            sessions.push((session, past));
            Ok(())
        })?;
        Ok(sessions)
    }

    fn store(&self, text: &str, what: impl Fn() -> String) -> Result<Store, RecordError> {
        let entries: Vec<(String, String)> = self.parse(text, &what)?;
        let mut store = Store::default();
        for (path, text) in entries {
            store
                .write(&path, text)
                .map_err(content(&self.path, &what))?;
        }
        Ok(store)
    }

    fn each(
        &self,
        query: &str,
        params: impl rusqlite::Params,
        mut take: impl FnMut(&Row<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let failed = reading(&self.path);
        let mut statement = self.connection.prepare_cached(query).map_err(&failed)?;
        let mut rows = statement.query(params).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            take(row)?;
        }
        Ok(())
    }

    fn read<T>(
        &self,
        row: &Row<'_>,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, RecordError> {
        read(row).map_err(reading(&self.path))
    }

    fn parse<T: DeserializeOwned>(
        &self,
        text: &str,
        what: impl FnOnce() -> String,
    ) -> Result<T, RecordError> {
        serde_json::from_str(text).map_err(content(&self.path, what))
    }
}

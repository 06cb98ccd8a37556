//! The tasks of a run that can be labelled, and what the final grader said of them.

use std::collections::BTreeMap;

use crate::{
    brief::Deliverable,
    record::{Record, RecordError, TaskRow},
    transcript::submissions,
};

/// One task of one trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// The arm's number in the manifest.
    pub arm: usize,
    /// The scenario's number in the manifest.
    pub scenario: usize,
    /// The repetition, from 1.
    pub repetition: u32,
    /// The session, from 1.
    pub session: u32,
    /// The task in its session, from 0.
    pub task: u32,
}

impl From<&TaskRow> for Unit {
    fn from(row: &TaskRow) -> Self {
        Self {
            arm: row.arm,
            scenario: row.scenario,
            repetition: row.repetition,
            session: row.session,
            task: row.task,
        }
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The trial's number in the plan.
    pub trial: usize,
    /// Whether something was handed in and graded.
    pub graded: bool,
    /// Whether the final grader was satisfied.
    pub completed: bool,
}

/// The tasks that were run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tasks(pub BTreeMap<Unit, Judged>);

impl Tasks {
    /// Reads a record.
    pub fn read(record: &Record) -> Result<Self, RecordError> {
        let mut tasks = Self::default();
        record.for_each_task(|row| {
            let unit = Unit::from(&row);
            let judged = Judged {
                trial: row.trial,
                graded: row.graded,
                completed: row.completed,
            };
            tasks.0.insert(unit, judged);
        })?;
        Ok(tasks)
    }

    /// What was handed in last for a task: the deliverable that the final grader saw.
    pub fn deliverable(
        &self,
        record: &Record,
        unit: &Unit,
    ) -> Result<Option<Deliverable>, RecordError> {
        let Some(judged) = self.0.get(unit) else {
            return Ok(None);
        };
        let entries = record.transcript(judged.trial, unit.session)?;
        let entries = entries.unwrap_or_default();
        Ok(submissions(&entries).remove(&(unit.task as usize)).cloned())
    }
}

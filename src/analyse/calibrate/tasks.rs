//! The tasks of a run that can be labelled, and what the final grader said of them.

use std::collections::BTreeMap;

use crate::{
    brief::Deliverable,
    record::{Record, RecordError},
    transcript::Entry,
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
            let unit = Unit {
                arm: row.arm,
                scenario: row.scenario,
                repetition: row.repetition,
                session: row.session,
                task: row.task,
            };
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
        Ok(last(entries.unwrap_or_default(), unit.task as usize))
    }
}

/// The last submission between the beginning of a task and that of the next.
fn last(entries: Vec<Entry>, wanted: usize) -> Option<Deliverable> {
    let mut found = None;
    let mut now = None;
    for entry in entries {
        match entry {
            Entry::Task(task) => now = Some(task),
            Entry::Submission(deliverable) if now == Some(wanted) => found = Some(deliverable),
            Entry::Submission(_)
            | Entry::Recall(_)
            | Entry::Read(_)
            | Entry::Call { .. }
            | Entry::Question(_)
            | Entry::Answer(_)
            | Entry::Finding(_)
            | Entry::Correction(_)
            | Entry::Accepted
            | Entry::GivenUp
            | Entry::Note { .. } => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_tasks_deliverables_counts() {
        let hand_in = |body: &str| {
            Entry::Submission(Deliverable {
                fields: Vec::new(),
                body: body.to_owned(),
            })
        };
        let entries = || {
            vec![
                Entry::Task(0),
                hand_in("a"),
                Entry::Correction("no".to_owned()),
                hand_in("b"),
                Entry::Accepted,
                Entry::Task(1),
                hand_in("c"),
            ]
        };
        assert_eq!(last(entries(), 0).unwrap().body, "b");
        assert_eq!(last(entries(), 1).unwrap().body, "c");
        assert_eq!(last(entries(), 2), None);
    }
}

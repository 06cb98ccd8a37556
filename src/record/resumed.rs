//! What a run is told of its own past.
//!
//! A [`Resumed`] holds no file open: the run that asks it writes to the same record, and must be able to
//! leave one file.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    Outcome, RecordError,
    read::{Reader, Record},
};
use crate::{budget::Amount, event::PastSession, model::caller::total, run::History};

/// The past of a run that has none.
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

    fn spent(&self, _: usize) -> Amount {
        Amount::default()
    }
}

/// The past of a run that goes on, as it was when this was made.
#[derive(Debug, Clone)]
pub struct Resumed {
    path: PathBuf,
    done: BTreeSet<usize>,
    counts: Vec<usize>,
    spent: BTreeMap<usize, Amount>,
}

impl Resumed {
    /// The past that the record at `path` has. The file is not looked over as a whole; that is done by
    /// [`Recorder::resume`](super::Recorder::resume).
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let record = Record::open_unchecked(path)?;
        let counts = record.counts()?;
        let spending = record.spending()?;
        let mut done = record.trial_outcomes()?;
        done.retain(|_, (outcome, _)| *outcome == Outcome::Graded);
        let manifest = record.manifest();
        let whole = manifest.trials.iter().filter(|trial| {
            let sessions = manifest
                .scenarios
                .get(trial.scenario)
                .map(|scenario| scenario.tasks_per_session.len());
            done.contains_key(&trial.number) && sessions == counts.get(trial.number).copied()
        });
        Ok(Self {
            path: path.to_owned(),
            done: whole.map(|trial| trial.number).collect(),
            counts,
            spent: spending
                .into_iter()
                .map(|(trial, account)| (trial, total(&account)))
                .collect(),
        })
    }
}

impl History for Resumed {
    fn is_done(&self, trial: usize) -> bool {
        self.done.contains(&trial)
    }

    fn count(&self, trial: usize) -> usize {
        self.counts.get(trial).copied().unwrap_or(0)
    }

    fn spent(&self, trial: usize) -> Amount {
        self.spent.get(&trial).copied().unwrap_or_default()
    }

    /// If the file cannot be read any more, no past: the run then begins the trial anew, and the recorder
    /// refuses its first session.
    fn past(&self, trial: usize) -> Vec<PastSession> {
        let count = u32::try_from(self.count(trial)).unwrap_or(u32::MAX);
        if count == 0 {
            return Vec::new();
        }
        let sessions =
            Reader::open(&self.path).and_then(|reader| reader.sessions(trial, (1, count)));
        sessions
            .unwrap_or_default()
            .into_iter()
            .map(|(_, session)| session)
            .collect()
    }
}

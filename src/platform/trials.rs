//! What each trial of a run has in the account: its store, and the sessions that it has had.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::HeldStore;

#[derive(Debug, Default)]
struct Trial {
    store: Option<HeldStore>,
    sessions: BTreeMap<u32, String>,
}

/// The trials of a run by name.
#[derive(Debug, Default)]
pub struct Trials(Mutex<BTreeMap<String, Trial>>);

impl Trials {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Trial>> {
        // Each change is one assignment: a panic elsewhere cannot leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a session of a trial, as an earlier part of the run had it or this one has.
    pub fn note_session(&self, trial: &str, number: u32, id: &str) {
        let mut all = self.all();
        let trial = all.entry(trial.to_owned()).or_default();
        trial.sessions.insert(number, id.to_owned());
    }

    /// The sessions of a trial with these numbers, in order; the error is the first number that is not
    /// there.
    pub fn sessions(
        &self,
        trial: &str,
        numbers: impl IntoIterator<Item = u32>,
    ) -> Result<Vec<String>, u32> {
        let all = self.all();
        let known = all.get(trial);
        numbers
            .into_iter()
            .map(|number| {
                known
                    .and_then(|trial| trial.sessions.get(&number))
                    .cloned()
                    .ok_or(number)
            })
            .collect()
    }

    /// The ids of the stores that trials have.
    pub fn stores(&self) -> BTreeSet<String> {
        let all = self.all();
        let stores = all.values().filter_map(|trial| trial.store.as_ref());
        stores.map(|store| store.id.clone()).collect()
    }

    /// Takes a trial's store out, to be put back when it is as it should be.
    pub fn take_store(&self, trial: &str) -> Option<HeldStore> {
        self.all().get_mut(trial)?.store.take()
    }

    /// Puts a trial's store back, or another one in its place.
    pub fn put_store(&self, trial: &str, store: HeldStore) {
        self.all().entry(trial.to_owned()).or_default().store = Some(store);
    }
}

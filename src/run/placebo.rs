//! The stores that placebos are made of: who needs whose, where they are, and what becomes of a placebo
//! whose stores will not come.
//!
//! What always holds: a placebo is run with the stores of both trials that it needs, or not at all.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::trial::Stores;
use crate::{event::TrialOutcome, memory::Store, plan::Plan, transcript::Failure};

type Kept = Arc<Mutex<BTreeMap<usize, Stores>>>;

/// The stores of the trials that placebos still need.
pub(super) struct Shelf {
    plan: Arc<Plan>,
    /// How many placebos still need the stores of a trial.
    wanted: BTreeMap<usize, u32>,
    kept: Kept,
    /// How trials ended whose stores a placebo needs and does not get.
    broken_off: BTreeMap<usize, TrialOutcome>,
}

/// Where the stores of one trial go.
pub(super) struct Place {
    kept: Kept,
    trial: usize,
}

impl Place {
    /// Keeps the stores as they were found at the start of each session.
    pub(super) fn keep(self, found: Vec<Store>) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.insert(self.trial, Arc::new(found));
        }
    }
}

impl Shelf {
    /// An empty shelf for the placebos of a plan.
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let mut wanted = BTreeMap::new();
        for (donor, own) in plan.trials.iter().filter_map(|trial| trial.placebo) {
            *wanted.entry(donor).or_insert(0) += 1;
            *wanted.entry(own).or_insert(0) += 1;
        }
        Self {
            plan,
            wanted,
            kept: Arc::default(),
            broken_off: BTreeMap::new(),
        }
    }

    /// Whether nothing is missing that this trial needs.
    pub(super) fn is_ready(&self, trial: usize) -> bool {
        self.plan.trials[trial].placebo.is_none() || self.needed(trial).is_some()
    }

    /// The stores that a placebo is made of, if they are there.
    pub(super) fn needed(&self, trial: usize) -> Option<(Stores, Stores)> {
        let (donor, own) = self.plan.trials[trial].placebo?;
        let kept = self.kept.lock().ok()?;
        Some((Arc::clone(kept.get(&donor)?), Arc::clone(kept.get(&own)?)))
    }

    /// Where the stores of this trial go, if a placebo needs them.
    pub(super) fn place(&self, trial: usize) -> Option<Place> {
        self.wanted.contains_key(&trial).then(|| Place {
            kept: Arc::clone(&self.kept),
            trial,
        })
    }

    /// Notes that a trial broke off whose stores a placebo needs. With other stores, or none, the placebo
    /// would not be one, so it is left out until they are there.
    pub(super) fn break_off(&mut self, trial: usize, outcome: &TrialOutcome) {
        let broke_off = match outcome {
            TrialOutcome::BackendFailed(_) | TrialOutcome::BudgetReached { .. } => true,
            TrialOutcome::Graded | TrialOutcome::Canceled => false,
        };
        if broke_off && self.wanted.contains_key(&trial) {
            self.broken_off.insert(trial, outcome.clone());
        }
    }

    /// How a placebo ends that cannot be run, because a trial broke off that it takes its memory from.
    pub(super) fn left_out(&self, trial: usize) -> Option<TrialOutcome> {
        let (donor, own) = self.plan.trials[trial].placebo?;
        let why = "not run: a trial that this placebo takes its memory from broke off";
        let outcome = [donor, own]
            .iter()
            .find_map(|needed| self.broken_off.get(needed))?;
        Some(match outcome {
            TrialOutcome::BudgetReached { reason, .. } => TrialOutcome::BudgetReached {
                reason: format!("{why}: {reason}"),
                of_run: false,
            },
            TrialOutcome::BackendFailed(failure) => {
                TrialOutcome::BackendFailed(Failure::Backend(format!("{why}: {failure}")))
            }
            TrialOutcome::Graded | TrialOutcome::Canceled => {
                TrialOutcome::BackendFailed(Failure::Backend(why.to_owned()))
            }
        })
    }

    /// A placebo is over: what only it needed is let go.
    pub(super) fn release(&mut self, trial: usize) {
        let Some((donor, own)) = self.plan.trials[trial].placebo else {
            return;
        };
        for needed in [donor, own] {
            if let Some(count) = self.wanted.get_mut(&needed) {
                *count -= 1;
                if *count == 0
                    && let Ok(mut kept) = self.kept.lock()
                {
                    kept.remove(&needed);
                }
            }
        }
    }
}

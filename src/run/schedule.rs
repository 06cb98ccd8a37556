//! Trials in parallel: which may start, which must wait, and how a run is stopped.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::task::{Id, JoinSet};

use super::trial::{Course, Stores};
use crate::{
    agent::{Agent, reference::ReferenceAgent},
    dream::{Dreamer, consolidate::Consolidator},
    event::{Event, PastSession, TrialOutcome},
    experiment::Backend,
    grade::{Checks, Grader},
    plan::Plan,
    transcript::Failure,
};

/// A wish to stop, shared by whoever may have it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the run to stop in order: sessions under way are finished, none is begun.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to stop.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Who does the work.
pub(super) struct Staff {
    pub(super) agent: Box<dyn Agent>,
    pub(super) dreamer: Box<dyn Dreamer>,
    pub(super) grader: Box<dyn Grader>,
}

/// What is on record of an earlier part of a run.
pub trait History: Send + Sync {
    /// Whether this trial is there whole.
    fn is_done(&self, trial: usize) -> bool;

    /// How many sessions are there of this trial.
    fn count(&self, trial: usize) -> usize;

    /// The sessions that are there of this trial, in order.
    fn past(&self, trial: usize) -> Vec<PastSession>;
}

/// How many trials ended in which way, in this execution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Ran to the end, or were there already.
    pub graded: usize,
    /// Ended by a failure of the backend.
    pub failed: usize,
    /// Stopped, or not begun.
    pub canceled: usize,
}

/// Executes plans.
pub struct Runner {
    plan: Arc<Plan>,
    staff: Arc<Staff>,
    jobs: usize,
    cancel: Cancel,
    /// How many placebo trials still need the stores of a trial.
    wanted: BTreeMap<usize, u32>,
    stores: Arc<Mutex<BTreeMap<usize, Stores>>>,
}

impl Runner {
    /// A runner of this plan, with at most `jobs` trials at a time.
    pub fn new(plan: Arc<Plan>, jobs: usize, cancel: Cancel) -> Self {
        let experiment = &plan.experiment;
        let staff = match experiment.backend {
            Backend::Reference => Staff {
                agent: Box::new(ReferenceAgent::new(experiment.limits, experiment.reference)),
                dreamer: Box::new(Consolidator::new(experiment.reference)),
                grader: Box::new(Checks),
            },
        };
        let mut wanted = BTreeMap::new();
        for (donor, own) in plan.trials.iter().filter_map(|trial| trial.placebo) {
            *wanted.entry(donor).or_insert(0) += 1;
            *wanted.entry(own).or_insert(0) += 1;
        }
        Self {
            staff: Arc::new(staff),
            jobs: jobs.max(1),
            cancel,
            wanted,
            stores: Arc::default(),
            plan,
        }
    }

    /// Runs all trials that `history` does not have. Events go to `emit`, those of a trial in order.
    pub async fn run(
        mut self,
        history: &dyn History,
        emit: impl Fn(Event) + Send + Sync + Clone + 'static,
    ) -> Summary {
        let mut summary = Summary::default();
        let mut running: JoinSet<TrialOutcome> = JoinSet::new();
        let mut numbers: BTreeMap<Id, usize> = BTreeMap::new();
        let mut waiting: Vec<usize> = Vec::new();
        let mut next = 0;
        loop {
            while running.len() < self.jobs && !self.cancel.is_set() {
                let ready = waiting.iter().position(|&trial| self.is_ready(trial));
                let number = if let Some(at) = ready {
                    waiting.remove(at)
                } else if next < self.plan.trials.len() {
                    next += 1;
                    next - 1
                } else {
                    break;
                };
                let past = history.past(number);
                if history.is_done(number) {
                    self.keep(
                        number,
                        Course::new(Arc::clone(&self.plan), number, past).into_found(),
                    );
                    self.release(number);
                    summary.graded += 1;
                } else if self.is_ready(number) {
                    let id = self.start(number, past, &mut running, emit.clone());
                    numbers.insert(id, number);
                } else {
                    waiting.push(number);
                }
            }
            let Some(joined) = running.join_next_with_id().await else {
                break;
            };
            let ended = match joined {
                Ok((id, outcome)) => numbers.remove(&id).map(|number| (number, outcome)),
                Err(error) => numbers.remove(&error.id()).map(|number| {
                    (
                        number,
                        TrialOutcome::BackendFailed(Failure::Internal(error.to_string())),
                    )
                }),
            };
            if let Some((number, outcome)) = ended {
                match &outcome {
                    TrialOutcome::Graded => summary.graded += 1,
                    TrialOutcome::BackendFailed(_) => {
                        self.keep(number, Vec::new());
                        summary.failed += 1;
                    }
                    TrialOutcome::Canceled => summary.canceled += 1,
                }
                self.release(number);
                emit(Event::Trial {
                    trial: number,
                    outcome,
                });
            }
        }
        summary.canceled +=
            self.plan.trials.len() - (summary.graded + summary.failed + summary.canceled);
        summary
    }

    fn is_ready(&self, trial: usize) -> bool {
        let Some((donor, own)) = self.plan.trials[trial].placebo else {
            return true;
        };
        self.stores
            .lock()
            .is_ok_and(|stores| stores.contains_key(&donor) && stores.contains_key(&own))
    }

    /// Keeps the stores of a trial if a placebo needs them.
    fn keep(&self, trial: usize, found: Vec<crate::memory::Store>) {
        if self.wanted.contains_key(&trial)
            && let Ok(mut stores) = self.stores.lock()
        {
            stores.insert(trial, Arc::new(found));
        }
    }

    /// A placebo is over: what only it needed is let go.
    fn release(&mut self, trial: usize) {
        let Some((donor, own)) = self.plan.trials[trial].placebo else {
            return;
        };
        for needed in [donor, own] {
            if let Some(count) = self.wanted.get_mut(&needed) {
                *count -= 1;
                if *count == 0
                    && let Ok(mut stores) = self.stores.lock()
                {
                    stores.remove(&needed);
                }
            }
        }
    }

    fn start(
        &self,
        number: usize,
        past: Vec<PastSession>,
        running: &mut JoinSet<TrialOutcome>,
        emit: impl Fn(Event) + Send + Sync + 'static,
    ) -> Id {
        let (plan, staff, cancel) = (
            Arc::clone(&self.plan),
            Arc::clone(&self.staff),
            self.cancel.clone(),
        );
        let stores = Arc::clone(&self.stores);
        let wanted = self.wanted.contains_key(&number);
        let placebo = self.plan.trials[number].placebo.and_then(|(donor, own)| {
            let stores = self.stores.lock().ok()?;
            Some((
                Arc::clone(stores.get(&donor)?),
                Arc::clone(stores.get(&own)?),
            ))
        });
        let handle = running.spawn(async move {
            let mut course = Course::new(plan, number, past);
            let emit_session = |done| emit(Event::Session(Box::new(done)));
            let outcome = course.run(&staff, placebo, &cancel, &emit_session).await;
            if wanted
                && outcome == TrialOutcome::Graded
                && let Ok(mut stores) = stores.lock()
            {
                stores.insert(number, Arc::new(course.into_found()));
            }
            outcome
        });
        handle.id()
    }
}

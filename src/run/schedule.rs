//! Trials in parallel: which may start, which must wait, and how a run is stopped.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::task::{Id, JoinSet};

use super::{placebo::Shelf, trial::Course};
use crate::{
    agent::{Agent, reference::ReferenceAgent},
    budget::{Amount, Caps, Purse},
    dream::{Dreamer, consolidate::Consolidator},
    event::{Event, Lost, PastSession, TrialOutcome},
    experiment::Experiment,
    grade::{Checks, Grader},
    plan::Plan,
    transcript::{Failure, Pending},
    user::rephrase::Rephraser,
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

/// Who does the work. The grader within sessions and the one whose verdict counts are two.
pub struct Staff {
    /// The agent under trial.
    pub agent: Box<dyn Agent>,
    /// Who dreams.
    pub dreamer: Box<dyn Dreamer>,
    /// Who asks for revision within a session.
    pub in_session_grader: Box<dyn Grader>,
    /// Whose verdict counts.
    pub final_grader: Box<dyn Grader>,
    /// Who puts the user's answers in words of its own.
    pub rephraser: Option<Rephraser>,
}

impl Staff {
    /// Everybody embedded.
    pub fn embedded(experiment: &Experiment) -> Self {
        Self {
            agent: Box::new(ReferenceAgent::new(experiment.limits, experiment.reference)),
            dreamer: Box::new(Consolidator::new(experiment.reference)),
            in_session_grader: Box::new(Checks),
            final_grader: Box::new(Checks),
            rephraser: None,
        }
    }
}

/// Resolves when everything that was emitted before is kept.
pub type Settled = Arc<dyn Fn() -> Pending<'static, ()> + Send + Sync>;

/// What a run and each of its trials may spend.
#[derive(Debug, Clone)]
pub struct Funds {
    /// The run's purse.
    pub run: Purse,
    /// The caps of each trial.
    pub trial: Caps,
}

impl Default for Funds {
    fn default() -> Self {
        Self {
            run: Purse::of_run(Caps::default(), Amount::default()),
            trial: Caps::default(),
        }
    }
}

/// What is on record of an earlier part of a run.
pub trait History: Send + Sync {
    /// Whether this trial is there whole.
    fn is_done(&self, trial: usize) -> bool;

    /// How many sessions are there of this trial.
    fn count(&self, trial: usize) -> usize;

    /// The sessions that are there of this trial, in order.
    fn past(&self, trial: usize) -> Vec<PastSession>;

    /// What was spent on this trial, sessions that did not come to their end included.
    fn spent(&self, trial: usize) -> Amount;
}

/// How many trials ended in which way, in this execution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Ran to the end, or were there already.
    pub graded: usize,
    /// Ended by a failure of the backend.
    pub failed: usize,
    /// Ended, or not begun, because a cap was reached.
    pub over_budget: usize,
    /// Stopped, or not begun.
    pub canceled: usize,
    /// Why no further trial was begun, other than by a wish to stop.
    pub halt: Option<Halt>,
}

/// Why a run ends before its plan is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// The run's cap is reached.
    Budget(String),
    /// A service refuses what every trial needs: a key, a model, an address.
    Refused(String),
}

impl Summary {
    fn count(&mut self, outcome: &TrialOutcome) {
        match outcome {
            TrialOutcome::Graded => self.graded += 1,
            TrialOutcome::BackendFailed(_) => self.failed += 1,
            TrialOutcome::BudgetReached { .. } => self.over_budget += 1,
            TrialOutcome::Canceled => self.canceled += 1,
        }
    }
}

impl Halt {
    /// Whether no further trial is worth beginning after one that ended like this.
    fn of(outcome: &TrialOutcome) -> Option<Self> {
        match outcome {
            TrialOutcome::BackendFailed(Failure::Refused(reason)) => {
                Some(Self::Refused(reason.clone()))
            }
            TrialOutcome::BudgetReached {
                reason,
                of_run: true,
            } => Some(Self::Budget(reason.clone())),
            TrialOutcome::Graded
            | TrialOutcome::BackendFailed(_)
            | TrialOutcome::BudgetReached { of_run: false, .. }
            | TrialOutcome::Canceled => None,
        }
    }

    /// How a trial ends that was not begun because of it.
    fn not_begun(&self) -> TrialOutcome {
        match self {
            Self::Budget(reason) => TrialOutcome::BudgetReached {
                reason: format!("not begun: {reason}"),
                of_run: true,
            },
            Self::Refused(reason) => {
                TrialOutcome::BackendFailed(Failure::Refused(format!("not begun: {reason}")))
            }
        }
    }
}

/// Executes plans.
pub struct Runner {
    plan: Arc<Plan>,
    staff: Arc<Staff>,
    funds: Funds,
    settled: Option<Settled>,
    jobs: usize,
    cancel: Cancel,
    shelf: Shelf,
}

impl Runner {
    /// A runner of this plan with everybody embedded, with at most `jobs` trials at a time.
    pub fn new(plan: Arc<Plan>, jobs: usize, cancel: Cancel) -> Self {
        let staff = Arc::new(Staff::embedded(&plan.experiment));
        Self {
            staff,
            funds: Funds::default(),
            settled: None,
            jobs: jobs.max(1),
            cancel,
            shelf: Shelf::new(Arc::clone(&plan)),
            plan,
        }
    }

    /// The same runner with other people at work.
    #[must_use]
    pub fn staffed(mut self, staff: Arc<Staff>) -> Self {
        self.staff = staff;
        self
    }

    /// The same runner, whose trials wait after each session until this says that it is kept.
    #[must_use]
    pub fn settled(mut self, settled: Settled) -> Self {
        self.settled = Some(settled);
        self
    }

    /// The same runner with caps on what may be spent.
    #[must_use]
    pub fn funded(mut self, funds: Funds) -> Self {
        self.funds = funds;
        self
    }

    /// Runs all trials that `history` does not have. Events go to `emit`, those of a trial in order.
    pub async fn run(
        mut self,
        history: &dyn History,
        emit: impl Fn(Event) + Send + Sync + Clone + 'static,
    ) -> Summary {
        let mut summary = Summary::default();
        let mut running: JoinSet<(TrialOutcome, Option<Lost>)> = JoinSet::new();
        let mut halt: Option<Halt> = None;
        let mut numbers: BTreeMap<Id, usize> = BTreeMap::new();
        let mut waiting: Vec<usize> = Vec::new();
        let mut next = 0;
        loop {
            while running.len() < self.jobs && !self.cancel.is_set() && halt.is_none() {
                let ready = waiting.iter().position(|&trial| {
                    self.shelf.is_ready(trial) || self.shelf.left_out(trial).is_some()
                });
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
                    if let Some(place) = self.shelf.place(number) {
                        place.keep(Course::new(Arc::clone(&self.plan), number, past).into_found());
                    }
                    self.shelf.release(number);
                    summary.graded += 1;
                } else if let Some(outcome) = self.shelf.left_out(number) {
                    summary.count(&outcome);
                    self.shelf.release(number);
                    emit(Event::Trial {
                        trial: number,
                        outcome,
                        lost: None,
                    });
                } else if self.shelf.is_ready(number) {
                    let spent = history.spent(number);
                    let id = self.start(number, past, spent, &mut running, emit.clone());
                    numbers.insert(id, number);
                } else {
                    waiting.push(number);
                }
            }
            let Some(joined) = running.join_next_with_id().await else {
                break;
            };
            let ended = match joined {
                Ok((id, (outcome, lost))) => {
                    numbers.remove(&id).map(|number| (number, outcome, lost))
                }
                Err(error) => numbers.remove(&error.id()).map(|number| {
                    let failure = Failure::Internal(error.to_string());
                    (number, TrialOutcome::BackendFailed(failure), None)
                }),
            };
            if let Some((number, outcome, lost)) = ended {
                summary.count(&outcome);
                if halt.is_none() {
                    halt = Halt::of(&outcome);
                }
                self.shelf.break_off(number, &outcome);
                self.shelf.release(number);
                emit(Event::Trial {
                    trial: number,
                    outcome,
                    lost,
                });
            }
        }
        if let Some(halt) = &halt {
            let rest = waiting.into_iter().chain(next..self.plan.trials.len());
            for trial in rest.filter(|&trial| !history.is_done(trial)) {
                let outcome = halt.not_begun();
                summary.count(&outcome);
                emit(Event::Trial {
                    trial,
                    outcome,
                    lost: None,
                });
            }
        }
        let counted = summary.graded + summary.failed + summary.over_budget + summary.canceled;
        summary.canceled += self.plan.trials.len() - counted;
        summary.halt = halt;
        summary
    }

    fn start(
        &self,
        number: usize,
        past: Vec<PastSession>,
        spent: Amount,
        running: &mut JoinSet<(TrialOutcome, Option<Lost>)>,
        emit: impl Fn(Event) + Send + Sync + 'static,
    ) -> Id {
        let (plan, staff, cancel) = (
            Arc::clone(&self.plan),
            Arc::clone(&self.staff),
            self.cancel.clone(),
        );
        let (place, placebo) = (self.shelf.place(number), self.shelf.needed(number));
        let purse = self.funds.run.trial(self.funds.trial, spent);
        let settled = self.settled.clone();
        let handle = running.spawn(async move {
            let mut course = Course::new(plan, number, past);
            let emit_session = |done| emit(Event::Session(Box::new(done)));
            let (outcome, lost) = course
                .run(
                    &staff,
                    placebo,
                    &purse,
                    &cancel,
                    (&emit_session, settled.as_ref()),
                )
                .await;
            if let Some(place) = place.filter(|_| outcome == TrialOutcome::Graded) {
                place.keep(course.into_found());
            }
            (outcome, lost)
        });
        handle.id()
    }
}

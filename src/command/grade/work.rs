//! Grades, many at a time, within what may be spent.
//!
//! What always holds: the gradings depend on the material alone, never on how many are made at a time; what
//! was graded before a stop is kept, and what was not has a reason.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt as _, stream};

use super::material::{Material, Piece, Sitting, World};
use crate::{
    analyse::regrade::Grading,
    budget::{Amount, Purse},
    command::{Failure, run::cores, tell},
    grade::{Checks, GradeRequest, Grader, Judge},
    ident::TrialId,
    model::caller::{Caller, total},
    price::Price,
    quantity::{Seed, Usd},
    run::{Cancel, Funds},
    transcript::{Failure as Broken, Usage},
};

/// The round in which a deliverable is judged: drawn from the run (0: the run itself), the repetition and
/// the time, so that no judgement repeats another by its seed. Arms share it, as they share all draws. Never
/// 0, which is the run's own judging.
fn round(run: usize, repetition: u32, time: u32) -> u64 {
    let drawn = Seed(0)
        .derive_number(run as u64)
        .derive_number(repetition.into())
        .derive_number(time.into());
    drawn.0.max(1)
}

/// Who grades.
pub(super) enum Graders {
    /// The checks of the rubrics, whatever the time.
    Checks,
    /// A judge, each time in a round of its own.
    Judge(Judge),
}

/// The work, ready to be done.
pub(super) struct Work<'w> {
    pub(super) material: &'w Material,
    pub(super) world: &'w World,
    pub(super) graders: Graders,
    pub(super) times: u32,
    /// What a judge's tokens cost; `None` where nobody is asked.
    pub(super) price: Option<Price>,
    pub(super) funds: Funds,
    /// Gradings at a time.
    pub(super) jobs: usize,
}

/// What was done.
pub(super) struct Done {
    /// Of each piece, one time after another.
    pub(super) gradings: Vec<Vec<Grading>>,
    /// What was spent, gradings that failed included.
    pub(super) spent: Usd,
    pub(super) interrupted: bool,
}

/// What stops all that has not begun.
#[derive(Default)]
struct Stop {
    cancel: Cancel,
    halt: Mutex<Option<String>>,
}

impl Stop {
    /// Why nothing more is begun, if so.
    fn reason(&self) -> Option<String> {
        if self.cancel.is_set() {
            return Some("not begun: interrupted".to_owned());
        }
        let halt = self.halt.lock().unwrap_or_else(PoisonError::into_inner);
        halt.as_ref().map(|reason| format!("not begun: {reason}"))
    }

    /// Notes a failure that every other grading would meet too.
    fn note(&self, failure: &Broken) {
        match failure {
            Broken::RunBudget(reason) | Broken::Refused(reason) => {
                let mut halt = self.halt.lock().unwrap_or_else(PoisonError::into_inner);
                halt.get_or_insert_with(|| reason.clone());
            }
            Broken::Memory(_)
            | Broken::Internal(_)
            | Broken::Backend(_)
            | Broken::TrialBudget(_)
            | Broken::Replay(_) => {}
        }
    }
}

impl Work<'_> {
    /// What the judges are forecast to cost, from the sizes of the very requests.
    pub(super) fn forecast(&self) -> Usd {
        let (Graders::Judge(judge), Some(price)) = (&self.graders, &self.price) else {
            return Usd(0);
        };
        let requests = self.material.pieces.iter();
        let once: Usd = requests
            .filter_map(|piece| self.world.request(piece))
            .map(|request| price.of_tokens(&judge.forecast(&request)))
            .sum();
        Usd(once.0.saturating_mul(self.times.into()))
    }

    /// Does it.
    pub(super) fn run(&self) -> Result<Done, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(self.jobs.min(usize::from(cores())))
            .enable_all()
            .build()
            .map_err(Failure::new)?;
        let mut purses: BTreeMap<(usize, &TrialId), Purse> = BTreeMap::new();
        for sitting in &self.material.sittings {
            purses
                .entry((sitting.rerun, &sitting.trial))
                .or_insert_with(|| self.funds.run.trial(self.funds.trial, Amount::default()));
        }
        let stop = Stop::default();
        let sittings = self.material.sittings.iter();
        let turns = sittings.flat_map(|sitting| {
            let purse = &purses[&(sitting.rerun, &sitting.trial)];
            (0..self.times).map(move |time| (sitting, time, purse.clone()))
        });
        let all = stream::iter(turns)
            .map(|(sitting, time, purse)| self.sit(sitting, time, purse, &stop))
            .buffer_unordered(self.jobs)
            .collect::<Vec<_>>();
        let done = runtime.block_on(async {
            tokio::pin!(all);
            loop {
                tokio::select! {
                    done = &mut all => break done,
                    interrupted = tokio::signal::ctrl_c() => {
                        if interrupted.is_ok() && !stop.cancel.is_set() {
                            tell("\nstopping: gradings under way are finished and kept\n");
                        }
                        stop.cancel.set();
                    }
                }
            }
        });
        let mut spent = Usd(0);
        let mut gradings: Vec<BTreeMap<u32, Grading>> = Vec::new();
        gradings.resize_with(self.material.pieces.len(), BTreeMap::new);
        for turn in done {
            spent += turn.spent;
            for (piece, grading) in turn.gradings {
                gradings[piece].insert(turn.time, grading);
            }
        }
        Ok(Done {
            gradings: gradings
                .into_iter()
                .map(|times| times.into_values().collect())
                .collect(),
            spent,
            interrupted: stop.cancel.is_set(),
        })
    }

    /// Grades the tasks of a session once, one after another.
    async fn sit(&self, sitting: &Sitting, time: u32, purse: Purse, stop: &Stop) -> Turn {
        let caller = Arc::new(Caller::new(sitting.trial.clone(), sitting.session, purse));
        let mut gradings = Vec::new();
        for &at in &sitting.pieces {
            let piece = &self.material.pieces[at];
            let grading = match (self.world.request(piece), stop.reason()) {
                (None, _) => Grading::NothingHandedIn,
                (Some(_), Some(reason)) => Grading::Failed(reason),
                (Some(request), None) => {
                    let grading = self.grade(piece, time, request);
                    match caller.on_account(grading).await {
                        Ok(grading) => grading,
                        Err(failure) => {
                            stop.note(&failure);
                            Grading::Failed(failure.to_string())
                        }
                    }
                }
            };
            gradings.push((at, grading));
        }
        Turn {
            time,
            gradings,
            spent: total(&caller.account()).usd,
        }
    }

    async fn grade(
        &self,
        piece: &Piece,
        time: u32,
        request: GradeRequest<'_>,
    ) -> Result<Grading, Broken> {
        let graded = match &self.graders {
            Graders::Checks => Checks.grade(request).await?,
            Graders::Judge(judge) => {
                let round = round(piece.rerun, piece.unit.repetition, time);
                judge.clone().in_round(round).grade(request).await?
            }
        };
        // The checks say what a model would use; here nobody was asked.
        let usage = self.price.map_or_else(Usage::default, |_| graded.usage);
        let cost = self
            .price
            .map_or(Usd(0), |price| price.of_tokens(&graded.usage));
        Ok(Grading::Graded {
            verdicts: graded.verdicts,
            usage,
            cost,
        })
    }
}

/// A session that was graded once.
struct Turn {
    time: u32,
    gradings: Vec<(usize, Grading)>,
    spent: Usd,
}

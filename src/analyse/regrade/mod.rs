//! Re-grading: what is said of the same deliverables by another grader, or by the same one another time.
//!
//! How far the new gradings agree with those on record and with each other, what that does to completion
//! and to differences of arms, and how much of the variance of completion is the grader's. *What it is
//! not.* A judgement of who is right: that takes people (see `calibrate`). *What always holds.* A task in
//! which nothing was handed in is not completed, whoever grades; a grading that failed is counted, and
//! its task is left out of both sides of a comparison if no other one was made.

mod agree;
mod completion;
mod variance;

use crate::{
    ident::CriterionId,
    quantity::Usd,
    record::Manifest,
    rubric::{FlipRates, Flips, Verdict, Verdicts, Votes, flip_rates},
    transcript::Usage,
};

pub use agree::{Agreement, CriterionAgreement};
pub use completion::{ArmCompletion, Change};
pub use variance::ArmComponents;

use super::{AnalyseError, calibrate::Unit};

/// What one grading came to.
#[derive(Debug, Clone)]
pub enum Grading {
    /// There are verdicts.
    Graded {
        /// The verdicts.
        verdicts: Verdicts,
        /// Tokens of the grading; none where nobody was asked.
        usage: Usage,
        /// What they cost.
        cost: Usd,
    },
    /// There was nothing to grade: the task is not completed.
    NothingHandedIn,
    /// It could not be graded, and why.
    Failed(String),
}

impl Grading {
    /// The verdicts, if there are any.
    pub fn verdicts(&self) -> Option<&Verdicts> {
        match self {
            Self::Graded { verdicts, .. } => Some(verdicts),
            Self::NothingHandedIn | Self::Failed(_) => None,
        }
    }

    /// Whether the task is completed; `None` if that is not known.
    pub fn completed(&self) -> Option<bool> {
        match self {
            Self::Graded { verdicts, .. } => Some(verdicts.satisfied),
            Self::NothingHandedIn => Some(false),
            Self::Failed(_) => None,
        }
    }
}

/// A task of a run and its gradings.
#[derive(Debug, Clone)]
pub struct Task {
    /// 0 for the run itself, then the re-runs of it.
    pub rerun: usize,
    /// The task.
    pub unit: Unit,
    /// What the record says of its last deliverable; `None` if nothing was handed in.
    pub recorded: Option<Verdicts>,
    /// What is said now, one time after another.
    pub gradings: Vec<Grading>,
}

impl Task {
    fn was_completed(&self) -> bool {
        self.recorded
            .as_ref()
            .is_some_and(|recorded| recorded.satisfied)
    }

    /// The verdicts of each time that gave some.
    fn verdicts(&self) -> impl Iterator<Item = &Verdicts> {
        self.gradings.iter().filter_map(Grading::verdicts)
    }

    /// What its times said of each criterion, as votes.
    fn votes(&self) -> Vec<Verdict> {
        let mut criteria: Vec<Verdict> = Vec::new();
        for verdicts in self.verdicts() {
            for said in &verdicts.verdicts {
                let at = criteria
                    .iter()
                    .position(|one| one.criterion == said.criterion)
                    .unwrap_or_else(|| {
                        criteria.push(Verdict {
                            votes: Some(Votes::default()),
                            ..said.clone()
                        });
                        criteria.len() - 1
                    });
                if let Some(votes) = &mut criteria[at].votes {
                    match said_of(said) {
                        Some(true) => votes.met += 1,
                        Some(false) => votes.unmet += 1,
                        None => votes.abstained += 1,
                    }
                }
            }
        }
        criteria
    }
}

/// What a verdict says: met, unmet, or nothing where its votes have no majority.
fn said_of(verdict: &Verdict) -> Option<bool> {
    verdict.votes.map_or(Some(verdict.met), Votes::majority)
}

/// A task of which most gradings say something else than the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// 0 for the run itself, then the re-runs of it.
    pub rerun: usize,
    /// The task.
    pub unit: Unit,
    /// Whether the record has it as completed.
    pub was_completed: bool,
    /// Gradings that say otherwise.
    pub against: u64,
    /// Gradings.
    pub of: u64,
    /// The criteria on which most gradings say something else than the record.
    pub criteria: Vec<CriterionId>,
}

/// How many gradings ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GradingCounts {
    /// Tasks.
    pub tasks: u64,
    /// Tasks in which nothing was handed in.
    pub nothing_handed_in: u64,
    /// Gradings that gave verdicts.
    pub graded: u64,
    /// Gradings that failed.
    pub failed: u64,
    /// Verdicts on criteria.
    pub criteria: u64,
    /// Those of them that have no majority: a tie, or nothing but abstentions.
    pub undecided: u64,
    /// Votes of repeats that abstained.
    pub abstained: u64,
}

/// All that gradings say of a run.
#[derive(Debug, Clone)]
pub struct Regrading {
    /// How many gradings there are.
    pub counts: GradingCounts,
    /// Tokens of the gradings that gave verdicts.
    pub usage: Usage,
    /// What they cost.
    pub cost: Usd,
    /// Agreement with the record; `None` without a grading.
    pub agreement: Option<Agreement>,
    /// The same by criterion, the worst first.
    pub by_criterion: Vec<CriterionAgreement>,
    /// How often two times say something else of a criterion.
    pub flips: FlipRates,
    /// How often two times say something else of the whole.
    pub completion_flips: Flips,
    /// Completion of the run by arm.
    pub arms: Vec<ArmCompletion>,
    /// The differences of arms of the run.
    pub changes: Vec<Change>,
    /// Tasks of which most gradings say something else than the record, the most criteria first.
    pub turned: Vec<Turned>,
    /// Where the variance of completion comes from, by arm.
    pub components: Vec<ArmComponents>,
}

/// Analyses gradings of a run and of re-runs of it.
pub fn regrade(manifest: &Manifest, tasks: &[Task]) -> Result<Regrading, AnalyseError> {
    let mut counts = GradingCounts::default();
    let (mut usage, mut cost) = (Usage::default(), Usd(0));
    for task in tasks {
        counts.tasks += 1;
        let nothing = |one: &Grading| matches!(one, Grading::NothingHandedIn);
        counts.nothing_handed_in += u64::from(task.gradings.iter().any(nothing));
        for grading in &task.gradings {
            match grading {
                Grading::Graded {
                    verdicts,
                    usage: used,
                    cost: paid,
                } => {
                    counts.graded += 1;
                    usage += *used;
                    cost += *paid;
                    for verdict in &verdicts.verdicts {
                        counts.criteria += 1;
                        counts.undecided += u64::from(said_of(verdict).is_none());
                        let votes = verdict.votes.unwrap_or_default();
                        counts.abstained += u64::from(votes.abstained);
                    }
                }
                Grading::NothingHandedIn => {}
                Grading::Failed(_) => counts.failed += 1,
            }
        }
    }
    let votes: Vec<Verdict> = tasks.iter().flat_map(Task::votes).collect();
    let (agreement, by_criterion) = agree::agreement(tasks)?;
    let (arms, changes) = completion::completion(manifest, tasks)?;
    Ok(Regrading {
        counts,
        usage,
        cost,
        agreement,
        by_criterion,
        flips: flip_rates(&votes),
        completion_flips: completion_flips(tasks),
        arms,
        changes,
        turned: turned(tasks),
        components: variance::components_of(manifest, tasks)?,
    })
}

/// Pairs of times on the whole of a deliverable.
fn completion_flips(tasks: &[Task]) -> Flips {
    let mut flips = Flips::default();
    for task in tasks {
        let mut votes = Votes::default();
        for verdicts in task.verdicts() {
            if verdicts.satisfied {
                votes.met += 1;
            } else {
                votes.unmet += 1;
            }
        }
        let found = votes.flips();
        flips.pairs += found.pairs;
        flips.different += found.different;
    }
    flips
}

fn turned(tasks: &[Task]) -> Vec<Turned> {
    let mut all: Vec<Turned> = tasks
        .iter()
        .filter_map(|task| {
            let recorded = task.recorded.as_ref()?;
            let of = task.verdicts().count();
            let against = task
                .verdicts()
                .filter(|verdicts| verdicts.satisfied != recorded.satisfied)
                .count();
            if 2 * against <= of {
                return None;
            }
            let said = task.votes();
            let criteria = recorded
                .verdicts
                .iter()
                .filter(|before| {
                    let now = said.iter().find(|now| now.criterion == before.criterion);
                    now.is_some_and(|now| said_of(now) != said_of(before))
                })
                .map(|before| before.criterion.clone())
                .collect();
            Some(Turned {
                rerun: task.rerun,
                unit: task.unit,
                was_completed: recorded.satisfied,
                against: against as u64,
                of: of as u64,
                criteria,
            })
        })
        .collect();
    // The order of the tasks decides among those with as many criteria.
    all.sort_by_key(|one| std::cmp::Reverse(one.criteria.len()));
    all
}

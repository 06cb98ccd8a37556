//! The cost model: what an arm costs, whether its dreams pay, and what it would cost otherwise.
//!
//! *What it is for.* Totals that are exact in micro-dollars, costs per session, session-hour and completed
//! task with intervals over scenarios, the number of sessions after which a dream pays, and what-ifs that
//! need no new run: other prices, another cadence, another share of cached input, another load.
//! *What it is not.* A forecast of quality: a what-if changes what is paid, never what is completed.
//! *What always holds.* A total is the sum of rows that were each rounded once to a micro-dollar; the
//! final grader is what the trial costs and in no arm's cost; what cannot be determined is `None`.

mod pays;
mod price;

use super::{AnalyseError, Caution, CostSplit, Estimate, Measured, sums::Roles};
use crate::{
    quantity::Usd,
    record::{Manifest, Record},
    stats::{Level, ratio_of_totals::ratio_of_totals},
};

pub use pays::{Pays, pays};
pub use price::{Cadence, WhatIf};

/// Days of a month, for monthly costs.
pub const DAYS: f64 = 30.0;

/// What an arm costs.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmCost {
    /// The arm's number in the manifest.
    pub arm: usize,
    /// Sessions, completed tasks and dreams.
    pub counts: (u64, u64, u64),
    /// Hours of active time.
    pub hours: f64,
    /// What was paid for what, in micro-dollars.
    pub split: CostSplit,
    /// Dollars per session, dreams included.
    pub per_session: Estimate,
    /// Dollars per session without dreams.
    pub without_dreams: Estimate,
    /// Dollars per hour of active time, dreams included.
    pub per_hour: Estimate,
    /// Dollars per completed task, dreams included.
    pub per_completed: Estimate,
    /// Dollars for one dream; `None` if it has none.
    pub per_dream: Option<f64>,
}

impl ArmCost {
    /// All that the arm costs, without the final grader.
    pub fn total(&self) -> Usd {
        let split = &self.split;
        Usd(split.agent + split.in_session_grader + split.runtime + split.dreams)
    }

    /// Dollars a month at a load, with limits where the cost per session has them.
    ///
    /// `sessions` a day and seat; `seats` deployments with a memory of their own.
    pub fn monthly(&self, what_if: &WhatIf, sessions: f64, seats: f64) -> Estimate {
        let month = sessions * seats * DAYS;
        // Nightly dreams do not grow with the load, so that they stand apart.
        let (per_session, fixed) = match what_if.cadence {
            Some(Cadence::Nightly(_)) => (
                &self.without_dreams,
                self.per_dream.unwrap_or(0.0) * seats * DAYS,
            ),
            Some(Cadence::Sessions(_)) | None => (&self.per_session, 0.0),
        };
        Estimate {
            value: per_session.value.map(|value| value * month + fixed),
            interval: per_session
                .interval
                .map(|(lower, upper)| (lower * month + fixed, upper * month + fixed)),
            ..per_session.clone()
        }
    }
}

/// The costs of a run.
#[derive(Debug)]
pub struct CostModel {
    /// What is assumed.
    pub what_if: WhatIf,
    /// By arm.
    pub arms: Vec<ArmCost>,
    measured: Measured,
}

impl CostModel {
    /// The costs of a record under an assumption.
    pub fn of(record: &Record, what_if: WhatIf) -> Result<Self, AnalyseError> {
        let measured = Measured::read_at(record, &what_if.prices)?;
        let arms = (0..measured.manifest.arms.len())
            .map(|arm| arm_cost(&measured, arm, &what_if))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            what_if,
            arms,
            measured,
        })
    }

    /// What was run.
    pub fn manifest(&self) -> &Manifest {
        &self.measured.manifest
    }

    /// Whether the dreams of an arm pay against another arm; `None` if no scenario has both or the arm
    /// has no dreams.
    pub fn pays(
        &self,
        base: usize,
        treat: usize,
        worth: Option<f64>,
    ) -> Result<Option<Pays>, AnalyseError> {
        pays(&self.measured, &self.what_if, base, treat, worth)
    }
}

fn roles(measured: &Measured, arm: usize) -> impl Iterator<Item = &Roles> {
    let scenarios = measured.sums.roles.iter().map(move |arms| &arms[arm]);
    scenarios.filter(|roles| roles.sessions > 0)
}

#[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
fn arm_cost(measured: &Measured, arm: usize, what_if: &WhatIf) -> Result<ArmCost, AnalyseError> {
    let all: Vec<&Roles> = roles(measured, arm).collect();
    let sum = |of: fn(&Roles) -> u64| all.iter().map(|roles| of(roles)).sum::<u64>();
    let dreams = sum(|roles| roles.dreams);
    let spent: f64 = all.iter().map(|roles| what_if.dreams_run(roles)).sum();
    let per_dream = (dreams > 0).then(|| spent / dreams as f64 / 1e6);
    let ratio = |with_dreams: bool, of: fn(&Roles) -> f64| -> Result<Estimate, AnalyseError> {
        let pairs = all.iter().map(|roles| {
            let dreams = if with_dreams {
                what_if.dreams(roles, per_dream)
            } else {
                0.0
            };
            (what_if.sessions(roles) / 1e6 + dreams, of(roles))
        });
        estimate(pairs.collect())
    };
    let split = if what_if.is_recorded() {
        measured.sums.costs[arm]
    } else {
        what_if.split(&all, per_dream)
    };
    Ok(ArmCost {
        arm,
        counts: (
            sum(|roles| roles.sessions),
            sum(|roles| roles.completed),
            dreams,
        ),
        hours: sum(|roles| roles.active.0) as f64 / 3.6e6,
        split,
        per_session: ratio(true, |roles| roles.sessions as f64)?,
        without_dreams: ratio(false, |roles| roles.sessions as f64)?,
        per_hour: ratio(true, |roles| roles.active.0 as f64 / 3.6e6)?,
        per_completed: ratio(true, |roles| roles.completed as f64)?,
        per_dream,
    })
}

/// A ratio of totals over scenarios.
fn estimate(pairs: Vec<(f64, f64)>) -> Result<Estimate, AnalyseError> {
    if pairs.is_empty() {
        return Ok(Estimate {
            caution: Some(Caution::NotEstimable),
            ..Estimate::default()
        });
    }
    let streams = pairs.len();
    let (above, below): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    let found = ratio_of_totals(
        &crate::stats::ratio_of_totals::arm(&above, &below)?,
        Level::NINETY_FIVE,
    )?;
    Ok(crate::analyse::estimate::estimate(
        found.estimate,
        found.interval.as_ref(),
        found.method.as_str(),
        streams,
    ))
}

//! Regression gates: did a dream policy get worse?
//!
//! A candidate's arm is compared with a baseline's, scenario by scenario, in an order that is fixed by the
//! scenarios' names. What always holds: the answer is one of four ([`Status`]), a difference within the
//! margin is no regression, two runs that cannot be compared are refused, and nothing is concluded from
//! fewer than six scenarios.
//!
//! The bounds are those of a group-sequential design with four looks, whether a run stopped at one of
//! them or went to its end. Once all scenarios are in, the last look decides: stopping early is allowed,
//! never required, and not stopping only makes both errors rarer.

mod blame;
mod comparable;
mod compare;
mod lock;
mod rows;
mod scenarios;

use std::path::PathBuf;

use thiserror::Error;

use super::Metric;
use crate::stats::StatsError;

pub use blame::{Blame, Cause, blame};
pub use compare::{Gated, Row, Rule, ScenarioChange, Watch, compare, order};
pub use lock::{LOCK_FORMAT, Lock, LockedScenario};

/// What a gate says of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Better than the baseline.
    Improved,
    /// Not worse than the baseline by the margin.
    Equivalent,
    /// Worse than the baseline, and not shown to be within the margin.
    Regressed,
    /// Neither is shown.
    Inconclusive,
    /// There is nothing to conclude from.
    TooFewScenarios,
}

impl Status {
    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Improved => "improved",
            Self::Equivalent => "equivalent",
            Self::Regressed => "regressed",
            Self::Inconclusive => "inconclusive",
            Self::TooFewScenarios => "too few scenarios",
        }
    }

    /// Whether a change with this status may go on.
    pub fn passes(self) -> bool {
        matches!(self, Self::Improved | Self::Equivalent)
    }
}

/// How often a gate looks at the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// Four planned looks.
    Four,
    /// Only when all scenarios are in.
    One,
    /// After any scenario: a betting e-process. For shares of tasks only.
    Anytime,
}

/// Why two runs are not compared, or a lock is not read.
#[derive(Debug, Error)]
pub enum GateError {
    /// An arm is not there.
    #[error("no arm `{arm}` in {place}")]
    NoArm {
        /// Its name.
        arm: String,
        /// The run or the lock.
        place: String,
        /// The arms that are there.
        known: Vec<String>,
    },
    /// No arm was named and there is no arm with dreams.
    #[error("{place} has no arm with dreams")]
    NoDreams {
        /// The run.
        place: String,
    },
    /// The two sides differ in something that is not the policy.
    #[error(
        "the runs cannot be compared: {what} differs: {baseline} in the baseline, {candidate} in the candidate"
    )]
    Incomparable {
        /// What.
        what: &'static str,
        /// Of the baseline.
        baseline: String,
        /// Of the candidate.
        candidate: String,
    },
    /// No scenario has tasks on both sides.
    #[error("no scenario has tasks in both runs")]
    NothingInCommon,
    /// The metric cannot be watched without planned looks.
    #[error("`{}` is no share of tasks, which a gate without planned looks needs", .0.as_str())]
    NoShare(Metric),
    /// The lock is of another kind.
    #[error("`{}` is not a lock: {reason}", .path.display())]
    NotALock {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The numbers break a rule of the statistics: a defect of this program.
    #[error("internal failure in the statistics: {0}")]
    Stats(#[from] StatsError),
}

impl GateError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoArm { known, .. } => Some(format!("there are `{}`", known.join("`, `"))),
            Self::NoDreams { .. } => Some("name an arm with `--arm`".to_owned()),
            Self::Incomparable { .. } => Some(
                "run the candidate with the baseline's scenarios, backend, limits and prices, or make a new baseline"
                    .to_owned(),
            ),
            Self::NothingInCommon => Some("run the candidate on the same scenarios".to_owned()),
            Self::NoShare(_) => Some("gate on `completion` or `first_try`".to_owned()),
            Self::NotALock { .. } => Some("make one with `dreamtrial gate RUN --lock FILE`".to_owned()),
            Self::Stats(_) => None,
        }
    }
}

//! Planning: how large must a trial be, and what can a trial of a given size show?
//!
//! From a pilot run or from assumed rates to scenarios, repetitions, sessions and dollars. *What it is
//! not.* A promise: it says what would hold if the truth were what was found or assumed, and if new
//! scenarios were like these. *What always holds.* The scenario is what is counted: repetitions lower one
//! of two parts of the variance only, and no plan has fewer than six scenarios.

mod pilot;
mod plan;

use thiserror::Error;

use super::{AnalyseError, Group, Metric, claim::On};
use crate::{
    ident::ArmId,
    stats::{StatsError, planning_rates::Assumed, planning_rates::Quantity},
};

pub use pilot::Wanted;
pub use plan::{Effect, Goal, Needed, Plan, Row, Shown, plan};

/// What a trial is to decide. Shares and their differences are between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ask {
    /// That the treatment's value is at least so much of, or above, the base's.
    AtLeast(f64),
    /// That it is at most so much.
    AtMost(f64),
    /// That there is a difference, and on which side.
    Direction,
    /// That a policy is not worse by this margin: a share of tasks, or a part of the base's value.
    Gate(f64),
}

/// The question, and how surely it is to be answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// What is to be decided.
    pub ask: Ask,
    /// On which scale; a direction and a gate are decided on the difference.
    pub on: On,
    /// Error probability: two-sided of a claim, one-sided of a gate.
    pub alpha: f64,
    /// Probability of a decision.
    pub power: f64,
}

impl Terms {
    /// The claimed value on its scale; 0 for a direction, nothing for a gate.
    fn claimed(&self) -> f64 {
        match self.ask {
            Ask::AtLeast(value) | Ask::AtMost(value) => value,
            Ask::Direction | Ask::Gate(_) => 0.0,
        }
    }

    /// A value where its estimate is nearly normal.
    fn scaled(&self, value: f64) -> f64 {
        match self.on {
            On::Ratio => value.ln(),
            On::Difference => value,
        }
    }

    fn quantity(&self) -> Quantity {
        match self.on {
            On::Ratio => Quantity::Ratio,
            On::Difference => Quantity::Difference,
        }
    }
}

/// The variance of one scenario's contribution to the estimate, in two parts: with `R` repetitions it is
/// `between + within / R`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variance {
    /// What no repetition removes.
    pub between: f64,
    /// What one repetition adds.
    pub within: f64,
}

impl Variance {
    fn at(self, repetitions: u32) -> f64 {
        self.between + self.within / f64::from(repetitions)
    }

    /// The part of the variance that repetitions make, at so many of them.
    pub fn share_within(self, repetitions: u32) -> f64 {
        let all = self.at(repetitions);
        if all > 0.0 {
            1.0 - self.between / all
        } else {
            0.0
        }
    }
}

/// What a pilot run says.
#[derive(Debug, Clone, PartialEq)]
pub struct Pilot {
    /// The metric.
    pub metric: Metric,
    /// The scenarios.
    pub group: Group,
    /// The arm compared with, and the arm compared.
    pub arms: (ArmId, ArmId),
    /// Their values.
    pub values: (f64, f64),
    /// The estimate on the scale of the question.
    pub estimate: f64,
    /// Its standard error; of a ratio that of its logarithm.
    pub se: f64,
    /// How many scenarios it is over.
    pub scenarios: usize,
    /// Repetitions of a scenario.
    pub repetitions: u32,
    /// The variance in its two parts; `None` with one repetition, which cannot tell them apart.
    pub variance: Option<Variance>,
    /// Sessions of a scenario, for one arm and repetition.
    pub sessions: f64,
    /// Tasks of a scenario, for one arm and repetition.
    pub tasks: f64,
    /// US dollars per session, mean of both arms, with dreams and both graders.
    pub usd_per_session: f64,
}

/// What is assumed where there is no pilot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumptions {
    /// The rates and how rows depend on each other; its number of rows is that of one repetition.
    pub rates: Assumed,
    /// Tasks of a session.
    pub tasks_per_session: f64,
}

/// Where a plan starts from.
#[derive(Debug, Clone, PartialEq)]
pub enum Basis {
    /// A pilot run.
    Pilot(Box<Pilot>),
    /// Assumed rates.
    Assumed(Assumptions),
}

impl Basis {
    /// The values of the base and the treatment.
    pub fn values(&self) -> (f64, f64) {
        match self {
            Self::Pilot(pilot) => pilot.values,
            Self::Assumed(assumed) => (assumed.rates.base, assumed.rates.treat),
        }
    }

    /// What is measured.
    pub fn metric(&self) -> Metric {
        match self {
            Self::Pilot(pilot) => pilot.metric,
            Self::Assumed(_) => Metric::Completion,
        }
    }

    /// The truth that is assumed, on the scale of the question. A gate asks of a policy that changed
    /// nothing, unless rates are given.
    fn truth(&self, terms: &Terms) -> f64 {
        match (self, terms.ask) {
            (Self::Pilot(_), Ask::Gate(_)) => 0.0,
            (Self::Pilot(pilot), _) => pilot.estimate,
            (Self::Assumed(assumed), _) => {
                let Assumed { base, treat, .. } = assumed.rates;
                match terms.on {
                    On::Ratio => treat / base,
                    On::Difference => treat - base,
                }
            }
        }
    }

    /// The variance in its two parts, if they can be told apart.
    fn variance(&self, terms: &Terms) -> Result<Option<Variance>, StatsError> {
        match self {
            Self::Pilot(pilot) => Ok(pilot.variance),
            Self::Assumed(assumed) => {
                let squared = |repetitions: f64| -> Result<f64, StatsError> {
                    let rates = assumed.repeated(repetitions);
                    Ok(rates.spread(terms.quantity())?.powi(2))
                };
                // It is linear in one over the number of repetitions: two points give both parts.
                let (one, two) = (squared(1.0)?, squared(2.0)?);
                let within = 2.0 * (one - two);
                Ok(Some(Variance {
                    between: (one - within).max(0.0),
                    within,
                }))
            }
        }
    }

    /// The standard error of an estimate from one scenario.
    fn spread(&self, terms: &Terms, repetitions: u32) -> Result<f64, PowerError> {
        if let Some(variance) = self.variance(terms)? {
            return Ok(variance.at(repetitions).sqrt());
        }
        match self {
            Self::Pilot(pilot) if pilot.repetitions == repetitions => {
                #[expect(clippy::cast_precision_loss, reason = "a count of scenarios")]
                let scenarios = pilot.scenarios as f64;
                Ok(pilot.se * scenarios.sqrt())
            }
            Self::Pilot(_) | Self::Assumed(_) => Err(PowerError::OneRepetition),
        }
    }
}

impl Assumptions {
    /// The same with so many repetitions: more rows of each scenario.
    fn repeated(&self, repetitions: f64) -> Assumed {
        Assumed {
            rows: self.rates.rows * repetitions,
            ..self.rates
        }
    }
}

/// Why a plan cannot be made.
#[derive(Debug, Error)]
pub enum PowerError {
    /// An arm is not there.
    #[error("the run has no arm `{arm}`")]
    NoArm {
        /// Its name.
        arm: String,
        /// The arms that are there.
        known: Vec<String>,
    },
    /// There are not two arms to compare.
    #[error("arm `{0}` is compared with itself")]
    OneArm(String),
    /// The arms have no task in common.
    #[error("no scenario of the pilot has tasks of both arms")]
    NoPairs,
    /// The pilot has no standard error on this scale.
    #[error("the pilot has no standard error of the {scale} ({method}): {why}")]
    NoError {
        /// Ratio or difference.
        scale: &'static str,
        /// What the method says instead.
        method: &'static str,
        /// In words.
        why: &'static str,
    },
    /// A pilot with one repetition says nothing of more.
    #[error("the pilot has one repetition, which does not tell what more of them would help")]
    OneRepetition,
    /// A budget needs a price.
    #[error("a budget needs what a session costs")]
    NoPrice,
    /// The margin is a part of nothing.
    #[error("the base has none of `{}`, so a margin in percent of it is nothing", .0.as_str())]
    NoMargin(Metric),
    /// The record cannot be analysed.
    #[error(transparent)]
    Analyse(#[from] AnalyseError),
    /// A number is out of its range.
    #[error(transparent)]
    Stats(#[from] StatsError),
}

impl PowerError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoArm { known, .. } => format!("there are `{}`", known.join("`, `")),
            Self::OneArm(_) => "name two arms with `--base` and `--treat`".to_owned(),
            Self::NoPairs => "name arms and scenarios that were run".to_owned(),
            Self::NoError { .. } => {
                "plan on the other scale, or from assumptions: `--base-rate`, `--treat-rate`, `--tasks-per-scenario`"
                    .to_owned()
            }
            Self::OneRepetition => "leave out `--repetitions`, or run the pilot with two".to_owned(),
            Self::NoPrice => "give `--usd-per-session`".to_owned(),
            Self::NoMargin(_) => "gate on `completion`".to_owned(),
            Self::Analyse(_) | Self::Stats(_) => return None,
        })
    }
}

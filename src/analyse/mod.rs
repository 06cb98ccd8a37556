//! A record → estimates with intervals, comparisons of arms, and the counts behind them.
//!
//! The scenario is the unit of inference (the *stream* of the statistics). Rows are read once and only
//! sums per scenario are kept. Nothing is dropped quietly: what was planned and not graded is counted by
//! arm, and a pair with a missing arm is counted at the comparison that lacks it.

pub mod attribution;
pub mod calibrate;
pub mod claim;
pub mod cost;
mod estimate;
pub mod gate;
pub mod live;
mod measured;
mod metric;
pub mod power;
pub mod regrade;
mod sums;

use std::fmt;

use thiserror::Error;

use crate::{
    record::{Manifest, Record, RecordError},
    scenario::{Construct, Domain},
    stats::StatsError,
};

pub use measured::{Measured, Pairs, difference_of, ratio_of};
pub use metric::{Metric, PARTS, Part};
pub use sums::cost_of;

/// Which scenarios an estimate is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// All of them.
    All,
    /// Those of a domain.
    Domain(Domain),
    /// Those of a construct.
    Construct(Construct),
}

impl Group {
    /// What it is a group by, for CSV files.
    pub fn kind(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Domain(_) => "domain",
            Self::Construct(_) => "construct",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.pad("all"),
            Self::Domain(domain) => domain.fmt(f),
            Self::Construct(construct) => construct.fmt(f),
        }
    }
}

/// Why an estimate says less than it seems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caution {
    /// Fewer than six scenarios: described, not concluded from.
    TooFewScenarios,
    /// The data do not determine it.
    NotEstimable,
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooFewScenarios => "too few scenarios",
            Self::NotEstimable => "not estimable",
        })
    }
}

/// A number with its interval.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estimate {
    /// The point estimate; `None`: not determined.
    pub value: Option<f64>,
    /// Lower and upper limit at 95%; an upper limit can be infinite.
    pub interval: Option<(f64, f64)>,
    /// How the interval was made.
    pub method: String,
    /// Why it says less than it seems.
    pub caution: Option<Caution>,
}

/// An arm's value of a metric over a group of scenarios.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The scenarios.
    pub group: Group,
    /// The arm's number in the manifest.
    pub arm: usize,
    /// The metric.
    pub metric: Metric,
    /// How many scenarios have data.
    pub scenarios: usize,
    /// Graded tasks.
    pub tasks: u64,
    /// The value.
    pub estimate: Estimate,
    /// Design effect, for shares.
    pub design_effect: Option<f64>,
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The treatment is better: the interval of the difference excludes zero on the good side.
    Better,
    /// It is worse.
    Worse,
    /// The interval includes zero.
    Inconclusive,
    /// There is nothing to conclude from.
    NotJudged(Caution),
}

impl Direction {
    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Inconclusive => "inconclusive",
            Self::NotJudged(Caution::TooFewScenarios) => "too few scenarios",
            Self::NotJudged(Caution::NotEstimable) => "not estimable",
        }
    }
}

/// Two arms on the same tasks.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The scenarios.
    pub group: Group,
    /// The metric.
    pub metric: Metric,
    /// The arm compared with.
    pub base: usize,
    /// The arm compared.
    pub treat: usize,
    /// How many scenarios have pairs.
    pub scenarios: usize,
    /// Tasks that both arms have graded.
    pub pairs: u64,
    /// Tasks that one of them lacks.
    pub unpaired: u64,
    /// The base arm's value on the pairs.
    pub base_value: Option<f64>,
    /// The treated arm's value on the pairs.
    pub treat_value: Option<f64>,
    /// Treated minus base.
    pub difference: Estimate,
    /// Treated over base.
    pub ratio: Estimate,
    /// Sign-flip p-value over scenarios, where the metric is a mean over tasks: exact for shares of tasks.
    pub p: Option<f64>,
    /// The same adjusted over the exploratory grid: all comparisons of this metric, by
    /// Benjamini-Hochberg.
    pub adjusted_p: Option<f64>,
    /// What it says.
    pub direction: Direction,
}

/// How many tasks of an arm ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Planned.
    pub planned: u64,
    /// Graded.
    pub graded: u64,
    /// Handed in nothing that could be graded.
    pub ungraded: u64,
    /// Lost to a failure of the backend.
    pub failed: u64,
    /// Not run because a cap on money or tokens was reached.
    pub over_budget: u64,
    /// Not run, or stopped.
    pub canceled: u64,
}

/// What dreams did in an arm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dreams {
    /// How many there were.
    pub count: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Their cost in micro-dollars.
    pub cost: i64,
    /// Statements added, merged, replaced, promoted, removed.
    pub edits: [u64; 5],
    /// Sum of the stores' tokens before and after.
    pub size: (u64, u64),
}

/// An arm's cost by what it was for, in micro-dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CostSplit {
    /// Tokens of the agent.
    pub agent: i64,
    /// Tokens of the in-session grader.
    pub in_session_grader: i64,
    /// Active time.
    pub runtime: i64,
    /// Dreams.
    pub dreams: i64,
    /// Tokens of the final grader: what the trial costs, not the arm.
    pub final_grader: i64,
}

/// A point of a learning curve.
#[derive(Debug, Clone)]
pub struct CurvePoint {
    /// The arm.
    pub arm: usize,
    /// The session, from 1.
    pub session: u32,
    /// How many scenarios have that session.
    pub scenarios: usize,
    /// Share of tasks completed.
    pub estimate: Estimate,
}

/// An arm's completion in one scenario.
#[derive(Debug, Clone, Copy)]
pub struct ScenarioRate {
    /// The scenario's number in the manifest.
    pub scenario: usize,
    /// The arm.
    pub arm: usize,
    /// Completed tasks.
    pub completed: u64,
    /// Graded tasks.
    pub tasks: u64,
}

/// All that a report is made of.
#[derive(Debug)]
pub struct Analysis {
    /// What was run.
    pub manifest: Manifest,
    /// By arm.
    pub counts: Vec<Counts>,
    /// By group, arm and metric, in that order.
    pub summaries: Vec<Summary>,
    /// By group, metric, base and treatment, in that order.
    pub comparisons: Vec<Comparison>,
    /// By arm and session.
    pub curve: Vec<CurvePoint>,
    /// By scenario and arm.
    pub scenarios: Vec<ScenarioRate>,
    /// By arm.
    pub dreams: Vec<Dreams>,
    /// By arm.
    pub costs: Vec<CostSplit>,
    /// Why trials failed, and how many for each reason.
    pub failures: Vec<(String, u64)>,
    /// Dreaming × outcomes, by group and metric; none if the run lacks an arm of the 2×2.
    pub attributions: Vec<attribution::Attribution>,
    /// The claims that the run registered, else the published ones, judged.
    pub claims: Option<claim::Judgement>,
    /// What live parts did; none where everybody was embedded.
    pub live: Option<live::Live>,
}

/// Why a record cannot be analysed.
#[derive(Debug, Error)]
pub enum AnalyseError {
    /// The record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The numbers break a rule of the statistics: a defect of this program.
    #[error("internal failure in the statistics: {0}")]
    Stats(#[from] StatsError),
}

impl Analysis {
    /// Analyses a record.
    pub fn of(record: &Record) -> Result<Self, AnalyseError> {
        let measured = Measured::read(record)?;
        let attributions = attribution::attributions(&measured)?;
        let claims = claim::of_run(&measured.manifest)
            .map(|claims| claim::judge(&measured, &claims))
            .transpose()?;
        let Measured { manifest, sums } = measured;
        let (summaries, comparisons) = estimate::tables(&sums, &manifest)?;
        let curve = estimate::curve(&sums, &manifest)?;
        let scenarios = sums.scenario_rates();
        Ok(Self {
            live: live::Live::of(record)?,
            counts: sums.counts,
            dreams: sums.dreams,
            costs: sums.costs,
            failures: sums.failures.into_iter().collect(),
            attributions,
            claims,
            manifest,
            summaries,
            comparisons,
            curve,
            scenarios,
        })
    }

    /// The arm of this name.
    pub fn arm(&self, name: &str) -> Option<usize> {
        self.manifest
            .arms
            .iter()
            .position(|arm| arm.id.as_str() == name)
    }

    /// An arm's value of a metric over a group.
    pub fn summary(&self, group: Group, arm: usize, metric: Metric) -> Option<&Summary> {
        self.summaries.iter().find(|summary| {
            summary.group == group && summary.arm == arm && summary.metric == metric
        })
    }

    /// The comparison of two arms on a metric over a group.
    pub fn comparison(
        &self,
        group: Group,
        metric: Metric,
        base: usize,
        treat: usize,
    ) -> Option<&Comparison> {
        self.comparisons.iter().find(|one| {
            one.group == group && one.metric == metric && one.base == base && one.treat == treat
        })
    }
}

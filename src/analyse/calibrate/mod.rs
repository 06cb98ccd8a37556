//! Calibration: people's labels of some deliverables against the final grader.
//!
//! How far grader and people agree, how often the grader is wrong in each arm, and what completion,
//! differences and ratios are without its errors. *What it is not.* A judgement of people: where they
//! disagree with the grader, they are right. *What always holds.* A label belongs to one task of one
//! trial, a bad row is an error and never left out, each number names its method, and a comparison that
//! the grader's errors could turn is called not rankable.

mod agree;
mod correct;
mod labels;
mod sample;
mod tasks;

use crate::stats::{Interval, calibration::specificity_for};

pub use agree::Agreement;
pub use labels::{Key, Labels, SHEET_COLUMNS};
pub use sample::{Drawn, draw};
pub use tasks::{Judged, Tasks, Unit};

use super::{AnalyseError, sums::compared};
use crate::record::Manifest;

/// A ratio below this reads as 1.
const WORTH_SAYING: f64 = 1.005;

/// A share of some labelled tasks.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Share {
    /// Tasks that have it.
    pub met: u64,
    /// Of so many.
    pub of: u64,
    /// Wilson's interval at 95%: on the effective size where there are two scenarios or more.
    pub interval: Option<Interval>,
}

impl Share {
    /// The share; `None` of nothing.
    pub fn value(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of labels")]
        (self.of > 0).then(|| self.met as f64 / self.of as f64)
    }
}

/// How a corrected number was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Correction {
    /// Labels that were drawn from these trials, and the grader's verdicts on the rest with this weight.
    Powered {
        /// The weight.
        weight: f64,
    },
    /// The grader's errors taken out of its verdicts.
    RoganGladen {
        /// Whether the errors are those of all arms together, since the arm's own are not known.
        pooled: bool,
    },
    /// There is no correction: no label, no truly (un)done task among them, or a grader like a coin.
    None,
}

/// An arm, corrected.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmAnswer {
    /// Its number in the manifest.
    pub arm: usize,
    /// Labelled tasks.
    pub labels: u64,
    /// Of the tasks that people find done, those that the grader does.
    pub sensitivity: Share,
    /// Of the tasks that people do not find done, those that the grader does not.
    pub specificity: Share,
    /// Share of tasks completed, as the grader says.
    pub seen: Option<f64>,
    /// The same corrected.
    pub corrected: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// How it was made.
    pub correction: Correction,
}

/// What can be said of the order of two arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranking {
    /// The treatment is better, whatever the grader's errors.
    Better,
    /// It is worse.
    Worse,
    /// The corrected interval includes the opposite sign.
    ErrorsCouldTurnIt,
    /// The grader is no better than a coin.
    GraderLikeACoin,
    /// Fewer than six scenarios decide nothing.
    TooFewScenarios,
    /// There is no corrected interval.
    NotEstimable,
}

impl Ranking {
    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::ErrorsCouldTurnIt
            | Self::GraderLikeACoin
            | Self::TooFewScenarios
            | Self::NotEstimable => "not rankable",
        }
    }

    /// Why the arms cannot be ranked.
    pub fn why(self) -> Option<&'static str> {
        match self {
            Self::Better | Self::Worse => None,
            Self::ErrorsCouldTurnIt => Some("the corrected interval includes the opposite sign"),
            Self::GraderLikeACoin => Some("sensitivity and specificity add up to 1 or less"),
            Self::TooFewScenarios => Some("fewer than six scenarios"),
            Self::NotEstimable => Some("there is no corrected interval"),
        }
    }
}

/// The specificity that something needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holds {
    /// The arm whose specificity it is.
    pub arm: usize,
    /// The ratio that is to hold; 1 for the order of the arms alone.
    pub ratio: f64,
    /// The least specificity: above 1 none is enough, below 0 any is.
    pub least: f64,
}

/// Two arms, corrected.
#[derive(Debug, Clone, PartialEq)]
pub struct PairAnswer {
    /// The arm compared with.
    pub base: usize,
    /// The arm compared.
    pub treat: usize,
    /// Scenarios in which both have tasks.
    pub scenarios: usize,
    /// Treated minus base as the grader says.
    pub seen_difference: Option<f64>,
    /// Treated over base as the grader says.
    pub seen_ratio: Option<f64>,
    /// Treated minus base, corrected.
    pub difference: Option<f64>,
    /// Its interval.
    pub difference_interval: Option<Interval>,
    /// Treated over base, corrected.
    pub ratio: Option<f64>,
    /// Its interval.
    pub ratio_interval: Option<Interval>,
    /// Whether the arms can be ranked.
    pub ranking: Ranking,
    /// What specificity the order needs, and the ratio that is claimed or seen.
    pub holds: Vec<Holds>,
}

/// All that labels say of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Whether the labels were drawn at random from the run's tasks.
    pub sampled: bool,
    /// Labels, by any rater.
    pub labels: u64,
    /// Tasks that have one.
    pub units: u64,
    /// Tasks whose raters are evenly split: left out.
    pub tied: u64,
    /// Tasks that were drawn for labels, if a key says so.
    pub drawn: Option<u64>,
    /// The raters.
    pub raters: Vec<String>,
    /// Agreement of the grader with people, and of people with each other.
    pub agreement: Option<Agreement>,
    /// All arms with a label.
    pub arms: Vec<ArmAnswer>,
    /// The pairs of them that reports compare.
    pub pairs: Vec<PairAnswer>,
}

/// Calibrates the grader of a run by labels. `claimed` is a ratio whose needed specificity is wanted; else
/// it is the one that the grader sees.
pub fn calibrate(
    manifest: &Manifest,
    tasks: &Tasks,
    labels: &Labels,
    claimed: Option<f64>,
) -> Result<Calibration, AnalyseError> {
    let (truths, tied) = labels.truths();
    let scenarios = manifest.scenarios.len();
    let arms = correct::Arms::new(tasks, &truths, labels.sampled, scenarios)?;
    let labelled: Vec<usize> = arms.labelled();
    let mut answers = Vec::new();
    for &arm in &labelled {
        answers.push(arms.answer(arm)?);
    }
    let find = |arm: usize| answers.iter().find(|answer| answer.arm == arm);
    let mut pairs = Vec::new();
    for (base, treat) in compared(manifest) {
        if let (Some(base), Some(treat)) = (find(base), find(treat)) {
            let mut pair = arms.pair(base, treat)?;
            pair.holds = holds(base, treat, &arms, claimed.or(pair.seen_ratio));
            pairs.push(pair);
        }
    }
    Ok(Calibration {
        sampled: labels.sampled,
        labels: labels.rows.len() as u64,
        units: truths.len() as u64 + tied,
        tied,
        drawn: labels.drawn,
        raters: labels.raters(),
        agreement: agree::agreement(tasks, &truths, labels)?,
        arms: answers,
        pairs,
    })
}

/// The least specificity of the better arm for the order to hold, and for a ratio, at the sensitivity and
/// at the other arm's rate as they were found.
fn holds(
    base: &ArmAnswer,
    treat: &ArmAnswer,
    arms: &correct::Arms,
    ratio: Option<f64>,
) -> Vec<Holds> {
    let needed = |upper: &ArmAnswer, lower: &ArmAnswer, ratio: f64| {
        let sensitivity = upper.sensitivity.value().or_else(|| arms.pooled().0)?;
        let least = specificity_for(upper.seen?, sensitivity, ratio * lower.corrected?)?;
        Some(Holds {
            arm: upper.arm,
            ratio,
            least,
        })
    };
    let order = if treat.seen >= base.seen {
        needed(treat, base, 1.0)
    } else {
        needed(base, treat, 1.0)
    };
    let ratio = ratio.filter(|ratio| ratio.is_finite() && *ratio >= WORTH_SAYING);
    let claim = ratio.and_then(|ratio| needed(treat, base, ratio));
    order.into_iter().chain(claim).collect()
}

/// The arms of a run that are asked for, or all.
pub fn chosen(manifest: &Manifest, names: &[String]) -> Result<Vec<usize>, String> {
    if names.is_empty() {
        return Ok((0..manifest.arms.len()).collect());
    }
    let find = |name: &String| {
        let mut arms = manifest.arms.iter();
        let at = arms.position(|arm| arm.id.as_str() == name);
        at.ok_or_else(|| name.clone())
    };
    let mut arms: Vec<usize> = names.iter().map(find).collect::<Result<_, _>>()?;
    arms.sort_unstable();
    arms.dedup();
    Ok(arms)
}

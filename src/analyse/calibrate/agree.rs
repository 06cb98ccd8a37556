//! How far the grader and people say the same, and people among each other.

use std::collections::BTreeMap;

use super::{Labels, Tasks, Unit};
use crate::stats::{
    Interval, Level, StatsError,
    agreement::{Metric, Weights, ac1, alpha, kappa},
};

/// Agreement over all arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// Tasks with a truth.
    pub units: u64,
    /// Share of them on which grader and people agree.
    pub agreed: f64,
    /// Cohen's kappa; `None` if chance alone would agree.
    pub kappa: Option<f64>,
    /// Its interval, which takes tasks as independent.
    pub interval: Option<Interval>,
    /// Gwet's AC1, which does not fall with high prevalence.
    pub ac1: f64,
    /// Share that people find done.
    pub people: f64,
    /// Share that the grader finds done.
    pub grader: f64,
    /// Krippendorff's alpha of people among each other; `None` without two ratings of a task.
    pub alpha: Option<f64>,
    /// Tasks with two labels or more.
    pub rated_twice: u64,
}

/// `None` if no task has a truth.
#[expect(clippy::cast_precision_loss, reason = "counts of labels")]
pub(super) fn agreement(
    tasks: &Tasks,
    truths: &BTreeMap<Unit, bool>,
    labels: &Labels,
) -> Result<Option<Agreement>, StatsError> {
    let graded = |unit: &Unit| tasks.0.get(unit).is_some_and(|judged| judged.completed);
    let pairs: Vec<(usize, usize)> = truths
        .iter()
        .map(|(unit, truth)| (usize::from(graded(unit)), usize::from(*truth)))
        .collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let found = kappa(&pairs, 2, Weights::None, Level::NINETY_FIVE)?;
    let share = |of: fn(&(usize, usize)) -> usize| {
        pairs.iter().map(of).sum::<usize>() as f64 / pairs.len() as f64
    };
    let ratings: Vec<Vec<f64>> = labels
        .by_unit()
        .into_values()
        .map(|labels| {
            labels
                .into_iter()
                .map(|done| f64::from(u8::from(done)))
                .collect()
        })
        .collect();
    Ok(Some(Agreement {
        units: pairs.len() as u64,
        agreed: found.observed,
        kappa: found.kappa,
        interval: found.interval,
        ac1: ac1(&pairs, 2)?,
        people: share(|pair| pair.1),
        grader: share(|pair| pair.0),
        alpha: alpha(&ratings, Metric::Nominal)?,
        rated_twice: ratings.iter().filter(|ratings| ratings.len() > 1).count() as u64,
    }))
}

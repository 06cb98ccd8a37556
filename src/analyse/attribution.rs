//! Dreaming × outcomes: what each adds, alone and beside the other.
//!
//! The four cells are arms of one run on the same scenarios. The difference scale and the ratio scale are
//! given side by side because an interaction depends on the scale. What always holds: a share is given
//! only where the total's interval excludes zero, and only tasks that all four arms have are used.

use super::{
    AnalyseError, Caution, Group, Measured, Metric,
    estimate::{groups, members, streams},
};
use crate::stats::{
    Level,
    factorial::{Effect, Factorial},
    jackknife::Contrast,
    verdict::MINIMUM_STREAMS,
};

/// A contrast of the four cells on both scales.
#[derive(Debug, Clone, PartialEq)]
pub struct Attributed {
    /// Which.
    pub effect: Effect,
    /// On the difference scale, in the metric's unit (shares between 0 and 1).
    pub difference: Option<Contrast>,
    /// On the log scale; `None` if a cell has nothing.
    pub log_ratio: Option<Contrast>,
}

/// The 2×2 of a metric over a group of scenarios.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// The scenarios.
    pub group: Group,
    /// The metric.
    pub metric: Metric,
    /// How many scenarios have all four cells.
    pub scenarios: usize,
    /// Neither, dreaming, outcomes, both.
    pub cells: [Option<f64>; 4],
    /// The contrasts, in the order of [`Effect::ALL`].
    pub effects: Vec<Attributed>,
    /// Shapley shares of dreaming and of outcomes in the total; withheld where the total's interval
    /// covers zero.
    pub shares: Option<(f64, f64)>,
    /// Why nothing may be concluded.
    pub caution: Option<Caution>,
}

/// The name of a contrast in files: dreaming is the first factor, outcomes the second.
pub fn name(effect: Effect) -> &'static str {
    match effect {
        Effect::FirstWithoutSecond => "dreaming_without_outcomes",
        Effect::FirstWithSecond => "dreaming_with_outcomes",
        Effect::SecondWithoutFirst => "outcomes_without_dreaming",
        Effect::SecondWithFirst => "outcomes_with_dreaming",
        Effect::FirstMain => "dreaming_main",
        Effect::SecondMain => "outcomes_main",
        Effect::Interaction => "interaction",
        Effect::Total => "total",
    }
}

/// The metrics of which the 2×2 is shown.
pub const METRICS: [Metric; 5] = [
    Metric::Completion,
    Metric::FirstTry,
    Metric::ActiveSeconds,
    Metric::Tokens,
    Metric::CostPerSession,
];

/// The four cells of a metric over a group as the statistics take them, with the number of scenarios;
/// `None` if the run has no such arms or no scenario has all four.
pub(super) fn cells(
    measured: &Measured,
    group: Group,
    metric: Metric,
) -> Result<Option<Factorial>, AnalyseError> {
    if measured.sums.cells.is_none() || metric.is_ratio_of_totals() {
        return Ok(None);
    }
    let (_, count) = metric.parts();
    let rows: Vec<_> = members(group, &measured.manifest)
        .into_iter()
        .map(|scenario| measured.sums.factorial[scenario])
        .filter(|cells| cells.iter().all(|cell| cell[count as usize] > 0.0))
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let arm = |cell: usize| streams(metric, rows.iter().map(|cells| cells[cell]));
    let cells = [arm(0)?, arm(1)?, arm(2)?, arm(3)?];
    Ok(Some(if metric.more_is_better() {
        Factorial::new(cells)?
    } else {
        Factorial::of_means(cells)?
    }))
}

/// The 2×2 of a metric over a group; `None` if the run does not have it.
pub fn attribution(
    measured: &Measured,
    group: Group,
    metric: Metric,
) -> Result<Option<Attribution>, AnalyseError> {
    let Some(factorial) = cells(measured, group, metric)? else {
        return Ok(None);
    };
    let mut effects = Vec::new();
    for effect in Effect::ALL {
        effects.push(Attributed {
            effect,
            difference: factorial.difference(effect, Level::NINETY_FIVE)?,
            log_ratio: factorial.log_ratio(effect, Level::NINETY_FIVE)?,
        });
    }
    let scenarios = factorial.stream_count();
    let caution = (scenarios < MINIMUM_STREAMS).then_some(Caution::TooFewScenarios);
    let total = effects
        .iter()
        .find(|one| one.effect == Effect::Total)
        .and_then(|one| one.difference.as_ref()?.interval);
    let shown = total.is_some_and(|total| caution.is_none() && !total.contains(0.0));
    let shares = factorial
        .share_of_first()
        .filter(|_| shown)
        .map(|share| (share, 1.0 - share));
    Ok(Some(Attribution {
        group,
        metric,
        scenarios,
        cells: [0, 1, 2, 3].map(|cell| factorial.cells()[cell].mean()),
        effects,
        shares,
        caution,
    }))
}

/// All of them, by group and metric.
pub fn attributions(measured: &Measured) -> Result<Vec<Attribution>, AnalyseError> {
    let mut found = Vec::new();
    for group in groups() {
        for metric in METRICS {
            found.extend(attribution(measured, group, metric)?);
        }
    }
    Ok(found)
}

//! Intervals for the difference of two paired proportions in closed form.

use super::PairTable;
use crate::stats::distribution;
use crate::stats::error::StatsError;
use crate::stats::interval::Interval;
use crate::stats::interval::Level;
use crate::stats::interval::Method;
use crate::stats::proportion;

/// Newcombe's method 10: both Wilson intervals, squared and added, with the
/// continuity-corrected phi coefficient between them.
///
/// Assumes independent pairs. Source: Newcombe 1998, Stat Med 17:2635.
pub fn newcombe(table: &PairTable, level: Level) -> Result<Interval, StatsError> {
    let pairs = table.pairs();
    let treat = proportion::wilson(table.treat(), pairs, level)?;
    let base = proportion::wilson(table.base(), pairs, level)?;
    let (p_treat, p_base) = (table.treat() / pairs, table.base() / pairs);
    let determinant = table.determinant();
    let corrected = if determinant > pairs / 2.0 {
        determinant - pairs / 2.0
    } else {
        determinant.min(0.0)
    };
    let phi = table.phi(corrected);
    let add = |one: f64, other: f64| {
        (one * one - 2.0 * phi * one * other + other * other)
            .max(0.0)
            .sqrt()
    };
    let estimate = p_treat - p_base;
    let below = add(p_treat - treat.lower(), base.upper() - p_base);
    let above = add(treat.upper() - p_treat, p_base - base.lower());
    Interval::new(estimate - below, estimate + above, level, Method::Newcombe)
}

/// Bonett and Price's adjusted Wald interval: one is added to each discordant
/// count and two to the pairs; clipped to `[-1, 1]`.
///
/// Assumes independent pairs. Source: Bonett and Price 2012, JEBS 37:479.
pub fn bonett_price_difference(table: &PairTable, level: Level) -> Result<Interval, StatsError> {
    let pairs = table.pairs() + 2.0;
    let better = (table.treat_only() + 1.0) / pairs;
    let worse = (table.base_only() + 1.0) / pairs;
    let estimate = better - worse;
    let variance = (better + worse - estimate * estimate) / pairs;
    let half = distribution::normal_quantile(level.upper_probability())? * variance.sqrt();
    Interval::new(
        (estimate - half).max(-1.0),
        (estimate + half).min(1.0),
        level,
        Method::BonettPrice,
    )
}

//! Intervals for the ratio of two paired proportions.

use super::PairTable;
use crate::stats::difference::bisect;
use crate::stats::distribution;
use crate::stats::error::StatsError;
use crate::stats::interval::Interval;
use crate::stats::interval::Level;
use crate::stats::interval::Method;
use crate::stats::proportion;

/// Logarithms of ratios beyond this are not searched.
const LOG_RANGE: f64 = 60.0;

/// The limits, with those that a zero margin leaves open, as an interval that
/// holds the estimate.
fn interval(
    table: &PairTable,
    lower: f64,
    upper: f64,
    level: Level,
    method: Method,
) -> Result<Interval, StatsError> {
    let lower = if table.treat() > 0.0 { lower } else { 0.0 };
    let upper = if table.base() > 0.0 {
        upper
    } else {
        f64::INFINITY
    };
    let estimate = table.ratio().unwrap_or(1.0);
    Interval::new(lower.min(estimate), upper.max(estimate), level, method)
}

/// The score interval, solved on the logarithm of the ratio.
///
/// Assumes independent pairs. A base without success gives an infinite upper
/// limit, a treatment without success a lower limit of 0. Source: Nam and
/// Blackwelder 2002, Stat Med 21:689; Tang, Tang and Chan 2003, 22:1217.
pub fn tang_score(table: &PairTable, level: Level) -> Result<Interval, StatsError> {
    let z = distribution::normal_quantile(level.upper_probability())?;
    let limit = |target: f64| {
        bisect(-LOG_RANGE, LOG_RANGE, |log| {
            score(table, log.exp()) > target
        })
        .exp()
    };
    interval(table, limit(z), limit(-z), level, Method::TangScore)
}

/// The standardised score of a hypothetical ratio.
fn score(table: &PairTable, ratio: f64) -> f64 {
    let pairs = table.pairs();
    let (treat, base, worse) = (table.treat(), table.base(), table.base_only());
    let any = treat + worse;
    let a = pairs * (1.0 + ratio);
    let b = base * ratio * ratio - (treat + 2.0 * worse);
    let c = worse * (1.0 - ratio) * any / pairs;
    let root = (b * b - 4.0 * a * c).max(0.0).sqrt();
    // The other form of the root loses all digits where b is positive.
    let q = if b > 0.0 {
        -2.0 * c / (b + root)
    } else {
        (root - b) / (2.0 * a)
    };
    let variance = a * q + any * (ratio - 1.0);
    let distance = treat - base * ratio;
    if variance > 0.0 {
        distance / variance.sqrt()
    } else if distance.abs() > 0.0 {
        distance.signum() * f64::INFINITY
    } else {
        0.0
    }
}

/// Bonett and Price's hybrid of two Wilson intervals on the pairs with any
/// success, at an adjusted critical value.
///
/// Assumes independent pairs. Source: Bonett and Price 2006, Biometrics
/// 62:1146.
pub fn bonett_price_ratio(table: &PairTable, level: Level) -> Result<Interval, StatsError> {
    let (treat, base) = (table.treat(), table.base());
    let any = treat + table.base_only();
    if any <= 0.0 {
        return Interval::new(0.0, f64::INFINITY, level, Method::BonettPrice);
    }
    let z = distribution::normal_quantile(level.upper_probability())?;
    let joint = (table.treat_only() + table.base_only() + 2.0) / ((treat + 1.0) * (base + 1.0));
    let own = |count: f64| ((1.0 - (count + 1.0) / (any + 2.0)) / (count + 1.0)).sqrt();
    let squared = (z * joint.sqrt() / (own(treat) + own(base))).powi(2);
    let limit = |count: f64, sign: f64| {
        let root = (squared * (squared + 4.0 * count * (1.0 - count / any))).sqrt();
        (2.0 * count + squared + sign * root) / (2.0 * (any + squared))
    };
    interval(
        table,
        limit(treat, -1.0) / limit(base, 1.0),
        limit(treat, 1.0) / limit(base, -1.0),
        level,
        Method::BonettPrice,
    )
}

/// The ratio of two Wilson intervals by recovered variances (MOVER), with the
/// phi coefficient between them.
///
/// Assumes independent pairs. Source: Tang, Li and Tang 2010; Donner and Zou
/// 2012.
pub fn mover_wilson(table: &PairTable, level: Level) -> Result<Interval, StatsError> {
    let pairs = table.pairs();
    let treat = proportion::wilson(table.treat(), pairs, level)?;
    let base = proportion::wilson(table.base(), pairs, level)?;
    let (p_treat, p_base) = (table.treat() / pairs, table.base() / pairs);
    let phi = table.phi(table.determinant());
    // The product of both rates less their covariance, and what is under the
    // root, for one limit of each arm.
    let parts = |of_treat: f64, of_base: f64| {
        let middle = p_treat * p_base - (p_treat - of_treat) * (of_base - p_base) * phi;
        let numerator = of_treat * (2.0 * p_treat - of_treat);
        let denominator = of_base * (2.0 * p_base - of_base);
        let root = (middle * middle - numerator * denominator).max(0.0).sqrt();
        (middle, root, numerator, denominator)
    };
    let (middle, root, numerator, _) = parts(treat.lower(), base.upper());
    let lower = numerator / (middle + root);
    let (middle, root, _, denominator) = parts(treat.upper(), base.lower());
    let upper = (middle + root) / denominator;
    interval(table, lower, upper, level, Method::MoverWilson)
}

/// The Wald interval on the logarithm; any zero margin excludes nothing.
///
/// Assumes independent pairs and many of them. Source: Desu and Raghavarao
/// 2004.
pub fn log_wald(table: &PairTable, level: Level) -> Result<Interval, StatsError> {
    let (treat, base) = (table.treat(), table.base());
    if treat <= 0.0 || base <= 0.0 {
        return Interval::new(0.0, f64::INFINITY, level, Method::WaldLog);
    }
    let z = distribution::normal_quantile(level.upper_probability())?;
    let discordant = table.treat_only() + table.base_only();
    let half = z * (discordant / (treat * base)).sqrt();
    let log = (treat / base).ln();
    interval(
        table,
        (log - half).exp(),
        (log + half).exp(),
        level,
        Method::WaldLog,
    )
}

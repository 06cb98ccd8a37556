//! One proportion: intervals for independent rows and for clustered rows.
//!
//! *What it is for.* [`cluster_wilson`] is the interval to report.
//! *What it is not.* [`wilson`], [`clopper_pearson`] and [`jeffreys`] ignore
//! clustering; they are building blocks and second opinions. None of them
//! compares arms. *What always holds.* Limits lie in `[0, 1]`; no successes
//! give a lower limit of exactly 0, only successes an upper limit of exactly 1.

use super::distribution;
use super::error::StatsError;
use super::interval::Interval;
use super::interval::Level;
use super::interval::Method;
use super::jackknife;
use super::sample::Arm;
use super::sample::as_float;

/// Refuses anything but `0 <= successes <= trials`, `trials > 0`.
fn require_binomial(successes: f64, trials: f64) -> Result<(), StatsError> {
    if !(trials > 0.0 && trials.is_finite()) {
        return Err(StatsError::OutOfRange {
            name: "trials",
            value: trials,
            expected: "a finite number above 0",
        });
    }
    if !(successes >= 0.0 && successes <= trials) {
        return Err(StatsError::OutOfRange {
            name: "successes",
            value: successes,
            expected: "a number between 0 and `trials`",
        });
    }
    Ok(())
}

/// Wilson's score interval for `successes` of `trials` independent rows, both
/// real-valued so that an effective sample size can be used.
///
/// Source: Wilson 1927.
pub fn wilson(successes: f64, trials: f64, level: Level) -> Result<Interval, StatsError> {
    let (lower, upper) = wilson_limits(successes, trials, level)?;
    Interval::new(lower, upper, level, Method::Wilson)
}

/// The limits alone, for callers with another method tag.
fn wilson_limits(successes: f64, trials: f64, level: Level) -> Result<(f64, f64), StatsError> {
    require_binomial(successes, trials)?;
    let z = distribution::normal_quantile(level.upper_probability())?;
    let rate = successes / trials;
    let squared = z * z;
    let shrink = 1.0 + squared / trials;
    let centre = (rate + squared / (2.0 * trials)) / shrink;
    let spread = rate * (1.0 - rate) / trials + squared / (4.0 * trials * trials);
    let half = z * spread.sqrt() / shrink;
    let lower = if successes > 0.0 {
        (centre - half).clamp(0.0, rate)
    } else {
        0.0
    };
    let upper = if successes < trials {
        (centre + half).clamp(rate, 1.0)
    } else {
        1.0
    };
    Ok((lower, upper))
}

/// The lower Clopper-Pearson limit that leaves `tail` below it.
pub(super) fn clopper_pearson_lower(
    successes: f64,
    trials: f64,
    tail: f64,
) -> Result<f64, StatsError> {
    require_binomial(successes, trials)?;
    if successes > 0.0 {
        distribution::beta_quantile(tail, successes, trials - successes + 1.0)
    } else {
        Ok(0.0)
    }
}

/// The upper Clopper-Pearson limit that leaves `tail` above it.
pub(super) fn clopper_pearson_upper(
    successes: f64,
    trials: f64,
    tail: f64,
) -> Result<f64, StatsError> {
    require_binomial(successes, trials)?;
    if successes < trials {
        distribution::beta_quantile(1.0 - tail, successes + 1.0, trials - successes)
    } else {
        Ok(1.0)
    }
}

/// The Clopper-Pearson interval through beta quantiles, real-valued arguments
/// allowed. For independent rows its coverage is never below the level.
///
/// Source: Clopper and Pearson 1934.
pub fn clopper_pearson(successes: f64, trials: f64, level: Level) -> Result<Interval, StatsError> {
    let tail = level.alpha() / 2.0;
    let lower = clopper_pearson_lower(successes, trials, tail)?;
    let upper = clopper_pearson_upper(successes, trials, tail)?;
    Interval::new(lower, upper, level, Method::ClopperPearson)
}

/// The equal-tailed Jeffreys interval, `Beta(x + 1/2, n - x + 1/2)`, with the
/// limit at an extreme count set to 0 or 1. Independent rows only.
///
/// Source: Brown, Cai and `DasGupta` 2001.
pub fn jeffreys(successes: f64, trials: f64, level: Level) -> Result<Interval, StatsError> {
    require_binomial(successes, trials)?;
    let tail = level.alpha() / 2.0;
    let (a, b) = (successes + 0.5, trials - successes + 0.5);
    let lower = if successes > 0.0 {
        distribution::beta_quantile(tail, a, b)?
    } else {
        0.0
    };
    let upper = if successes < trials {
        distribution::beta_quantile(1.0 - tail, a, b)?
    } else {
        1.0
    };
    Interval::new(lower, upper, level, Method::Jeffreys)
}

/// A pooled rate with the interval that allows for clustering.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClusterProportion {
    /// Pooled rate; `None` if nothing was counted.
    pub estimate: Option<f64>,
    /// Wilson interval on `n_eff`; `None` with fewer than two streams.
    pub interval: Option<Interval>,
    /// [`Method::ClusterWilson`] or [`Method::Undefined`].
    pub method: Method,
    /// Design effect; `None` if the rate is 0 or 1 or G < 2.
    pub deff: Option<f64>,
    /// Effective sample size with the t correction; `None` if G < 2.
    pub n_eff: Option<f64>,
    /// Number of rows.
    pub count: f64,
    /// Number of streams with data.
    pub streams: usize,
}

/// The variance of the pooled rate between streams,
/// `G/(G-1) * sum (Y_g - p N_g)^2 / n^2`, over the streams with data.
fn cr1_variance(arm: &Arm) -> Option<f64> {
    let rate = arm.mean()?;
    let streams = arm.counted().count();
    if streams < 2 {
        return None;
    }
    let squares = arm
        .counted()
        .map(|s| (s.sum() - rate * s.count()).powi(2))
        .sum::<f64>();
    let size = as_float(streams);
    Some(size / (size - 1.0) * squares / arm.total_count().powi(2))
}

/// The linearised cluster-robust standard error of a pooled mean (CR1). For
/// comparison only: too small when streams are few or unequal. `None` with
/// fewer than two streams with data.
///
/// Source: Cameron, Gelbach and Miller 2008.
pub fn se_cr1(arm: &Arm) -> Option<f64> {
    cr1_variance(arm).map(f64::sqrt)
}

/// The Wilson interval of a pooled rate on its effective sample size.
///
/// `deff = V / (p (1-p) / n)` with the CR1 variance V, and
/// `n_eff = n / max(1, deff) * (z / t(G-1))^2`. At a rate of 0 or 1 the design
/// effect cannot be estimated and every stream counts once:
/// `n_eff = G (z / t)^2`.
///
/// Assumes independent streams; rows inside a stream may depend on each other
/// in any way. With a rate near 5 %, strong clustering and 20 streams the
/// coverage of the 95 % interval can fall to about 0.86.
///
/// Source: Korn and Graubard 1998; Saha, Miller and Wang 2016.
pub fn cluster_wilson(arm: &Arm, level: Level) -> Result<ClusterProportion, StatsError> {
    arm.require_proportion()?;
    let mut result = ClusterProportion {
        estimate: arm.mean(),
        interval: None,
        method: Method::Undefined,
        deff: None,
        n_eff: None,
        count: arm.total_count(),
        streams: arm.counted().count(),
    };
    let (Some(rate), Some(variance)) = (result.estimate, cr1_variance(arm)) else {
        return Ok(result);
    };
    let z = distribution::normal_quantile(level.upper_probability())?;
    let t = jackknife::t_critical(result.streams, level)?;
    result.deff = design_effect(rate, variance, arm.total_count());
    let n_eff = match result.deff {
        Some(deff) => arm.total_count() / deff.max(1.0),
        None => as_float(result.streams),
    } * (z / t).powi(2);
    let (lower, upper) = wilson_limits((rate * n_eff).min(n_eff), n_eff, level)?;
    result.n_eff = Some(n_eff);
    result.method = Method::ClusterWilson;
    result.interval = Some(Interval::new(
        lower.min(rate),
        upper.max(rate),
        level,
        Method::ClusterWilson,
    )?);
    Ok(result)
}

/// Variance over binomial variance; `None` at a rate of 0 or 1.
fn design_effect(rate: f64, variance: f64, count: f64) -> Option<f64> {
    let binomial = rate * (1.0 - rate) / count;
    (binomial > 0.0).then(|| variance / binomial)
}

/// The one-way ANOVA estimator of the intraclass correlation of 0/1 rows.
///
/// `n0 = (n - sum N^2 / n) / (G-1)`. It may be negative: rows inside a stream
/// are then less alike than rows of different streams. `None` with fewer than
/// two streams, one row per stream or only equal rows. Very imprecise below
/// about 20 streams.
///
/// Source: Donner 1986; Ukoumunne 2002.
pub fn icc_anova(arm: &Arm) -> Result<Option<f64>, StatsError> {
    arm.require_proportion()?;
    let Some(rate) = arm.mean() else {
        return Ok(None);
    };
    let size = as_float(arm.counted().count());
    let count = arm.total_count();
    if size < 2.0 || count <= size {
        return Ok(None);
    }
    let (mut between, mut within, mut squares) = (0.0, 0.0, 0.0);
    for stream in arm.counted() {
        let own = stream.sum() / stream.count();
        between += stream.count() * (own - rate).powi(2);
        within += stream.sum() * (1.0 - own);
        squares += stream.count().powi(2);
    }
    let typical = (count - squares / count) / (size - 1.0);
    let between = between / (size - 1.0);
    let within = within / (count - size);
    let total = between + (typical - 1.0) * within;
    Ok((total > 0.0).then(|| (between - within) / total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_wilson_limits() {
        // Newcombe 1998, Table I, 15 of 148: 0.0624 to 0.1605.
        let interval = wilson(15.0, 148.0, Level::NINETY_FIVE).unwrap();
        assert!((interval.lower() - 0.062_386_399_530_736_3).abs() < 1e-12);
        assert!((interval.upper() - 0.160_487_241_723_308_03).abs() < 1e-12);
    }

    #[test]
    fn one_stream_has_a_rate_but_no_interval() {
        let arm = Arm::from_pairs([(3.0, 10.0)]).unwrap();
        let result = cluster_wilson(&arm, Level::NINETY_FIVE).unwrap();
        assert_eq!(result.estimate, Some(0.3));
        assert_eq!((result.interval, result.method), (None, Method::Undefined));
        assert_eq!((se_cr1(&arm), icc_anova(&arm).unwrap()), (None, None));
    }

    #[test]
    fn extremes_count_each_stream_once() {
        for (sum, rate) in [(0.0, 0.0), (4.0, 1.0)] {
            let arm = Arm::from_pairs([(sum, 4.0); 8]).unwrap();
            let result = cluster_wilson(&arm, Level::NINETY_FIVE).unwrap();
            assert_eq!((result.deff, result.estimate), (None, Some(rate)));
            assert!(result.n_eff.unwrap() < 8.0);
            assert!(result.interval.unwrap().contains(rate));
        }
    }

    #[test]
    fn refuses_impossible_counts() {
        assert!(wilson(3.0, 2.0, Level::NINETY_FIVE).is_err());
        assert!(wilson(0.0, 0.0, Level::NINETY_FIVE).is_err());
        assert!(clopper_pearson(f64::NAN, 2.0, Level::NINETY_FIVE).is_err());
        assert!(jeffreys(-1.0, 2.0, Level::NINETY_FIVE).is_err());
    }

    #[test]
    fn nothing_counted_is_undefined() {
        let arm = Arm::from_pairs([(0.0, 0.0), (0.0, 0.0)]).unwrap();
        let result = cluster_wilson(&arm, Level::NINETY_FIVE).unwrap();
        assert_eq!((result.estimate, result.streams), (None, 0));
    }
}

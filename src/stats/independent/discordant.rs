//! Tests and odds on the discordant pairs alone.

use super::PairTable;
use crate::stats::difference::bisect;
use crate::stats::distribution;
use crate::stats::error::StatsError;
use crate::stats::interval::Interval;
use crate::stats::interval::Level;
use crate::stats::interval::Method;
use crate::stats::proportion;

/// Result of [`mcnemar`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct McNemar {
    /// Exact two-sided p-value, conservative.
    pub exact: f64,
    /// Mid-p value, the one to prefer.
    pub mid_p: f64,
    /// The statistic without continuity correction; `None` without discordant
    /// pairs.
    pub chi_squared: Option<f64>,
    /// Its p-value; 1 without discordant pairs.
    pub asymptotic: f64,
}

/// `McNemar`'s test of equal rates.
///
/// Assumes independent pairs. Exact: twice the smaller binomial tail, at most
/// 1; mid-p: that less the probability of the smaller count, and one less half
/// of it if both counts are equal. Without discordant pairs all are 1.
///
/// Source: Fagerland, Lydersen and Laake 2013, BMC MRM 13:91.
pub fn mcnemar(table: &PairTable) -> Result<McNemar, StatsError> {
    let (better, worse) = (table.treat_only(), table.base_only());
    let discordant = better + worse;
    if discordant <= 0.0 {
        return Ok(McNemar {
            exact: 1.0,
            mid_p: 1.0,
            chi_squared: None,
            asymptotic: 1.0,
        });
    }
    let smaller = better.min(worse);
    // P(X <= k) of a fair binomial is a beta distribution function at a half.
    let tail = distribution::beta_cdf(0.5, discordant - smaller, smaller + 1.0)?;
    let ln_choose = -distribution::ln_beta(smaller + 1.0, discordant - smaller + 1.0)?
        - (discordant + 1.0).ln();
    let point = (ln_choose - discordant * std::f64::consts::LN_2).exp();
    let tied = (better - worse).abs() < f64::EPSILON;
    let chi_squared = (better - worse).powi(2) / discordant;
    Ok(McNemar {
        exact: (2.0 * tail).min(1.0),
        mid_p: if tied {
            1.0 - point / 2.0
        } else {
            (2.0 * tail - point).clamp(0.0, 1.0)
        },
        chi_squared: Some(chi_squared),
        asymptotic: distribution::chi_squared_one_tail(chi_squared),
    })
}

/// Result of [`conditional_odds`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ConditionalOdds {
    /// Pairs better over pairs worse; infinite over zero, `None` for 0/0.
    pub estimate: Option<f64>,
    /// Transformed Clopper-Pearson interval.
    pub exact: Interval,
    /// Transformed mid-p interval.
    pub mid_p: Interval,
}

/// The conditional odds ratio of matched pairs with exact intervals.
///
/// Assumes independent pairs. Without discordant pairs nothing is excluded.
/// Source: Breslow and Day 1980; Fagerland, Lydersen and Laake 2014.
pub fn conditional_odds(table: &PairTable, level: Level) -> Result<ConditionalOdds, StatsError> {
    let (better, worse) = (table.treat_only(), table.base_only());
    let discordant = better + worse;
    if discordant <= 0.0 {
        let open = |method| Interval::new(0.0, f64::INFINITY, level, method);
        return Ok(ConditionalOdds {
            estimate: None,
            exact: open(Method::ConditionalCp)?,
            mid_p: open(Method::ConditionalMidP)?,
        });
    }
    let odds = |share: f64| share / (1.0 - share);
    let exact = proportion::clopper_pearson(better, discordant, level)?;
    let tail = level.alpha() / 2.0;
    let lower = mid_p_lower(better, worse, tail)?;
    let upper = 1.0 - mid_p_lower(worse, better, tail)?;
    Ok(ConditionalOdds {
        estimate: Some(better / worse),
        exact: Interval::new(
            odds(exact.lower()),
            odds(exact.upper()),
            level,
            Method::ConditionalCp,
        )?,
        mid_p: Interval::new(odds(lower), odds(upper), level, Method::ConditionalMidP)?,
    })
}

/// The share at which more successes than seen, plus half of as many as seen,
/// have the probability `tail`.
fn mid_p_lower(successes: f64, failures: f64, tail: f64) -> Result<f64, StatsError> {
    if successes <= 0.0 {
        return Ok(0.0);
    }
    // Checks the parameters once; the search cannot report an error.
    distribution::beta_cdf(0.5, successes, failures + 1.0)?;
    let as_many = |share| distribution::beta_cdf(share, successes, failures + 1.0);
    let more = |share| {
        if failures > 0.0 {
            distribution::beta_cdf(share, successes + 1.0, failures)
        } else {
            Ok(0.0)
        }
    };
    let upper_tail = |share| Ok::<f64, StatsError>(f64::midpoint(as_many(share)?, more(share)?));
    Ok(bisect(0.0, 1.0, |share| {
        upper_tail(share).is_ok_and(|probability| probability < tail)
    }))
}

/// The e-value against discordant pairs being a fair coin: the likelihood
/// ratio of the uniform mixture, `2^m B(b+1, c+1)`.
///
/// For independent pairs it may be looked at after every pair; its reciprocal
/// bounds the p-value. Source: Ville 1939; Turner, Ly and Grünwald 2021.
pub fn e_value(table: &PairTable) -> Result<f64, StatsError> {
    let (better, worse) = (table.treat_only(), table.base_only());
    let log = (better + worse) * std::f64::consts::LN_2
        + distribution::ln_beta(better + 1.0, worse + 1.0)?;
    Ok(log.exp())
}

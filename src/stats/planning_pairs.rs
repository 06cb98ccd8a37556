//! Sizes for independent rows and pairs.
//!
//! *What it is for.* The published formulas, for rows that do not depend on
//! each other and as a cross-check. *What it is not.* A plan for streams:
//! rows inside a stream depend on each other. Use [`super::planning`], or
//! multiply by the design effect and divide by the rows per stream. *What
//! always holds.* Sizes are real numbers, not rounded; no effect to detect
//! gives infinity. Powers lie strictly between 0 and 1.

use super::distribution;
use super::error::StatsError;
use super::interval::Level;

use statrs::function::factorial::ln_binomial;

/// More pairs than this are not enumerated.
const MOST_PAIRS: u32 = 2000;

/// The two quantiles of a plan, `z(level) + z(power)`; the level is two-sided.
fn quantiles(level: Level, power: f64) -> Result<(f64, f64), StatsError> {
    Ok((
        distribution::normal_quantile(level.upper_probability())?,
        distribution::normal_quantile(power)?,
    ))
}

fn require_rate(name: &'static str, value: f64) -> Result<(), StatsError> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(StatsError::OutOfRange {
            name,
            value,
            expected: "a number between 0 and 1",
        })
    }
}

/// `numerator / distance^2`, infinite without a distance.
fn over_square(numerator: f64, distance: f64) -> f64 {
    if distance.abs() > 0.0 {
        numerator / (distance * distance)
    } else {
        f64::INFINITY
    }
}

/// Probabilities of the two discordant outcomes of a pair, and of success in
/// both arms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairRates {
    /// Both succeed.
    pub both: f64,
    /// Only the treated one succeeds.
    pub treat_only: f64,
    /// Only the base one succeeds.
    pub base_only: f64,
}

impl PairRates {
    fn require(self) -> Result<(), StatsError> {
        require_rate("both", self.both)?;
        require_rate("treat_only", self.treat_only)?;
        require_rate("base_only", self.base_only)?;
        require_rate("sum", self.both + self.treat_only + self.base_only)
    }
}

/// Pairs for `McNemar`'s test of no difference:
/// `(z_a sqrt(psi) + z_b sqrt(psi - D^2))^2 / D^2` with the discordant share
/// `psi` and the difference `D`.
///
/// Assumes independent pairs. Source: Connor 1987.
pub fn connor_pairs(rates: PairRates, level: Level, power: f64) -> Result<f64, StatsError> {
    rates.require()?;
    let (z_level, z_power) = quantiles(level, power)?;
    let discordant = rates.treat_only + rates.base_only;
    let distance = rates.treat_only - rates.base_only;
    let sum =
        z_level * discordant.sqrt() + z_power * (discordant - distance * distance).max(0.0).sqrt();
    Ok(over_square(sum * sum, distance))
}

/// Pairs that show a ratio other than `claimed` (1 for "any effect"), with the
/// log-Wald variance `(treat_only + base_only) / (pT pC)`; infinite if the
/// true ratio is the claimed one or a rate is 0.
///
/// Assumes independent pairs. Source: the delta method on the log ratio.
pub fn ratio_pairs(
    rates: PairRates,
    claimed: f64,
    level: Level,
    power: f64,
) -> Result<f64, StatsError> {
    rates.require()?;
    distribution::require_positive("claimed", claimed)?;
    let (z_level, z_power) = quantiles(level, power)?;
    let (treat, base) = (rates.both + rates.treat_only, rates.both + rates.base_only);
    if treat <= 0.0 || base <= 0.0 {
        return Ok(f64::INFINITY);
    }
    let variance = (rates.treat_only + rates.base_only) / (treat * base);
    let distance = (treat / base).ln() - claimed.ln();
    Ok(over_square(
        (z_level + z_power).powi(2) * variance,
        distance,
    ))
}

/// Pairs that show a difference above `-margin`:
/// `(z_a + z_b)^2 (psi - d^2) / (d + margin)^2`.
///
/// `discordant` is `psi`, `difference` the true `d`. With a 95 % level the test
/// is one-sided at 2.5 %. Infinite if the true difference is at or below
/// `-margin`. Assumes independent pairs. Source: the Wald statistic.
pub fn non_inferiority_pairs(
    discordant: f64,
    difference: f64,
    margin: f64,
    level: Level,
    power: f64,
) -> Result<f64, StatsError> {
    require_rate("discordant", discordant)?;
    require_rate("difference", difference.abs())?;
    distribution::require_positive("margin", margin)?;
    let (z_level, z_power) = quantiles(level, power)?;
    let distance = difference + margin;
    if distance <= 0.0 {
        return Ok(f64::INFINITY);
    }
    let variance = (discordant - difference * difference).max(0.0);
    Ok(over_square(
        (z_level + z_power).powi(2) * variance,
        distance,
    ))
}

/// Variances of scores of questions asked in two arms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuestionVariance {
    /// Variance of the difference of the questions' expected scores,
    /// `Var(A) + Var(B) - 2 Cov(A, B)`.
    pub between: f64,
    /// Mean variance of one answer around its expectation, arm A.
    pub within_a: f64,
    /// Answers per question in arm A, above 0.
    pub answers_a: f64,
    /// Mean variance of one answer around its expectation, arm B.
    pub within_b: f64,
    /// Answers per question in arm B, above 0.
    pub answers_b: f64,
}

impl QuestionVariance {
    /// Variance of the difference of one question's mean scores.
    fn total(self) -> Result<f64, StatsError> {
        distribution::require_positive("answers_a", self.answers_a)?;
        distribution::require_positive("answers_b", self.answers_b)?;
        for (index, value) in [self.between, self.within_a, self.within_b]
            .into_iter()
            .enumerate()
        {
            if !value.is_finite() {
                return Err(StatsError::NotFinite { index, value });
            }
            if value < 0.0 {
                return Err(StatsError::NegativeCount { index, value });
            }
        }
        Ok(self.between + self.within_a / self.answers_a + self.within_b / self.answers_b)
    }
}

/// Questions that show a mean difference of `distance`, in units of the score.
///
/// Assumes independent questions. Source: Miller 2024, arXiv 2411.00640.
pub fn miller_questions(
    variance: QuestionVariance,
    distance: f64,
    level: Level,
    power: f64,
) -> Result<f64, StatsError> {
    let (z_level, z_power) = quantiles(level, power)?;
    distribution::require_positive("distance", distance.abs())?;
    Ok(over_square(
        (z_level + z_power).powi(2) * variance.total()?,
        distance,
    ))
}

/// The mean difference that a number of questions shows; the inverse of
/// [`miller_questions`].
pub fn miller_detectable(
    variance: QuestionVariance,
    questions: f64,
    level: Level,
    power: f64,
) -> Result<f64, StatsError> {
    let (z_level, z_power) = quantiles(level, power)?;
    distribution::require_positive("questions", questions)?;
    Ok((z_level + z_power) * (variance.total()? / questions).sqrt())
}

/// Power of `McNemar`'s exact test and of its mid-p form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McnemarPower {
    /// Of the exact conditional test.
    pub exact: f64,
    /// Of the mid-p test.
    pub mid_p: f64,
}

/// The exact power of `McNemar`'s two-sided tests, summed over all outcomes of
/// `pairs` independent pairs (up to 2,000); `rates.both` plays no part.
pub fn mcnemar_power(
    rates: PairRates,
    pairs: u32,
    level: Level,
) -> Result<McnemarPower, StatsError> {
    rates.require()?;
    if pairs > MOST_PAIRS {
        return Err(StatsError::OutOfRange {
            name: "pairs",
            value: f64::from(pairs),
            expected: "at most 2000 pairs",
        });
    }
    let alpha = level.alpha();
    let discordant = rates.treat_only + rates.base_only;
    let mut power = McnemarPower {
        exact: 0.0,
        mid_p: 0.0,
    };
    if discordant <= 0.0 {
        return Ok(power);
    }
    for m in 1..=pairs {
        let weight = binomial(m, pairs, discordant);
        let mut below = 0.0;
        for fewer in 0..=m / 2 {
            let here = binomial(fewer, m, 0.5);
            below += here;
            let (exact, mid_p) = if 2 * fewer == m {
                (1.0, 1.0 - here / 2.0)
            } else {
                ((2.0 * below).min(1.0), 2.0 * below - here)
            };
            if exact > alpha && mid_p > alpha {
                break;
            }
            let share = rates.treat_only / discordant;
            let mut chance = binomial(fewer, m, share);
            if 2 * fewer != m {
                chance += binomial(m - fewer, m, share);
            }
            if exact <= alpha {
                power.exact += weight * chance;
            }
            if mid_p <= alpha {
                power.mid_p += weight * chance;
            }
        }
    }
    Ok(power)
}

/// The probability of `hits` among `trials`.
fn binomial(hits: u32, trials: u32, chance: f64) -> f64 {
    let log = |count: u32, chance: f64| {
        if count == 0 {
            0.0
        } else {
            f64::from(count) * chance.ln()
        }
    };
    let ways = ln_binomial(u64::from(trials), u64::from(hits));
    (ways + log(hits, chance) + log(trials - hits, 1.0 - chance)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: Level = Level::NINETY_FIVE;

    #[test]
    fn no_effect_needs_infinitely_many() {
        let even = PairRates {
            both: 0.2,
            treat_only: 0.1,
            base_only: 0.1,
        };
        assert_eq!(connor_pairs(even, LEVEL, 0.8), Ok(f64::INFINITY));
        assert_eq!(ratio_pairs(even, 1.0, LEVEL, 0.8), Ok(f64::INFINITY));
        let worse = non_inferiority_pairs(0.3, -0.1, 0.1, LEVEL, 0.8);
        assert_eq!(worse, Ok(f64::INFINITY));
    }

    #[test]
    fn exact_power_keeps_its_level_without_an_effect() {
        let even = PairRates {
            both: 0.2,
            treat_only: 0.2,
            base_only: 0.2,
        };
        let power = mcnemar_power(even, 60, LEVEL).unwrap();
        assert!(power.exact <= 0.05 && power.mid_p > power.exact && power.mid_p < 0.06);
        let one = mcnemar_power(even, 1, LEVEL).unwrap();
        assert!(one.exact.abs() < 1e-15);
    }

    #[test]
    fn refuses_what_is_not_a_rate() {
        let beyond = PairRates {
            both: 0.5,
            treat_only: 0.4,
            base_only: 0.2,
        };
        assert!(connor_pairs(beyond, LEVEL, 0.8).is_err());
        assert!(mcnemar_power(beyond, 10, LEVEL).is_err());
        assert!(non_inferiority_pairs(0.3, 0.0, 0.0, LEVEL, 0.8).is_err());
        assert!(non_inferiority_pairs(0.3, 0.0, 0.1, LEVEL, 1.0).is_err());
    }
}

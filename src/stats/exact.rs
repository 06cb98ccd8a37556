//! Tests of "no effect in any stream" by relabelling the arms of streams.
//!
//! *What it is for.* A p-value that assumes no distribution. *What it is not.*
//! An interval or an effect size. *What always holds.* `0 < p <= 1`. With few
//! streams p cannot be small: see [`attainable_minimum_p`]; below 6 streams no
//! two-sided result reaches 0.05.

use super::distribution;
use super::error::StatsError;
use super::random::SplitMix;
use super::sample::as_float;

/// Largest number of streams whose sign patterns are all enumerated.
const ENUMERATION_STREAMS: usize = 20;
/// Largest sum of absolute integer differences for dynamic programming.
const INTEGER_LIMIT: f64 = 1e5;
/// Largest number of non-zero differences with an exact Wilcoxon null.
const WILCOXON_EXACT: usize = 500;
/// Differences this small count as zero in the Wilcoxon test.
const WILCOXON_ZERO: f64 = 1e-12;

/// The smallest two-sided p-value any data from `streams` streams can give,
/// `2 / 2^G`, and 1 without streams.
pub fn attainable_minimum_p(streams: usize) -> f64 {
    let exponent = i32::try_from(streams).unwrap_or(i32::MAX);
    (2.0 * 0.5_f64.powi(exponent)).min(1.0)
}

/// Refuses an empty list and values that are not finite.
fn require_differences(differences: &[f64]) -> Result<(), StatsError> {
    if differences.is_empty() {
        return Err(StatsError::Empty);
    }
    match differences.iter().position(|d| !d.is_finite()) {
        None => Ok(()),
        Some(index) => Err(StatsError::NotFinite {
            index,
            value: differences[index],
        }),
    }
}

/// Seed and number of draws for the case that cannot be enumerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonteCarlo {
    /// Seed of the random number contract in [`super::random`].
    pub seed: u64,
    /// Number of random sign patterns.
    pub draws: u32,
}

impl MonteCarlo {
    /// 20,000 draws: the standard error at p = 0.05 is 0.0015.
    pub const fn with_seed(seed: u64) -> Self {
        Self {
            seed,
            draws: 20_000,
        }
    }
}

/// How the null distribution of a sign-flip test was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NullDistribution {
    /// All sign patterns, by dynamic programming or enumeration.
    Exact,
    /// A random sample of sign patterns.
    MonteCarlo,
}

impl NullDistribution {
    /// The stable tag.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::MonteCarlo => "mc",
        }
    }
}

/// Result of [`sign_flip`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct SignFlip {
    /// The statistic `|sum of differences|`.
    pub statistic: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// How the null distribution was obtained.
    pub null: NullDistribution,
    /// Number of streams, zeros included.
    pub streams: usize,
}

/// The sign-flip test on stream differences, `T = |sum d|`.
///
/// Null hypothesis: the arms of every stream are exchangeable, so each `d` is
/// as likely as `-d`. Integers are exact by dynamic programming for any number
/// of streams; real values are enumerated up to 20 streams and sampled beyond,
/// with `p = (1 + hits) / (1 + draws)`. Equality with T is judged with slack
/// `1e-9 * max(1, sum |d|)`. Only zeros give p = 1.
///
/// Source: Fisher 1935; Phipson and Smyth 2010 for the added one.
pub fn sign_flip(differences: &[f64], sampling: MonteCarlo) -> Result<SignFlip, StatsError> {
    require_differences(differences)?;
    let total = differences.iter().sum::<f64>().abs();
    let magnitude = differences.iter().map(|d| d.abs()).sum::<f64>();
    let integers = differences.iter().all(|d| d.fract() == 0.0) && magnitude <= INTEGER_LIMIT;
    let bound = total - 1e-9 * magnitude.max(1.0);
    let (p, null) = if integers {
        (by_programming(differences, total), NullDistribution::Exact)
    } else if differences.len() <= ENUMERATION_STREAMS {
        (by_enumeration(differences, bound), NullDistribution::Exact)
    } else if sampling.draws == 0 {
        return Err(StatsError::OutOfRange {
            name: "draws",
            value: 0.0,
            expected: "at least 1",
        });
    } else {
        let p = by_sampling(differences, bound, sampling);
        (p, NullDistribution::MonteCarlo)
    };
    Ok(SignFlip {
        statistic: total,
        p: p.min(1.0),
        null,
        streams: differences.len(),
    })
}

/// Weights as table offsets; the callers bound them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers pass non-negative integers below 2^32"
)]
fn as_offset(value: f64) -> usize {
    value.round() as usize
}

/// The distribution of the sum of a random half of the weights.
fn subset_sums(weights: &[usize]) -> Vec<f64> {
    let mut table = vec![0.0; weights.iter().sum::<usize>() + 1];
    table[0] = 1.0;
    let mut reached = 0;
    for &weight in weights {
        reached += weight;
        for sum in (0..=reached).rev() {
            let moved = if sum >= weight {
                table[sum - weight]
            } else {
                0.0
            };
            table[sum] = f64::midpoint(table[sum], moved);
        }
    }
    table
}

/// `P(|sum of signed weights| >= total)` for integers: the signed sum is twice
/// a subset sum minus the sum of all.
fn by_programming(differences: &[f64], total: f64) -> f64 {
    let weights = differences
        .iter()
        .map(|d| as_offset(d.abs()))
        .collect::<Vec<_>>();
    let table = subset_sums(&weights);
    let (all, total) = (table.len() - 1, as_offset(total));
    table
        .iter()
        .enumerate()
        .filter(|(sum, _)| (2 * sum).abs_diff(all) >= total)
        .map(|(_, probability)| probability)
        .sum()
}

/// All signed sums of a short list.
fn signed_sums(values: &[f64]) -> Vec<f64> {
    values.iter().fold(vec![0.0], |sums, value| {
        sums.iter()
            .flat_map(|sum| [sum + value, sum - value])
            .collect()
    })
}

/// `P(|signed sum| >= bound)` over all patterns, from the sums of two halves.
fn by_enumeration(differences: &[f64], bound: f64) -> f64 {
    let (left, right) = differences.split_at(differences.len() / 2);
    let (left, right) = (signed_sums(left), signed_sums(right));
    let hits = left
        .iter()
        .map(|l| right.iter().filter(|r| (l + *r).abs() >= bound).count())
        .sum::<usize>();
    as_float(hits) / (as_float(left.len()) * as_float(right.len()))
}

/// The same over random patterns, never zero.
fn by_sampling(differences: &[f64], bound: f64, sampling: MonteCarlo) -> f64 {
    let mut hits = 0_u32;
    for draw in 0..sampling.draws {
        let mut generator = SplitMix::for_replicate(sampling.seed, u64::from(draw));
        let mut sum = 0.0;
        for block in differences.chunks(64) {
            let mut bits = generator.next_bits();
            for value in block {
                sum += if bits & 1 == 1 { -value } else { *value };
                bits >>= 1;
            }
        }
        hits += u32::from(sum.abs() >= bound);
    }
    (1.0 + f64::from(hits)) / (1.0 + f64::from(sampling.draws))
}

/// Result of [`wilcoxon`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Wilcoxon {
    /// Sum of the ranks of positive differences.
    pub w_plus: f64,
    /// Number of non-zero differences.
    pub n_used: usize,
    /// Exact two-sided p-value given the ties; `None` above 500 differences.
    pub p: Option<f64>,
    /// Normal approximation with tie variance and continuity correction;
    /// `None` without non-zero differences.
    pub p_asymptotic: Option<f64>,
}

/// The Wilcoxon signed-rank test on stream differences.
///
/// Null hypothesis: differences are symmetric about zero. Zeros are dropped,
/// `|d|` is rounded to 12 decimals, ties get midranks, and the exact null is
/// conditional on them, by dynamic programming on doubled ranks;
/// `p = min(1, 2 * smaller tail)`. Without non-zero differences p is 1.
///
/// Source: Wilcoxon 1945; Pratt and Gibbons 1981 for the conditional null.
pub fn wilcoxon(differences: &[f64]) -> Result<Wilcoxon, StatsError> {
    require_differences(differences)?;
    let mut used = differences
        .iter()
        .filter(|d| d.abs() > WILCOXON_ZERO)
        .map(|d| (rounded(d.abs()), *d > 0.0))
        .collect::<Vec<_>>();
    if used.is_empty() {
        return Ok(Wilcoxon {
            w_plus: 0.0,
            n_used: 0,
            p: Some(1.0),
            p_asymptotic: None,
        });
    }
    used.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Doubled midranks are integers: first plus last rank of the tied group.
    let mut doubled = Vec::with_capacity(used.len());
    let mut ties = 0.0;
    for group in used.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let first = doubled.len() + 1;
        let last = doubled.len() + group.len();
        doubled.resize(last, first + last);
        let size = as_float(group.len());
        ties += size.powi(3) - size;
    }
    let plus = used
        .iter()
        .zip(&doubled)
        .filter(|((_, positive), _)| *positive)
        .map(|(_, rank)| rank)
        .sum::<usize>();
    let w_plus = as_float(plus) / 2.0;
    let size = as_float(used.len());
    let variance = size * (size + 1.0) * (2.0 * size + 1.0) / 24.0 - ties / 48.0;
    let distance = (w_plus - size * (size + 1.0) / 4.0).abs();
    let z = (distance - 0.5).max(0.0) / variance.sqrt();
    Ok(Wilcoxon {
        w_plus,
        n_used: used.len(),
        p: (used.len() <= WILCOXON_EXACT).then(|| exact_rank_p(&doubled, plus)),
        p_asymptotic: Some((2.0 * distribution::normal_cdf(-z)).min(1.0)),
    })
}

/// Rounds to 12 decimals, so that equal differences tie in spite of rounding.
fn rounded(value: f64) -> f64 {
    let scaled = value * 1e12;
    if scaled < 9e15 {
        scaled.round() / 1e12
    } else {
        value
    }
}

/// Twice the smaller tail of the null distribution of the doubled ranks.
fn exact_rank_p(doubled: &[usize], plus: usize) -> f64 {
    let table = subset_sums(doubled);
    let lower = table[..=plus].iter().sum::<f64>();
    let upper = table[plus..].iter().sum::<f64>();
    (2.0 * lower.min(upper)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLING: MonteCarlo = MonteCarlo::with_seed(1);

    #[test]
    fn programming_and_enumeration_agree() {
        let integers = [3.0, -1.0, 2.0, 2.0, 0.0, 5.0, -4.0, 1.0];
        let exact = sign_flip(&integers, SAMPLING).unwrap().p;
        let thirds = integers.map(|d| d / 3.0);
        let enumerated = sign_flip(&thirds, SAMPLING).unwrap().p;
        assert!((exact - enumerated).abs() < 1e-12);
        let many = [integers.map(|d| d + 0.1); 3].concat();
        let sampled = sign_flip(&many, SAMPLING).unwrap();
        assert_eq!(sampled.null, NullDistribution::MonteCarlo);
        let tenths = many.iter().map(|d| (d * 10.0).round()).collect::<Vec<_>>();
        let programmed = sign_flip(&tenths, SAMPLING).unwrap();
        assert_eq!(programmed.null, NullDistribution::Exact);
        assert!((sampled.p - programmed.p).abs() < 0.005);
    }

    #[test]
    fn edges() {
        assert_eq!(sign_flip(&[], SAMPLING), Err(StatsError::Empty));
        assert!(wilcoxon(&[f64::NAN]).is_err());
        assert!((sign_flip(&[0.0; 4], SAMPLING).unwrap().p - 1.0).abs() < 1e-15);
        assert_eq!(wilcoxon(&[0.0; 4]).unwrap().p, Some(1.0));
        let smallest = sign_flip(&[7.0; 6], SAMPLING).unwrap().p;
        assert!((smallest - attainable_minimum_p(6)).abs() < 1e-15);
        assert!((attainable_minimum_p(5) - 0.0625).abs() < 1e-15);
        assert!((attainable_minimum_p(0) - 1.0).abs() < 1e-15);
        let none = MonteCarlo { seed: 1, draws: 0 };
        assert!(sign_flip(&[0.5; 30], none).is_err());
    }
}

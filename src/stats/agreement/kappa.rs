//! Chance-corrected agreement on categories.

use crate::stats::distribution;
use crate::stats::error::StatsError;
use crate::stats::interval::Interval;
use crate::stats::interval::Level;
use crate::stats::interval::Method;
use crate::stats::sample::as_float;

/// Below this, chance agreement is complete.
const ROUNDING: f64 = 1e-12;

/// How much two different categories still agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// Not at all.
    None,
    /// In proportion to their distance: `1 - |i - j| / (k - 1)`.
    Linear,
    /// By its square: `1 - (i - j)^2 / (k - 1)^2`.
    Quadratic,
}

impl Weights {
    /// The weight of a pair among `size` ordered categories.
    fn of(self, one: usize, other: usize, size: usize) -> f64 {
        if one == other {
            return 1.0;
        }
        let distance = as_float(one.abs_diff(other)) / as_float(size - 1);
        match self {
            Self::None => 0.0,
            Self::Linear => 1.0 - distance,
            Self::Quadratic => 1.0 - distance * distance,
        }
    }
}

/// Result of [`kappa`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Kappa {
    /// Kappa; `None` if chance alone gives full agreement.
    pub kappa: Option<f64>,
    /// Observed (weighted) agreement.
    pub observed: f64,
    /// Agreement expected by chance.
    pub expected: f64,
    /// Large-sample standard error.
    pub se: Option<f64>,
    /// Normal interval.
    pub interval: Option<Interval>,
}

/// Shares of pairs, and of the categories of either rater.
struct Shares {
    joint: Vec<Vec<f64>>,
    one: Vec<f64>,
    other: Vec<f64>,
}

impl Shares {
    fn new(pairs: &[(usize, usize)], size: usize) -> Result<Self, StatsError> {
        if pairs.is_empty() {
            return Err(StatsError::Empty);
        }
        let share = 1.0 / as_float(pairs.len());
        let mut shares = Self {
            joint: vec![vec![0.0; size]; size],
            one: vec![0.0; size],
            other: vec![0.0; size],
        };
        for &(one, other) in pairs {
            require_category(one.max(other), size)?;
            shares.joint[one][other] += share;
            shares.one[one] += share;
            shares.other[other] += share;
        }
        Ok(shares)
    }
}

fn require_category(category: usize, size: usize) -> Result<(), StatsError> {
    if category < size {
        return Ok(());
    }
    Err(StatsError::OutOfRange {
        name: "category",
        value: as_float(category),
        expected: "a position below the number of categories",
    })
}

/// Cohen's kappa of two raters on categories `0..size`, with its large-sample
/// standard error.
///
/// Assumes independent units, each rated by both. Source: Cohen 1960 and 1968;
/// Fleiss, Cohen and Everitt 1969 for the standard error.
pub fn kappa(
    pairs: &[(usize, usize)],
    size: usize,
    weights: Weights,
    level: Level,
) -> Result<Kappa, StatsError> {
    let shares = Shares::new(pairs, size)?;
    let cells = || (0..size).flat_map(move |i| (0..size).map(move |j| (i, j)));
    let weight = |i, j| weights.of(i, j, size);
    let sum = |of: &dyn Fn(usize, usize) -> f64| cells().map(|(i, j)| of(i, j)).sum::<f64>();
    let observed = sum(&|i, j| weight(i, j) * shares.joint[i][j]);
    let expected = sum(&|i, j| weight(i, j) * shares.one[i] * shares.other[j]);
    let mut result = Kappa {
        kappa: None,
        observed,
        expected,
        se: None,
        interval: None,
    };
    let beyond = 1.0 - expected;
    if beyond <= ROUNDING {
        return Ok(result);
    }
    let kappa = (observed - expected) / beyond;
    let of_row = |i: usize| {
        (0..size)
            .map(|j| weight(i, j) * shares.other[j])
            .sum::<f64>()
    };
    let of_column = |j: usize| (0..size).map(|i| weight(i, j) * shares.one[i]).sum::<f64>();
    let (rows, columns) = (
        (0..size).map(of_row).collect::<Vec<_>>(),
        (0..size).map(of_column).collect::<Vec<_>>(),
    );
    let squares = sum(&|i, j| {
        let spread = weight(i, j) - (rows[i] + columns[j]) * (1.0 - kappa);
        shares.joint[i][j] * spread * spread
    });
    let centre = kappa - expected * (1.0 - kappa);
    let variance = (squares - centre * centre).max(0.0) / (as_float(pairs.len()) * beyond.powi(2));
    let se = variance.sqrt();
    let half = distribution::normal_quantile(level.upper_probability())? * se;
    result.kappa = Some(kappa);
    result.se = Some(se);
    result.interval = Some(Interval::new(
        kappa - half,
        kappa + half,
        level,
        Method::NormalZ,
    )?);
    Ok(result)
}

/// Gwet's AC1 of two raters, which does not fall with high prevalence.
///
/// Assumes at least two possible categories. Source: Gwet 2008.
pub fn ac1(pairs: &[(usize, usize)], size: usize) -> Result<f64, StatsError> {
    let size = size.max(2);
    let shares = Shares::new(pairs, size)?;
    let observed = (0..size).map(|i| shares.joint[i][i]).sum::<f64>();
    let expected = (0..size)
        .map(|i| f64::midpoint(shares.one[i], shares.other[i]))
        .map(|share| share * (1.0 - share))
        .sum::<f64>()
        / as_float(size - 1);
    Ok((observed - expected) / (1.0 - expected))
}

/// Prevalence- and bias-adjusted kappa of two raters, `(k po - 1) / (k - 1)`.
///
/// Source: Byrt, Bishop and Carlin 1993.
pub fn pabak(pairs: &[(usize, usize)], size: usize) -> Result<f64, StatsError> {
    let size = size.max(2);
    let shares = Shares::new(pairs, size)?;
    let observed = (0..size).map(|i| shares.joint[i][i]).sum::<f64>();
    Ok((as_float(size) * observed - 1.0) / as_float(size - 1))
}

/// Fleiss' kappa of units that all have the same number (at least two) of
/// ratings on `0..size`; `Ok(None)` if the ratings do not vary.
///
/// Source: Fleiss 1971.
pub fn fleiss(units: &[Vec<usize>], size: usize) -> Result<Option<f64>, StatsError> {
    let Some(raters) = units.first().map(Vec::len).filter(|raters| *raters > 1) else {
        return Err(StatsError::Empty);
    };
    let mut totals = vec![0.0; size];
    let mut observed = 0.0;
    for unit in units {
        if unit.len() != raters {
            return Err(StatsError::LengthMismatch {
                base: raters,
                treat: unit.len(),
            });
        }
        let mut counts = vec![0.0; size];
        for &category in unit {
            require_category(category, size)?;
            counts[category] += 1.0;
        }
        observed += counts
            .iter()
            .map(|count| count * (count - 1.0))
            .sum::<f64>();
        for (total, count) in totals.iter_mut().zip(counts) {
            *total += count;
        }
    }
    let (raters, units) = (as_float(raters), as_float(units.len()));
    let observed = observed / (units * raters * (raters - 1.0));
    let expected = totals
        .iter()
        .map(|total| (total / (units * raters)).powi(2))
        .sum::<f64>();
    let beyond = 1.0 - expected;
    Ok((beyond > ROUNDING).then(|| (observed - expected) / beyond))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_ratings_are_not_agreement() {
        let pairs = [(1, 1); 5];
        let result = kappa(&pairs, 2, Weights::None, Level::NINETY_FIVE).unwrap();
        assert_eq!(
            (result.kappa, result.se, result.interval),
            (None, None, None)
        );
        assert_eq!(fleiss(&vec![vec![1, 1, 1]; 4], 2), Ok(None));
        assert!((ac1(&pairs, 2).unwrap() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn weights_do_not_matter_for_two_categories() {
        let pairs = [(0, 0), (1, 1), (0, 1), (1, 1), (1, 0), (0, 0)];
        let of = |weights| kappa(&pairs, 2, weights, Level::NINETY_FIVE).unwrap();
        assert_eq!(of(Weights::None), of(Weights::Linear));
        assert_eq!(of(Weights::None), of(Weights::Quadratic));
    }

    #[test]
    fn refuses_malformed_ratings() {
        assert!(kappa(&[], 2, Weights::None, Level::NINETY_FIVE).is_err());
        assert!(pabak(&[(0, 2)], 2).is_err());
        assert!(fleiss(&[vec![0]], 2).is_err());
        assert!(fleiss(&[vec![0, 1], vec![0]], 2).is_err());
    }
}

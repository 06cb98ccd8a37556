//! The ratio of two differences over the same streams: more of one thing for
//! more of another.
//!
//! *What it is for.* What an additional unit of an outcome costs. *What it is
//! not.* An average: see [`super::ratio_of_totals`]. *What always holds.* The
//! uncertainty is a [`Fieller`] set; where its shape is not an interval, no
//! limits should be read from it.

use super::error::StatsError;
use super::interval::Level;
use super::jackknife;
use super::ratio;
use super::ratio::Fieller;
use super::ratio::FiellerInput;
use super::sample::Paired;
use super::sample::as_float;

/// Result of [`ratio_of_differences`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RatioOfDifferences {
    /// Difference of the one over difference of the other; `None` over zero.
    pub estimate: Option<f64>,
    /// Fieller's set on stream influences with t(G-1).
    pub fieller: Fieller,
}

/// Treated minus base of one quantity over treated minus base of another.
///
/// Assumes independent streams, the same in both. Source: Fieller 1954;
/// Willan and O'Brien 1996.
pub fn ratio_of_differences(
    numerator: &Paired,
    denominator: &Paired,
    level: Level,
) -> Result<RatioOfDifferences, StatsError> {
    let streams = numerator.stream_count();
    if streams != denominator.stream_count() {
        return Err(StatsError::LengthMismatch {
            base: denominator.stream_count(),
            treat: streams,
        });
    }
    let mut result = RatioOfDifferences {
        estimate: None,
        fieller: Fieller::Undefined,
    };
    let (Some((above, of_above)), Some((below, of_below))) =
        (influences(numerator), influences(denominator))
    else {
        return Ok(result);
    };
    result.estimate = (below.abs() > 0.0).then(|| above / below);
    if streams < 2 {
        return Ok(result);
    }
    let factor = as_float(streams) / (as_float(streams) - 1.0);
    let product = |one: &[f64], other: &[f64]| {
        factor * one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>()
    };
    result.fieller = ratio::fieller(&FiellerInput {
        numerator: above,
        denominator: below,
        variance_numerator: product(&of_above, &of_above),
        variance_denominator: product(&of_below, &of_below),
        covariance: product(&of_above, &of_below),
        critical: jackknife::t_critical(streams, level)?,
    });
    Ok(result)
}

/// A difference of pooled means and what each stream adds to it.
fn influences(paired: &Paired) -> Option<(f64, Vec<f64>)> {
    let (base, treat) = (paired.base().mean()?, paired.treat().mean()?);
    let (n_base, n_treat) = (paired.base().total_count(), paired.treat().total_count());
    let of = paired.pairs().map(|(b, t)| {
        (t.sum() - treat * t.count()) / n_treat - (b.sum() - base * b.count()) / n_base
    });
    Some((treat - base, of.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::sample::Arm;

    #[test]
    fn no_difference_below_is_no_ratio() {
        let arm = |sums: [f64; 3]| Arm::from_pairs(sums.map(|sum| (sum, 2.0))).unwrap();
        let more = Paired::new(arm([1.0, 2.0, 3.0]), arm([2.0, 2.0, 4.0])).unwrap();
        let same = Paired::new(arm([1.0; 3]), arm([1.0; 3])).unwrap();
        let result = ratio_of_differences(&more, &same, Level::NINETY_FIVE).unwrap();
        assert_eq!(
            (result.estimate, result.fieller),
            (None, Fieller::Undefined)
        );
        let own = ratio_of_differences(&more, &more, Level::NINETY_FIVE).unwrap();
        assert_eq!(own.estimate, Some(1.0));
    }
}

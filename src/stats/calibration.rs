//! Rates behind an imperfect test, from a sample whose truth is known.
//!
//! *What it is for.* What a rate would be without the errors of whoever
//! judged it. *What it is not.* A remedy for errors that differ between arms:
//! calibrate each arm on its own. *What always holds.* A test that is no
//! better than a coin corrects nothing and gives `None`.

use super::distribution;
use super::error::StatsError;
use super::interval::Interval;
use super::interval::Level;
use super::interval::Method;
use super::sample::as_float;

/// Counts of a tested sample and of a calibration sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TestedCounts {
    /// Tested positive in the sample of unknown truth.
    pub positive: f64,
    /// Size of that sample; an effective size if it is clustered.
    pub tested: f64,
    /// Truly positive and tested so.
    pub true_positive: f64,
    /// Truly positive.
    pub positives: f64,
    /// Truly negative and tested so.
    pub true_negative: f64,
    /// Truly negative.
    pub negatives: f64,
}

/// Result of [`rogan_gladen`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RoganGladen {
    /// Share of true positives found.
    pub sensitivity: f64,
    /// Share of true negatives found.
    pub specificity: f64,
    /// Share that tested positive.
    pub apparent: f64,
    /// The corrected rate, possibly outside `[0, 1]`.
    pub raw: f64,
    /// The corrected rate, clipped.
    pub estimate: f64,
    /// Delta-method standard error.
    pub se: f64,
    /// Normal interval from it.
    pub delta: Interval,
    /// Lang and Reiczigel's interval, the one to report.
    pub interval: Interval,
}

/// The corrected rate `(q + sp - 1) / (se + sp - 1)` with two intervals;
/// `Ok(None)` without positives, negatives or tested units in the samples, or
/// if `se + sp <= 1`.
///
/// Assumes that the test errs in both samples alike. Source: Rogan and Gladen
/// 1978; Lang and Reiczigel 2014, Prev Vet Med 113:13.
pub fn rogan_gladen(
    counts: &TestedCounts,
    level: Level,
) -> Result<Option<RoganGladen>, StatsError> {
    let pairs = [
        (counts.positive, counts.tested),
        (counts.true_positive, counts.positives),
        (counts.true_negative, counts.negatives),
    ];
    for (index, (sum, count)) in pairs.into_iter().enumerate() {
        if !(sum >= 0.0 && sum <= count && count.is_finite()) {
            return Err(StatsError::NotAProportion { index, sum, count });
        }
    }
    if pairs.iter().any(|(_, count)| *count <= 0.0) {
        return Ok(None);
    }
    let [apparent, sensitivity, specificity] = pairs.map(|(sum, count)| sum / count);
    let youden = sensitivity + specificity - 1.0;
    if youden <= 0.0 {
        return Ok(None);
    }
    let z = distribution::normal_quantile(level.upper_probability())?;
    let raw = (apparent + specificity - 1.0) / youden;
    let spread = |rate: f64, count: f64| rate * (1.0 - rate) / count;
    let se = (spread(apparent, counts.tested)
        + raw.powi(2) * spread(sensitivity, counts.positives)
        + (1.0 - raw).powi(2) * spread(specificity, counts.negatives))
    .sqrt()
        / youden;
    // The same with pseudo-counts, and a shift for the skewness.
    let tested = counts.tested + z * z;
    let apparent_plus = (counts.positive + z * z / 2.0) / tested;
    let sensitivity_plus = (counts.true_positive + 1.0) / (counts.positives + 2.0);
    let specificity_plus = (counts.true_negative + 1.0) / (counts.negatives + 2.0);
    let youden_plus = sensitivity_plus + specificity_plus - 1.0;
    if youden_plus <= 0.0 {
        return Ok(None);
    }
    let middle = (apparent_plus + specificity_plus - 1.0) / youden_plus;
    let of_positives = spread(sensitivity_plus, counts.positives + 2.0);
    let of_negatives = spread(specificity_plus, counts.negatives + 2.0);
    let shift = 2.0 * z * z * (middle * of_positives - (1.0 - middle) * of_negatives);
    let half = z
        * (spread(apparent_plus, tested)
            + middle.powi(2) * of_positives
            + (1.0 - middle).powi(2) * of_negatives)
            .sqrt()
        / youden_plus;
    let clipped = |centre: f64, half: f64, method| {
        let limit = |value: f64| value.clamp(0.0, 1.0);
        Interval::new(limit(centre - half), limit(centre + half), level, method)
    };
    Ok(Some(RoganGladen {
        sensitivity,
        specificity,
        apparent,
        raw,
        estimate: raw.clamp(0.0, 1.0),
        se,
        delta: clipped(raw, z * se, Method::NormalZ)?,
        interval: clipped(middle + shift, half, Method::LangReiczigel)?,
    }))
}

/// How far predictions are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// In full (PPI).
    Full,
    /// As far as they predict the truth in the labelled sample (PPI++).
    Tuned,
}

/// Result of [`prediction_powered`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PredictionPowered {
    /// Weight of the predictions.
    pub lambda: f64,
    /// The mean.
    pub estimate: f64,
    /// Its standard error.
    pub se: f64,
    /// Normal interval.
    pub interval: Interval,
}

/// The mean of a truth that is known for a labelled sample of
/// `(truth, prediction)` and predicted for the rest.
///
/// Assumes that the labelled units were drawn at random from all. Source:
/// Angelopoulos et al. 2023, and PPI++, arXiv 2311.01453.
pub fn prediction_powered(
    labelled: &[(f64, f64)],
    unlabelled: &[f64],
    trust: Trust,
    level: Level,
) -> Result<PredictionPowered, StatsError> {
    if labelled.is_empty() || unlabelled.is_empty() {
        return Err(StatsError::Empty);
    }
    let given = labelled.iter().flat_map(|(truth, seen)| [truth, seen]);
    for (index, &value) in given.chain(unlabelled).enumerate() {
        if !value.is_finite() {
            return Err(StatsError::NotFinite { index, value });
        }
    }
    let (known, rest) = (as_float(labelled.len()), as_float(unlabelled.len()));
    let lambda = match trust {
        Trust::Full => 1.0,
        Trust::Tuned => {
            let truths = labelled.iter().map(|pair| pair.0).sum::<f64>() / known;
            let seen = labelled.iter().map(|pair| pair.1).sum::<f64>() / known;
            let products = labelled
                .iter()
                .map(|pair| (pair.0 - truths) * (pair.1 - seen));
            let covariance = products.sum::<f64>() / known;
            let all = labelled
                .iter()
                .map(|pair| pair.1)
                .chain(unlabelled.iter().copied());
            let all = all.collect::<Vec<_>>();
            let variance = variance(&all) * (known + rest) / (known + rest - 1.0);
            if variance > 0.0 {
                (covariance / ((1.0 + known / rest) * variance)).clamp(0.0, 1.0)
            } else {
                0.0
            }
        }
    };
    let errors = labelled
        .iter()
        .map(|(truth, seen)| truth - lambda * seen)
        .collect::<Vec<_>>();
    let estimate = lambda * mean(unlabelled) + mean(&errors);
    let se = (lambda * lambda * variance(unlabelled) / rest + variance(&errors) / known).sqrt();
    let half = distribution::normal_quantile(level.upper_probability())? * se;
    Ok(PredictionPowered {
        lambda,
        estimate,
        se,
        interval: Interval::new(estimate - half, estimate + half, level, Method::NormalZ)?,
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / as_float(values.len())
}

/// The mean squared deviation.
fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    values.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / as_float(values.len())
}

/// The share that tests positive where a share `rate` is positive:
/// `p se + (1 - p)(1 - sp)`. A ratio of two such shares lies nearer to 1 than
/// the true ratio, mostly through the specificity.
pub fn tested_share(rate: f64, sensitivity: f64, specificity: f64) -> f64 {
    rate * sensitivity + (1.0 - rate) * (1.0 - specificity)
}

/// The specificity at which a share that tested positive stands for the rate
/// `target`, at this sensitivity: `1 - (q - p se) / (1 - p)`.
///
/// The corrected rate is at least `target` as long as the specificity is at
/// least this. Above 1: at no specificity; below 0: at any. `None` for a
/// target of 1 or more.
pub fn specificity_for(apparent: f64, sensitivity: f64, target: f64) -> Option<f64> {
    (target < 1.0).then(|| 1.0 - (apparent - target * sensitivity) / (1.0 - target))
}

/// A corrected rate with its limits.
pub type Corrected = (f64, Interval);

/// Treated minus base of two corrected rates, squares of the distances to
/// their limits added.
///
/// Takes the two as independent, which is wide where they rise and fall
/// together. Source: Zou and Donner 2008 (MOVER).
pub fn corrected_difference(
    (base, of_base): &Corrected,
    (treat, of_treat): &Corrected,
) -> Result<Interval, StatsError> {
    let down = (treat - of_treat.lower()).hypot(of_base.upper() - base);
    let up = (of_treat.upper() - treat).hypot(base - of_base.lower());
    let (estimate, level) = (treat - base, of_base.level());
    let (lower, upper) = ((estimate - down).max(-1.0), (estimate + up).min(1.0));
    Interval::new(lower, upper, level, Method::MoverLangReiczigel)
}

/// Treated over base of two corrected rates, the same on the logarithm;
/// `None` unless both rates are above 0. A limit at 0 gives one of 0 or
/// infinity.
pub fn corrected_ratio(
    (base, of_base): &Corrected,
    (treat, of_treat): &Corrected,
) -> Result<Option<Interval>, StatsError> {
    if *base <= 0.0 || *treat <= 0.0 {
        return Ok(None);
    }
    let log = |above: f64, below: f64| (above / below).ln();
    let down = log(*treat, of_treat.lower()).hypot(log(of_base.upper(), *base));
    let up = log(of_treat.upper(), *treat).hypot(log(*base, of_base.lower()));
    let (estimate, level) = (log(*treat, *base), of_base.level());
    let (lower, upper) = ((estimate - down).exp(), (estimate + up).exp());
    Interval::new(lower, upper, level, Method::MoverLangReiczigel).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares of 0.1 and 0.6 seen through 0.95 and 0.95 are 0.14 and 0.59.
    #[test]
    fn the_specificity_for_a_rate_by_hand() {
        let seen = tested_share(0.6, 0.95, 0.95);
        assert!((seen - 0.59).abs() < 1e-12);
        assert!((specificity_for(seen, 0.95, 0.6).unwrap() - 0.95).abs() < 1e-12);
        assert!(specificity_for(seen, 0.95, 0.7).unwrap() > 1.0);
        assert!(specificity_for(1.0, 0.5, 0.1).unwrap() < 0.0);
        assert_eq!(specificity_for(0.5, 0.9, 1.0), None);
    }

    /// 0.2 in [0.1, 0.3] and 0.8 in [0.7, 0.9]: 0.6 -+ sqrt(0.02); no limit above if the base may be 0.
    #[test]
    fn two_corrected_rates_by_hand() {
        let of = |value, lower, upper| {
            let method = Method::LangReiczigel;
            let limits = Interval::new(lower, upper, Level::NINETY_FIVE, method);
            (value, limits.unwrap())
        };
        let (base, treat) = (of(0.2, 0.1, 0.3), of(0.8, 0.7, 0.9));
        let found = corrected_difference(&base, &treat).unwrap();
        assert!((found.lower() - (0.6 - 0.02_f64.sqrt())).abs() < 1e-12);
        assert!((found.upper() - (0.6 + 0.02_f64.sqrt())).abs() < 1e-12);
        let found = corrected_ratio(&base, &treat).unwrap().unwrap();
        let down = (0.8_f64 / 0.7).ln().hypot((0.3_f64 / 0.2).ln());
        assert!((found.lower() - 4.0 * (-down).exp()).abs() < 1e-12);
        let open = corrected_ratio(&of(0.2, 0.0, 0.3), &treat)
            .unwrap()
            .unwrap();
        assert!(open.upper().is_infinite());
        assert_eq!(corrected_ratio(&of(0.0, 0.0, 0.3), &treat), Ok(None));
    }

    fn counts(true_negative: f64, negatives: f64) -> TestedCounts {
        TestedCounts {
            positive: 90.0,
            tested: 300.0,
            true_positive: 85.0,
            positives: 100.0,
            true_negative,
            negatives,
        }
    }

    #[test]
    fn a_useless_test_corrects_nothing() {
        let of = |a, b| rogan_gladen(&counts(a, b), Level::NINETY_FIVE);
        assert_eq!(of(10.0, 100.0), Ok(None));
        assert_eq!(of(0.0, 0.0), Ok(None));
        assert!(of(5.0, 3.0).is_err());
        assert!(of(190.0, 200.0).unwrap().is_some());
    }

    #[test]
    fn constant_predictions_are_not_trusted() {
        let labelled = [(1.0, 1.0), (0.0, 1.0)];
        let tuned = prediction_powered(&labelled, &[1.0], Trust::Tuned, Level::NINETY_FIVE);
        let tuned = tuned.unwrap();
        assert!(tuned.lambda.abs() < 1e-15 && (tuned.estimate - 0.5).abs() < 1e-15);
        assert!(prediction_powered(&[], &[1.0], Trust::Full, Level::NINETY_FIVE).is_err());
    }
}

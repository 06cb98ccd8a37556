//! Means of a few values, and two samples of them.
//!
//! *What it is for.* Stream means where every stream counts once, and the
//! repetitions of one stream under two treatments. *What it is not.* A pooled
//! estimate ([`super::difference`] weighs streams by their rows). *What always
//! holds.* Fewer than two values give no interval and no p-value.

use super::distribution;
use super::error::StatsError;
use super::interval::Level;
use super::sample::as_float;

/// Mean and standard error of the mean; the latter is `NaN` for one value and
/// both are for none.
pub fn mean_and_se(values: &[f64]) -> (f64, f64) {
    let size = as_float(values.len());
    let mean = values.iter().sum::<f64>() / size;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (size - 1.0) / size).sqrt())
}

/// The t(n - 1) interval of a mean; `None` below two values.
pub fn mean_t(values: &[f64], level: Level) -> Result<Option<(f64, f64)>, StatsError> {
    if values.len() < 2 {
        return Ok(None);
    }
    let (mean, se) = mean_and_se(values);
    let freedom = as_float(values.len()) - 1.0;
    let t = distribution::t_quantile(level.upper_probability(), freedom)?;
    Ok(Some((mean - t * se, mean + t * se)))
}

/// The two-sided p-values of equal means of many pairs of samples; `None` for
/// a pair with fewer than two values in one of them.
///
/// Few values say little of their spread, so that all pairs lend each other
/// theirs: the error variance of a pair is that of all samples together, or its
/// own where that is larger, with the degrees of freedom of all. If no sample
/// varies, a p-value is 1 for equal means and 0 for others. Source: the error
/// term of a one-way analysis of variance, kept from understating a pair that
/// varies more than the others.
pub fn pooled_t(pairs: &[(Vec<f64>, Vec<f64>)]) -> Result<Vec<Option<f64>>, StatsError> {
    let whole = |pair: &&(Vec<f64>, Vec<f64>)| pair.0.len() >= 2 && pair.1.len() >= 2;
    let squares = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / as_float(values.len());
        values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
    };
    let own = |pair: &(Vec<f64>, Vec<f64>)| {
        let freedom = as_float(pair.0.len() + pair.1.len()) - 2.0;
        (squares(&pair.0) + squares(&pair.1), freedom)
    };
    let (sum, freedom) = pairs
        .iter()
        .filter(whole)
        .map(own)
        .fold((0.0, 0.0), |all, one| (all.0 + one.0, all.1 + one.1));
    let p = |pair: &(Vec<f64>, Vec<f64>)| {
        if !whole(&pair) {
            return Ok(None);
        }
        let (squares, degrees) = own(pair);
        let variance = (squares / degrees).max(sum / freedom)
            * (1.0 / as_float(pair.0.len()) + 1.0 / as_float(pair.1.len()));
        let distance = (mean_and_se(&pair.0).0 - mean_and_se(&pair.1).0).abs();
        if variance <= 0.0 {
            return Ok(Some(if distance > 0.0 { 0.0 } else { 1.0 }));
        }
        let upper = distribution::t_upper_tail(distance / variance.sqrt(), freedom)?;
        Ok(Some((2.0 * upper).min(1.0)))
    };
    pairs.iter().map(p).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checked with `scipy.stats.ttest_ind` and `t.interval`; with one pair the pooled test is Student's.
    #[test]
    fn known_answers() {
        let (one, other) = (vec![1.0, 2.0, 3.0, 4.0], vec![2.0, 4.0, 6.0]);
        let p = pooled_t(&[(one.clone(), other.clone())]).unwrap()[0].unwrap();
        assert!((p - 0.277_560_519_963_517_3).abs() < 1e-12, "{p}");
        let (lower, upper) = mean_t(&one, Level::NINETY_FIVE).unwrap().unwrap();
        assert!((lower - 0.445_739_743_239_479_4).abs() < 1e-9, "{lower}");
        assert!((upper - 4.554_260_256_760_521).abs() < 1e-9, "{upper}");
        // A second pair without spread of its own takes the spread of both, over 5 + 2 degrees.
        let still = (vec![1.0, 1.0], vec![2.0, 2.0]);
        let found = pooled_t(&[(one, other), still]).unwrap();
        let t = 1.0 / (13.0_f64 / 7.0).sqrt();
        let expected = 2.0 * distribution::t_upper_tail(t, 7.0).unwrap();
        assert!((found[1].unwrap() - expected).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn samples_that_do_not_vary() {
        let same = |one: f64, other: f64| (vec![one, one], vec![other, other]);
        let pairs = [same(1.0, 1.0), same(1.0, 0.5), (vec![1.0], vec![0.5, 0.5])];
        assert_eq!(pooled_t(&pairs), Ok(vec![Some(1.0), Some(0.0), None]));
        assert_eq!(mean_t(&[1.0], Level::NINETY_FIVE), Ok(None));
    }
}

//! Adjusted p-values for several hypotheses.
//!
//! *What it is for.* [`holm`] over a set of claims fixed in advance
//! (family-wise error), [`benjamini_hochberg`] over an exploratory grid (false
//! discovery rate). *What it is not.* A correction for looking at growing data
//! repeatedly. *What always holds.* Results stand in input order, lie in
//! `[0, 1]`, never fall below the input and respect its order.

use super::error::StatsError;
use super::sample::as_float;

/// Refuses values that are not p-values.
fn require_p_values(values: &[f64]) -> Result<(), StatsError> {
    match values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        None => Ok(()),
        Some(&value) => Err(StatsError::OutOfRange {
            name: "p",
            value,
            expected: "a number between 0 and 1",
        }),
    }
}

/// Positions in ascending order of value; ties keep input order.
fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order = (0..values.len()).collect::<Vec<_>>();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    order
}

/// Holm's step-down adjustment: the running maximum of `(m - i) p_(i)`, at
/// most 1. Valid under any dependence; an empty input gives an empty result.
///
/// Source: Holm 1979.
pub fn holm(values: &[f64]) -> Result<Vec<f64>, StatsError> {
    require_p_values(values)?;
    let mut adjusted = vec![0.0; values.len()];
    let mut largest = 0.0_f64;
    for (rank, position) in ascending(values).into_iter().enumerate() {
        let factor = as_float(values.len() - rank);
        largest = largest.max(factor * values[position]).min(1.0);
        adjusted[position] = largest;
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg's step-up adjustment: the running minimum from the
/// largest of `m p_(i) / i`, at most 1. Assumes independence or positive
/// dependence; an empty input gives an empty result.
///
/// Source: Benjamini and Hochberg 1995.
pub fn benjamini_hochberg(values: &[f64]) -> Result<Vec<f64>, StatsError> {
    require_p_values(values)?;
    let mut adjusted = vec![0.0; values.len()];
    let mut smallest = 1.0_f64;
    for (rank, position) in ascending(values).into_iter().enumerate().rev() {
        let factor = as_float(values.len()) / as_float(rank + 1);
        smallest = smallest.min(factor * values[position]);
        adjusted[position] = smallest;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_impossible_input() {
        assert_eq!(holm(&[]), Ok(vec![]));
        assert_eq!(benjamini_hochberg(&[]), Ok(vec![]));
        assert!(holm(&[0.5, f64::NAN]).is_err());
        assert!(benjamini_hochberg(&[1.5]).is_err());
    }

    #[test]
    fn one_hypothesis_is_not_adjusted() {
        assert_eq!(holm(&[0.03]), Ok(vec![0.03]));
        assert_eq!(benjamini_hochberg(&[0.03]), Ok(vec![0.03]));
    }
}

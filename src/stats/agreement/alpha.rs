//! Krippendorff's alpha: any number of raters, missing ratings allowed.

use crate::stats::error::StatsError;
use crate::stats::sample::as_float;

/// How far apart two ratings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Equal or not.
    Nominal,
    /// By how many ratings lie between them.
    Ordinal,
    /// By the square of their difference.
    Interval,
}

/// Alpha from the ratings that each unit has; units with fewer than two are
/// dropped. `Ok(None)` if the rest do not vary.
///
/// Assumes that ratings are missing for reasons unrelated to their value.
/// Source: Krippendorff 2004.
pub fn alpha(units: &[Vec<f64>], metric: Metric) -> Result<Option<f64>, StatsError> {
    let units = units.iter().filter(|unit| unit.len() > 1);
    let units = units.collect::<Vec<_>>();
    let mut values = units
        .iter()
        .flat_map(|unit| unit.iter().copied())
        .collect::<Vec<_>>();
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        let value = values[index];
        return Err(StatsError::NotFinite { index, value });
    }
    values.sort_by(f64::total_cmp);
    values.dedup_by(|a, b| a.total_cmp(b).is_eq());
    let place = |value: f64| values.partition_point(|known| known.total_cmp(&value).is_lt());
    let mut coincidences = vec![vec![0.0; values.len()]; values.len()];
    for unit in &units {
        let share = 1.0 / as_float(unit.len() - 1);
        let places = unit.iter().map(|value| place(*value)).collect::<Vec<_>>();
        for (first, &one) in places.iter().enumerate() {
            for (second, &other) in places.iter().enumerate() {
                if first != second {
                    coincidences[one][other] += share;
                }
            }
        }
    }
    let totals = coincidences
        .iter()
        .map(|row| row.iter().sum::<f64>())
        .collect::<Vec<_>>();
    let all = totals.iter().sum::<f64>();
    let distance = |one: usize, other: usize| match metric {
        _ if one == other => 0.0,
        Metric::Nominal => 1.0,
        Metric::Interval => (values[one] - values[other]).powi(2),
        Metric::Ordinal => {
            let (low, high) = (one.min(other), one.max(other));
            let between = totals[low..=high].iter().sum::<f64>();
            (between - f64::midpoint(totals[low], totals[high])).powi(2)
        }
    };
    let (mut observed, mut expected) = (0.0, 0.0);
    for one in 0..values.len() {
        for other in 0..values.len() {
            let distance = distance(one, other);
            observed += coincidences[one][other] * distance;
            expected += totals[one] * totals[other] * distance / (all - 1.0);
        }
    }
    Ok((expected > 0.0).then(|| 1.0 - observed / expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_constant_and_lonely_ratings() {
        let perfect = [vec![1.0, 1.0], vec![2.0, 2.0, 2.0], vec![9.0]];
        for metric in [Metric::Nominal, Metric::Ordinal, Metric::Interval] {
            assert_eq!(alpha(&perfect, metric), Ok(Some(1.0)));
            assert_eq!(alpha(&[vec![3.0, 3.0]], metric), Ok(None));
            assert_eq!(alpha(&[vec![3.0], vec![]], metric), Ok(None));
        }
        assert!(alpha(&[vec![f64::NAN, 1.0]], Metric::Nominal).is_err());
    }
}

//! The bootstrap distribution by enumeration instead of sampling.
//!
//! *What it is for.* Checking the sampled version where the number of streams
//! is small enough to list every resample. *What it is not.* A better interval:
//! with so few streams it is far too short. *What always holds.* The weights of
//! all resamples sum to one.

use super::bootstrap::Statistic;
use super::bootstrap::Totals;
use super::interval::Level;
use super::sample::Paired;
use super::sample::as_float;

/// Largest number of streams that is enumerated (6,435 distinct resamples).
pub const IDEAL_STREAMS: usize = 8;

/// Moments and limits of the bootstrap distribution itself, without sampling.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Ideal {
    /// Mean of the distribution.
    pub mean: f64,
    /// Standard deviation of the distribution.
    pub sd: f64,
    /// Smallest value with at least half of alpha at or below it.
    pub lower: f64,
    /// Smallest value with at least one minus half of alpha at or below it.
    pub upper: f64,
}

/// The exact bootstrap distribution of the difference, by enumerating all
/// resamples. `None` with fewer than two or more than [`IDEAL_STREAMS`]
/// streams, or if some resample has no data in an arm. A check on the sampled
/// version. Source: Fisher and Hall 1991.
pub fn ideal_difference(paired: &Paired, level: Level) -> Option<Ideal> {
    let size = paired.stream_count();
    if !(2..=IDEAL_STREAMS).contains(&size) {
        return None;
    }
    // Partial resamples: streams left to draw, weight, totals.
    let factorial = (1..=size).map(as_float).product::<f64>();
    let start = factorial / (0..size).map(|_| as_float(size)).product::<f64>();
    let mut partial = vec![(size, start, Totals::default())];
    for (position, (base, treat)) in paired.pairs().enumerate() {
        let mut next = Vec::new();
        for (left, weight, totals) in partial {
            let fewest = if position + 1 == size { left } else { 0 };
            let mut weight = weight;
            for times in 0..=left {
                weight /= as_float(times.max(1));
                if times >= fewest {
                    let copies = as_float(times);
                    let mut totals = totals;
                    totals.add(&Totals::of(base, treat, copies));
                    next.push((left - times, weight, totals));
                }
            }
        }
        partial = next;
    }
    let mut values = partial
        .into_iter()
        .map(|(_, weight, totals)| (totals.statistic(Statistic::Difference), weight))
        .collect::<Vec<_>>();
    if values.iter().any(|(value, _)| value.is_nan()) {
        return None;
    }
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mean = values.iter().map(|(v, w)| v * w).sum::<f64>();
    let variance = values
        .iter()
        .map(|(v, w)| w * (v - mean).powi(2))
        .sum::<f64>();
    let reached = |probability: f64| {
        let mut sum = 0.0;
        let found = values.iter().find(|(_, weight)| {
            sum += weight;
            sum >= probability - 1e-12
        });
        found.or(values.last()).map(|(value, _)| *value)
    };
    Some(Ideal {
        mean,
        sd: variance.max(0.0).sqrt(),
        lower: reached(1.0 - level.upper_probability())?,
        upper: reached(level.upper_probability())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::sample::Arm;

    #[test]
    fn two_streams_have_three_resamples() {
        let base = Arm::from_pairs([(0.0, 1.0), (0.0, 1.0)]).unwrap();
        let treat = Arm::from_pairs([(0.0, 1.0), (1.0, 1.0)]).unwrap();
        let paired = Paired::new(base, treat).unwrap();
        let ideal = ideal_difference(&paired, Level::NINETY_FIVE).unwrap();
        assert!((ideal.mean - 0.5).abs() < 1e-15);
        assert!((ideal.sd - 0.125_f64.sqrt()).abs() < 1e-15);
        assert_eq!((ideal.lower, ideal.upper), (0.0, 1.0));
    }

    #[test]
    fn too_few_or_too_many_streams() {
        for streams in [1, IDEAL_STREAMS + 1] {
            let arm = Arm::from_pairs(vec![(1.0, 2.0); streams]).unwrap();
            let paired = Paired::new(arm.clone(), arm).unwrap();
            assert_eq!(ideal_difference(&paired, Level::NINETY_FIVE), None);
        }
    }
}

//! Effect sizes beside the difference and the ratio.
//!
//! *What it is for.* Descriptive numbers for readers who expect them.
//! *What it is not.* Anything to base a verdict on: none has an interval here.
//! *What always holds.* An effect size that the data do not determine is
//! `None`.

use super::error::StatsError;
use super::sample::Arm;
use super::sample::Paired;
use super::sample::StreamSums;
use super::sample::as_float;

/// Largest number of differences whose pairs are all formed.
const MOST_DIFFERENCES: usize = 5000;

/// Cohen's h, `2 asin sqrt(treat) - 2 asin sqrt(base)`, of two rates.
///
/// Source: Cohen 1988.
pub fn cohens_h(base: f64, treat: f64) -> Result<f64, StatsError> {
    for (name, value) in [("base", base), ("treat", treat)] {
        if !(0.0..=1.0).contains(&value) {
            return Err(StatsError::OutOfRange {
                name,
                value,
                expected: "a number between 0 and 1",
            });
        }
    }
    Ok(2.0 * treat.sqrt().asin() - 2.0 * base.sqrt().asin())
}

/// The marginal odds ratio of two rates; `None` if one is 0 or 1.
pub fn marginal_odds_ratio(base: f64, treat: f64) -> Option<f64> {
    let inside = |rate: f64| rate > 0.0 && rate < 1.0;
    (inside(base) && inside(treat)).then(|| treat * (1.0 - base) / (base * (1.0 - treat)))
}

/// Cliff's delta on stream means: how much more often a treated stream lies
/// above a base stream than below, over all pairs of streams; ties count 0.
///
/// Ignores that streams are paired. `None` without data in an arm. Source:
/// Cliff 1993.
pub fn cliffs_delta(paired: &Paired) -> Option<f64> {
    let means = |arm: &Arm| {
        let means = arm.streams().iter().filter_map(StreamSums::mean);
        means.collect::<Vec<_>>()
    };
    let (mut base, treat) = (means(paired.base()), means(paired.treat()));
    if base.is_empty() || treat.is_empty() {
        return None;
    }
    base.sort_by(f64::total_cmp);
    let dominance = treat.iter().map(|mean| {
        let below = base.partition_point(|other| other < mean);
        let at_most = base.partition_point(|other| other <= mean);
        as_float(below) - as_float(base.len() - at_most)
    });
    Some(dominance.sum::<f64>() / (as_float(base.len()) * as_float(treat.len())))
}

/// The Hodges-Lehmann shift: the median of the means of all pairs of
/// differences, each with itself included. `None` without differences, and
/// above 5,000, where the pairs would fill the memory.
///
/// Source: Hodges and Lehmann 1963.
pub fn hodges_lehmann(differences: &[f64]) -> Option<f64> {
    if differences.len() > MOST_DIFFERENCES {
        return None;
    }
    let mut averages = Vec::with_capacity(differences.len() * (differences.len() + 1) / 2);
    for (at, one) in differences.iter().enumerate() {
        for other in &differences[at..] {
            averages.push(f64::midpoint(*one, *other));
        }
    }
    averages.sort_by(f64::total_cmp);
    let middle = averages.len() / 2;
    if averages.is_empty() {
        None
    } else if averages.len() % 2 == 1 {
        Some(averages[middle])
    } else {
        Some(f64::midpoint(averages[middle - 1], averages[middle]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        assert_eq!(hodges_lehmann(&[]), None);
        assert_eq!(hodges_lehmann(&[3.0]), Some(3.0));
        assert_eq!(hodges_lehmann(&[1.0, 2.0, 9.0]), Some(3.5));
        assert!(cohens_h(0.5, 1.5).is_err());
        assert_eq!(marginal_odds_ratio(0.0, 0.5), None);
        let empty = Arm::from_pairs([(0.0, 0.0)]).unwrap();
        assert_eq!(
            cliffs_delta(&Paired::new(empty.clone(), empty).unwrap()),
            None
        );
    }
}

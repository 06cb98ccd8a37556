//! Non-inferiority at a size fixed in advance.
//!
//! *What it is for.* "Not worse by more than the margin", from the difference
//! of [`super::difference`] after all streams are in. *What it is not.* A test
//! to look at while streams arrive ([`super::gate`], [`super::eprocess`]).
//! *What always holds.* Higher values are better; no verdict without a t
//! interval or with fewer than [`verdict::MINIMUM_STREAMS`] streams.

use super::difference::Difference;
use super::distribution;
use super::error::StatsError;
use super::interval::Method;
use super::verdict;
use super::verdict::Reason;
use super::verdict::Side;
use super::verdict::Verdict;

/// Whether a loss as large as the margin is excluded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NonInferiority {
    /// The tolerated loss, in units of the difference.
    pub margin: f64,
    /// One-sided p-value of "worse by the margin or more"; `None` without a
    /// standard error above 0.
    pub p: Option<f64>,
    /// Supported: not inferior. Refuted: inferior.
    pub verdict: Verdict,
}

/// Supported iff the lower limit lies above `-margin`, refuted iff the upper
/// limit lies below it; both strictly.
///
/// With a 95 % interval the one-sided error is 2.5 % each way. Refuses a
/// margin that is not above 0. Source: the confidence interval read as a
/// one-sided test of `difference <= -margin`.
pub fn non_inferiority(difference: &Difference, margin: f64) -> Result<NonInferiority, StatsError> {
    distribution::require_positive("margin", margin)?;
    let streams = difference.streams;
    let mut p = None;
    if let (Some(estimate), Some(se)) = (difference.estimate, difference.se) {
        p = verdict::one_sided_p(estimate, se, -margin, streams, Side::Above)?;
    }
    let interval = difference
        .interval
        .filter(|interval| interval.method() == Method::Cv3T);
    let verdict = if streams < verdict::MINIMUM_STREAMS {
        Verdict::Inconclusive(Reason::TooFewStreams)
    } else {
        match interval {
            None => Verdict::Inconclusive(Reason::NotEstimable),
            Some(interval) if interval.lower() > -margin => Verdict::Supported,
            Some(interval) if interval.upper() < -margin => Verdict::Refuted,
            Some(_) => Verdict::Inconclusive(Reason::IntervalTooWide),
        }
    };
    Ok(NonInferiority { margin, p, verdict })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::difference::difference;
    use crate::stats::interval::Level;
    use crate::stats::sample::Arm;
    use crate::stats::sample::Paired;
    use crate::stats::sample::Scale;

    fn judged(changes: &[f64], margin: f64) -> NonInferiority {
        let base = Arm::from_pairs(changes.iter().map(|_| (50.0, 100.0))).unwrap();
        let treat = Arm::from_pairs(changes.iter().map(|c| (50.0 + c, 100.0))).unwrap();
        let data = Paired::new(base, treat).unwrap();
        let result = difference(&data, Scale::Proportion, Level::NINETY_FIVE).unwrap();
        non_inferiority(&result, margin).unwrap()
    }

    #[test]
    fn verdicts_by_the_margin() {
        let changes = [-8.0, -9.0, -10.0, -11.0, -12.0, -10.0, -9.0, -11.0];
        assert_eq!(judged(&changes, 0.15).verdict, Verdict::Supported);
        assert_eq!(judged(&changes, 0.05).verdict, Verdict::Refuted);
        assert_eq!(judged(&changes, 0.10).verdict.as_str(), "inconclusive");
        assert!((judged(&changes, 0.10).p.unwrap() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn reasons_for_no_verdict() {
        let reason = |changes: &[f64]| judged(changes, 0.1).verdict.reason();
        assert_eq!(reason(&[1.0, 2.0, 3.0]), Some(Reason::TooFewStreams));
        assert_eq!(reason(&[1.0; 9]), Some(Reason::NotEstimable));
    }

    #[test]
    fn refuses_a_margin_of_nothing() {
        let data = Arm::from_pairs([(1.0, 2.0), (1.0, 2.0)]).unwrap();
        let data = Paired::new(data.clone(), data).unwrap();
        let result = difference(&data, Scale::Proportion, Level::NINETY_FIVE).unwrap();
        for margin in [0.0, -0.1, f64::NAN, f64::INFINITY] {
            assert!(non_inferiority(&result, margin).is_err());
        }
    }
}

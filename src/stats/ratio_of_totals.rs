//! Ratios of two totals over streams, such as an amount per hour.
//!
//! *What it is for.* A quantity whose numerator and denominator are both
//! summed over rows and both vary between streams. *What it is not.* A mean of
//! per-row or per-stream ratios. *What always holds.* A denominator of zero
//! gives `None`, never infinity or zero.
//!
//! The numerators are the `sum` and the denominators the `count` of an
//! [`Arm`] ([`arm`]), so a stream with a numerator but a zero denominator (an
//! amount spent without any result) counts in full.

use super::difference;
use super::difference::Difference;
use super::error::StatsError;
use super::interval::Interval;
use super::interval::Level;
use super::interval::Method;
use super::jackknife;
use super::ratio;
use super::ratio::Ratio;
use super::sample::Arm;
use super::sample::Paired;
use super::sample::Scale;

/// One arm's ratio of totals.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RatioOfTotals {
    /// Total numerator over total denominator; `None` over zero.
    pub estimate: Option<f64>,
    /// CV3 standard error of its logarithm; 0 if all streams agree.
    pub log_se: Option<f64>,
    /// The interval, if there is one.
    pub interval: Option<Interval>,
    /// How the interval was obtained, or why there is none.
    pub method: Method,
    /// Number of streams.
    pub streams: usize,
}

/// Pairs numerators with denominators, stream by stream.
pub fn arm(numerators: &[f64], denominators: &[f64]) -> Result<Arm, StatsError> {
    if numerators.len() != denominators.len() {
        return Err(StatsError::LengthMismatch {
            base: denominators.len(),
            treat: numerators.len(),
        });
    }
    Arm::from_pairs(numerators.iter().copied().zip(denominators.iter().copied()))
}

/// The ratio of totals of one arm with its CV3 log-t interval.
///
/// Assumes independent streams. There is no interval with one stream
/// ([`Method::Undefined`]), nor if the numerator or the denominator occurs in
/// one stream only, is not positive in every leave-one-out sample, or if all
/// streams agree exactly ([`Method::NotEstimable`]).
///
/// Source: the jackknife of `MacKinnon`, Nielsen and Webb 2023 on `ln(Y/X)`.
pub fn ratio_of_totals(arm: &Arm, level: Level) -> Result<RatioOfTotals, StatsError> {
    let mut result = RatioOfTotals {
        estimate: arm.mean(),
        log_se: None,
        interval: None,
        method: Method::Undefined,
        streams: arm.stream_count(),
    };
    let Some(estimate) = result.estimate else {
        return Ok(result);
    };
    if result.streams < 2 {
        return Ok(result);
    }
    result.method = Method::NotEstimable;
    if estimate <= 0.0 {
        return Ok(result);
    }
    let log = estimate.ln();
    let without = arm
        .leave_one_out()
        .map(|rest| rest.filter(|rest| *rest > 0.0).map(f64::ln));
    result.log_se = jackknife::cv3_se(log, without, log.abs().max(1.0));
    if let Some(se) = result.log_se.filter(|se| *se > 0.0) {
        let (lower, upper) = jackknife::t_limits(log, se, result.streams, level)?;
        result.method = Method::Cv3LogT;
        result.interval = Some(Interval::new(
            lower.exp().min(estimate),
            upper.exp().max(estimate),
            level,
            Method::Cv3LogT,
        )?);
    }
    Ok(result)
}

/// Treated minus base ratio of totals, by the same jackknife: both totals of
/// both arms lose the stream together. See [`difference::difference`].
pub fn difference_of_ratios(paired: &Paired, level: Level) -> Result<Difference, StatsError> {
    difference::difference(paired, Scale::Unbounded, level)
}

/// Treated over base ratio of totals, by the same jackknife on the logarithm.
/// See [`ratio::ratio`].
pub fn ratio_of_ratios(paired: &Paired, level: Level) -> Result<Ratio, StatsError> {
    ratio::ratio(paired, Scale::Unbounded, level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_denominator_is_no_estimate() {
        let arm = arm(&[3.0, 4.0], &[0.0, 0.0]).unwrap();
        let result = ratio_of_totals(&arm, Level::NINETY_FIVE).unwrap();
        assert_eq!((result.estimate, result.method), (None, Method::Undefined));
    }

    #[test]
    fn a_stream_without_denominator_counts_in_the_numerator() {
        let arm = arm(&[3.0, 4.0, 5.0], &[1.0, 0.0, 2.0]).unwrap();
        let result = ratio_of_totals(&arm, Level::NINETY_FIVE).unwrap();
        assert_eq!(result.estimate, Some(4.0));
        assert!(result.interval.unwrap().contains(4.0));
    }

    #[test]
    fn a_denominator_in_one_stream_has_no_interval() {
        let arm = arm(&[3.0, 4.0], &[0.1 + 0.2, 0.0]).unwrap();
        let result = ratio_of_totals(&arm, Level::NINETY_FIVE).unwrap();
        assert!(result.estimate.is_some());
        assert_eq!(
            (result.interval, result.method),
            (None, Method::NotEstimable)
        );
    }

    #[test]
    fn lengths_must_agree() {
        assert!(arm(&[1.0], &[]).is_err());
        assert_eq!(arm(&[], &[]), Err(StatsError::Empty));
    }
}

//! The delete-one-stream jackknife (CV3) and its t interval.
//!
//! *What it is for.* The one standard error behind differences, ratios and
//! curve contrasts. *What it is not.* It does not compute the leave-one-out
//! estimates; the caller passes them, usually by subtraction from totals.
//! *What always holds.* Fewer than two streams, or a leave-one-out estimate
//! that does not exist, give `None`, not a small number.
//!
//! Source: `MacKinnon`, Nielsen and Webb 2023, arXiv 2301.04527.

use super::distribution;
use super::error::StatsError;
use super::interval::Interval;
use super::interval::Level;
use super::interval::Method;
use super::sample::as_float;

/// A spread below this fraction of the scale is rounding, hence zero.
const ROUNDING: f64 = 1e-12;

/// The CV3 standard error, centred at the full estimate:
/// `SE^2 = (G-1)/G * sum (theta_(-g) - theta)^2`.
///
/// Assumes independent streams. `scale` is the size of the quantities that
/// `theta` was computed from; a standard error of rounding size relative to it
/// is returned as exactly `0.0`. `None` with fewer than two streams or if any
/// estimate is missing or not finite. Slightly conservative at small G.
pub fn cv3_se(
    theta: f64,
    leave_one_out: impl IntoIterator<Item = Option<f64>>,
    scale: f64,
) -> Option<f64> {
    let mut squares = 0.0;
    let mut streams = 0_usize;
    for estimate in leave_one_out {
        squares += (estimate? - theta).powi(2);
        streams += 1;
    }
    if streams < 2 || !squares.is_finite() {
        return None;
    }
    let size = as_float(streams);
    let se = (squares * (size - 1.0) / size).sqrt();
    Some(if se <= ROUNDING * scale.abs() {
        0.0
    } else {
        se
    })
}

/// The limits `theta -+ t(G-1) * se`.
pub fn t_limits(
    theta: f64,
    se: f64,
    streams: usize,
    level: Level,
) -> Result<(f64, f64), StatsError> {
    let t = t_critical(streams, level)?;
    Ok((theta - t * se, theta + t * se))
}

/// The two-sided critical value of t with `streams - 1` degrees of freedom; an
/// error below two streams.
pub fn t_critical(streams: usize, level: Level) -> Result<f64, StatsError> {
    distribution::t_quantile(level.upper_probability(), as_float(streams) - 1.0)
}

/// The two-sided p-value of `theta = 0` against t(G-1).
pub fn two_sided_p(theta: f64, se: f64, streams: usize) -> Result<f64, StatsError> {
    let freedom = as_float(streams) - 1.0;
    Ok((2.0 * distribution::t_upper_tail(theta.abs() / se, freedom)?).min(1.0))
}

/// A contrast with its jackknife standard error and t(G-1) interval.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Contrast {
    /// The contrast over all streams.
    pub estimate: f64,
    /// CV3 standard error over streams.
    pub se: Option<f64>,
    /// t(G-1) interval; `None` without a positive `se`.
    pub interval: Option<Interval>,
    /// How the interval was obtained, or why there is none.
    pub method: Method,
}

impl Contrast {
    /// Puts the interval around an estimate.
    pub(super) fn new(
        estimate: f64,
        se: Option<f64>,
        streams: usize,
        level: Level,
    ) -> Result<Self, StatsError> {
        let mut result = Self {
            estimate,
            se,
            interval: None,
            method: Method::NotEstimable,
        };
        if streams < 2 {
            result.method = Method::Undefined;
        } else if let Some(se) = se.filter(|se| *se > 0.0) {
            let (lower, upper) = t_limits(estimate, se, streams, level)?;
            result.method = Method::Cv3T;
            result.interval = Some(Interval::new(lower, upper, level, Method::Cv3T)?);
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_standard_error_of_a_mean() {
        // For the mean of G values the jackknife is the textbook s / sqrt(G).
        let values = [1.0, 2.0, 4.0, 9.0];
        let total = values.iter().sum::<f64>();
        let out = values.iter().map(|v| Some((total - v) / 3.0));
        let se = cv3_se(4.0, out, 4.0).unwrap();
        assert!((se - (38.0_f64 / 3.0 / 4.0).sqrt()).abs() < 1e-14);
    }

    #[test]
    fn gives_nothing_without_two_streams_or_with_a_gap() {
        assert_eq!(cv3_se(1.0, [Some(1.0)], 1.0), None);
        assert_eq!(cv3_se(1.0, [Some(1.0), None], 1.0), None);
        assert_eq!(cv3_se(1.0, [Some(f64::INFINITY), Some(1.0)], 1.0), None);
        assert_eq!(cv3_se(1.0, [Some(1.0 + 1e-16), Some(1.0)], 1.0), Some(0.0));
        assert!(t_critical(1, Level::NINETY_FIVE).is_err());
    }
}

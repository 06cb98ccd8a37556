//! The ratio of geometric means over paired streams.
//!
//! *What it is for.* A typical factor for skewed positive amounts, every
//! stream counted once. *What it is not.* The ratio of what is paid in all:
//! that is [`super::ratio::ratio`] on arithmetic means. *What always holds.*
//! A value that is not above zero in any stream gives `None`, not a correction.

use super::error::StatsError;
use super::interval::Interval;
use super::interval::Level;
use super::interval::Method;
use super::jackknife;
use super::sample::Paired;
use super::sample::as_float;

/// Result of [`geometric_ratio`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct GeometricRatio {
    /// The exponential of the mean log difference.
    pub estimate: f64,
    /// t(G-1) interval on streams; `None` without spread or second stream.
    pub interval: Option<Interval>,
}

/// The ratio from sums of *logarithms* per stream and arm; streams without
/// data in an arm are left out. `Ok(None)` if none remains.
///
/// Assumes independent streams and log differences close to normal.
pub fn geometric_ratio(logs: &Paired, level: Level) -> Result<Option<GeometricRatio>, StatsError> {
    let differences = logs.mean_differences();
    if differences.is_empty() {
        return Ok(None);
    }
    let size = as_float(differences.len());
    let mean = differences.iter().sum::<f64>() / size;
    let mut result = GeometricRatio {
        estimate: mean.exp(),
        interval: None,
    };
    let squares = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>();
    if differences.len() > 1 && squares > 0.0 {
        let se = (squares / (size * (size - 1.0))).sqrt();
        let (lower, upper) = jackknife::t_limits(mean, se, differences.len(), level)?;
        result.interval = Some(Interval::new(
            lower.exp(),
            upper.exp(),
            level,
            Method::GeometricT,
        )?);
    }
    Ok(Some(result))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::sample::Arm;

    #[test]
    fn a_constant_factor_has_no_interval() {
        let logs = |factor: f64| {
            let values = [1.0_f64, 8.0, 3.0].map(|value| ((factor * value).ln(), 1.0));
            Arm::from_pairs(values).unwrap()
        };
        let paired = Paired::new(logs(1.0), logs(1.0)).unwrap();
        let result = geometric_ratio(&paired, Level::NINETY_FIVE)
            .unwrap()
            .unwrap();
        assert!((result.estimate - 1.0).abs() < 1e-12 && result.interval.is_none());
        let one = Arm::from_pairs([(0.0, 0.0)]).unwrap();
        let none = geometric_ratio(&Paired::new(one.clone(), one).unwrap(), Level::NINETY_FIVE);
        assert_eq!(none, Ok(None));
    }
}

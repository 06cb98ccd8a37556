//! Means of a truth that is known for a sample and predicted for the rest, over streams.
//!
//! *What it is for.* The prediction-powered mean of an arm, its difference and
//! its ratio to another arm's, with intervals that hold if rows inside a stream
//! depend on each other. *What it is not.* A remedy for labels that were not
//! drawn at random from the rows. *What always holds.* The point estimate is
//! that of [`super::calibration::prediction_powered`] with the same weight; the
//! interval is the delete-one-stream jackknife with t(G-1), the weight held
//! fixed.

use super::error::StatsError;
use super::interval::Interval;
use super::interval::Level;
use super::interval::Method;
use super::jackknife;

/// What one stream adds to an arm.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PoweredSums {
    /// Labelled rows.
    pub labelled: f64,
    /// Sum of their truths.
    pub truth: f64,
    /// Sum of their predictions.
    pub seen: f64,
    /// Rows without a label.
    pub rest: f64,
    /// Sum of their predictions.
    pub rest_seen: f64,
    /// Rows that are known to be zero and that nobody has to label.
    pub zeros: f64,
}

impl PoweredSums {
    fn plus(self, other: &Self, sign: f64) -> Self {
        Self {
            labelled: self.labelled + sign * other.labelled,
            truth: self.truth + sign * other.truth,
            seen: self.seen + sign * other.seen,
            rest: self.rest + sign * other.rest,
            rest_seen: self.rest_seen + sign * other.rest_seen,
            zeros: self.zeros + sign * other.zeros,
        }
    }
}

/// An arm: its streams and the weight of the predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct Powered {
    streams: Vec<PoweredSums>,
    total: PoweredSums,
    weight: f64,
}

impl Powered {
    /// An arm over streams in a fixed order; a stream without rows adds nothing. Refuses numbers that are
    /// not finite.
    pub fn new(streams: Vec<PoweredSums>, weight: f64) -> Result<Self, StatsError> {
        let none = PoweredSums::default();
        let total = streams.iter().fold(none, |sum, one| sum.plus(one, 1.0));
        let PoweredSums {
            labelled,
            truth,
            seen,
            rest,
            rest_seen,
            zeros,
        } = total;
        let all = [labelled, truth, seen, rest, rest_seen, zeros, weight];
        if let Some(index) = all.iter().position(|value| !value.is_finite()) {
            let value = all[index];
            return Err(StatsError::NotFinite { index, value });
        }
        Ok(Self {
            streams,
            total,
            weight,
        })
    }

    fn mean_of(&self, sums: &PoweredSums) -> Option<f64> {
        if sums.labelled < 0.5 {
            return None;
        }
        let mean = if sums.rest < 0.5 {
            sums.truth / sums.labelled
        } else {
            self.weight * sums.rest_seen / sums.rest
                + (sums.truth - self.weight * sums.seen) / sums.labelled
        };
        let counted = sums.labelled + sums.rest;
        Some(mean * counted / (counted + sums.zeros))
    }

    /// The mean; `None` without a label.
    pub fn mean(&self) -> Option<f64> {
        self.mean_of(&self.total)
    }

    fn leave_one_out(&self) -> impl Iterator<Item = Option<f64>> + '_ {
        let of = |stream: &PoweredSums| self.mean_of(&self.total.plus(stream, -1.0));
        self.streams.iter().map(of)
    }
}

/// An estimate with its interval; either may be undetermined.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PoweredEstimate {
    /// The estimate.
    pub estimate: Option<f64>,
    /// Its interval; `None` without a positive standard error.
    pub interval: Option<Interval>,
}

fn estimated(
    estimate: Option<f64>,
    without: Vec<Option<f64>>,
    level: Level,
) -> Result<PoweredEstimate, StatsError> {
    let Some(theta) = estimate else {
        return Ok(PoweredEstimate::default());
    };
    let streams = without.len();
    let se = jackknife::cv3_se(theta, without, 1.0).filter(|se| *se > 0.0);
    let interval = match se {
        None => None,
        Some(se) => {
            let (lower, upper) = jackknife::t_limits(theta, se, streams, level)?;
            Some(Interval::new(lower, upper, level, Method::Cv3T)?)
        }
    };
    Ok(PoweredEstimate { estimate, interval })
}

/// The mean of an arm; its limits lie in `[0, 1]` if `share`.
///
/// Assumes independent streams and labels drawn at random from the rows.
/// Source: Angelopoulos et al. 2023 (PPI++, arXiv 2311.01453) for the
/// estimate; `MacKinnon`, Nielsen and Webb 2023 for the interval.
pub fn mean(arm: &Powered, share: bool, level: Level) -> Result<PoweredEstimate, StatsError> {
    let mut found = estimated(arm.mean(), arm.leave_one_out().collect(), level)?;
    if let Some(interval) = found.interval.filter(|_| share) {
        let limit = |value: f64| value.clamp(0.0, 1.0);
        let (lower, upper) = (limit(interval.lower()), limit(interval.upper()));
        found.interval = Some(Interval::new(lower, upper, level, Method::Cv3T)?);
    }
    Ok(found)
}

/// Treated minus base over the same streams.
pub fn difference(
    base: &Powered,
    treat: &Powered,
    level: Level,
) -> Result<PoweredEstimate, StatsError> {
    let without = pairs(base, treat, |base, treat| Some(treat - base))?;
    let estimate = base.mean().zip(treat.mean()).map(|(b, t)| t - b);
    estimated(estimate, without, level)
}

/// Treated over base over the same streams, on the logarithm; undetermined
/// unless both means are above 0.
pub fn ratio(base: &Powered, treat: &Powered, level: Level) -> Result<PoweredEstimate, StatsError> {
    let log = |base: f64, treat: f64| (base > 0.0 && treat > 0.0).then(|| (treat / base).ln());
    let without = pairs(base, treat, log)?;
    let means = base.mean().zip(treat.mean());
    let found = estimated(means.and_then(|(b, t)| log(b, t)), without, level)?;
    let interval = found.interval.map(|interval| {
        let (lower, upper) = (interval.lower().exp(), interval.upper().exp());
        Interval::new(lower, upper, level, Method::Cv3LogT)
    });
    Ok(PoweredEstimate {
        estimate: found.estimate.map(f64::exp),
        interval: interval.transpose()?,
    })
}

fn pairs(
    base: &Powered,
    treat: &Powered,
    of: impl Fn(f64, f64) -> Option<f64>,
) -> Result<Vec<Option<f64>>, StatsError> {
    if base.streams.len() != treat.streams.len() {
        return Err(StatsError::LengthMismatch {
            base: base.streams.len(),
            treat: treat.streams.len(),
        });
    }
    let both = base.leave_one_out().zip(treat.leave_one_out());
    Ok(both.map(|(base, treat)| of(base?, treat?)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::calibration::{Trust, prediction_powered};

    /// A stream of ten rows: two labelled, of which `truth` are 1 and `seen` were seen so, and eight others.
    fn stream(truth: f64, seen: f64, rest_seen: f64) -> PoweredSums {
        PoweredSums {
            labelled: 2.0,
            truth,
            seen,
            rest: 8.0,
            rest_seen,
            zeros: 0.0,
        }
    }

    #[test]
    fn the_estimate_is_that_of_the_plain_method() {
        let labelled = [(1.0, 1.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)];
        let rest: Vec<f64> = [1.0; 9].into_iter().chain([0.0; 7]).collect();
        let plain = prediction_powered(&labelled, &rest, Trust::Tuned, Level::NINETY_FIVE).unwrap();
        let arm = Powered::new(
            vec![stream(1.0, 2.0, 5.0), stream(1.0, 1.0, 4.0)],
            plain.lambda,
        );
        let mean = arm.unwrap().mean().unwrap();
        assert!((mean - plain.estimate).abs() < 1e-12);
    }

    /// With a weight of 1: 13/24 + (3 - 4)/6 = 0.375. Without the first stream 9/16 - 1/4 = 0.3125, the
    /// second 8/16 - 0 = 0.5, the third 9/16 - 1/4 = 0.3125; SE^2 = 2/3 (2 x 0.0625^2 + 0.125^2).
    #[test]
    fn the_interval_is_a_jackknife_by_hand() {
        let streams = vec![
            stream(1.0, 1.0, 4.0),
            stream(1.0, 2.0, 5.0),
            stream(1.0, 1.0, 4.0),
        ];
        let arm = Powered::new(streams, 1.0).unwrap();
        let found = mean(&arm, false, Level::NINETY_FIVE).unwrap();
        assert!((found.estimate.unwrap() - 0.375).abs() < 1e-12);
        let se = (2.0 / 3.0 * (2.0 * 0.0625_f64.powi(2) + 0.125_f64.powi(2))).sqrt();
        let half = found.interval.unwrap().upper() - 0.375;
        assert!((half / 4.302_652_729_911_275 - se).abs() < 1e-9);
        let share = mean(&arm, true, Level::NINETY_FIVE).unwrap();
        assert!(share.interval.unwrap().lower().abs() < 1e-15);
    }

    #[test]
    fn what_nobody_handed_in_is_not_done() {
        let mut one = stream(2.0, 2.0, 8.0);
        one.zeros = 10.0;
        let arm = Powered::new(vec![one], 1.0).unwrap();
        assert_eq!(arm.mean(), Some(0.5));
        let found = mean(&arm, true, Level::NINETY_FIVE).unwrap();
        assert_eq!(found.interval, None);
    }

    #[test]
    fn two_arms_on_the_same_streams() {
        let base = Powered::new(
            vec![
                stream(1.0, 1.0, 2.0),
                stream(0.0, 0.0, 1.0),
                stream(1.0, 1.0, 3.0),
            ],
            1.0,
        );
        let treat = Powered::new(
            vec![
                stream(2.0, 2.0, 8.0),
                stream(2.0, 2.0, 7.0),
                stream(2.0, 2.0, 6.0),
            ],
            1.0,
        );
        let (base, treat) = (base.unwrap(), treat.unwrap());
        let level = Level::NINETY_FIVE;
        let found = difference(&base, &treat, level).unwrap();
        assert!((found.estimate.unwrap() - 15.0 / 24.0).abs() < 1e-12);
        let found = ratio(&base, &treat, level).unwrap();
        assert!((found.estimate.unwrap() - 21.0 / 6.0).abs() < 1e-12);
        let limits = found.interval.unwrap();
        assert!(limits.lower() > 0.0 && limits.contains(3.5));
        assert_eq!(limits.method(), Method::Cv3LogT);
        let none = Powered::new(vec![PoweredSums::default(); 3], 1.0).unwrap();
        assert_eq!(
            ratio(&none, &treat, level).unwrap(),
            PoweredEstimate::default()
        );
        let short = Powered::new(Vec::new(), 1.0).unwrap();
        assert!(difference(&short, &treat, level).is_err());
        assert!(Powered::new(Vec::new(), f64::NAN).is_err());
    }
}

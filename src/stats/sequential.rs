//! Error spending and the bounds of a test that is looked at several times.
//!
//! *What it is for.* Critical values for looks planned in advance, such that
//! the chance of a false rejection at any of them is the one planned.
//! *What it is not.* A test: [`super::gate`] compares data with these bounds.
//! Nor a licence to look at other times than planned; for that see
//! [`super::eprocess`]. *What always holds.* Spending grows with information
//! and reaches alpha at information 1; a bound that nothing is spent on is
//! infinite.
//!
//! Source: Lan and `DeMets` 1983; Armitage, `McPherson` and Rowe 1969 for the
//! recursive integration.

use super::distribution;
use super::error::StatsError;
use super::sample::as_float;

use std::f64::consts::E;
use std::f64::consts::TAU;

/// Intervals of Simpson's rule, an even number.
const INTERVALS: usize = 1000;
/// Standard deviations below the mean at which the density is cut off.
const REACH: f64 = 8.0;
/// Information between two looks below which the grid is too coarse.
const SHORTEST_STEP: f64 = 0.02;
/// Halvings of the range of a bound.
const BISECTION_STEPS: usize = 60;
/// No bound beyond this can be told from infinity.
const LARGEST_BOUND: f64 = 38.0;

/// How the error probability is spread over the information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Spending {
    /// Pocock-type, `alpha ln(1 + (e - 1) t)`: nearly equal bounds, much is
    /// spent early.
    Pocock,
    /// O'Brien-Fleming-type, `2 - 2 Phi(z(1 - alpha/2) / sqrt t)`: hardly
    /// anything is spent early.
    ObrienFleming,
}

impl Spending {
    /// The error spent up to a fraction of the information in `0..=1`, of a
    /// one-sided `alpha`.
    pub fn spent(self, information: f64, alpha: f64) -> Result<f64, StatsError> {
        distribution::require_probability("alpha", alpha)?;
        if !(0.0..=1.0).contains(&information) {
            return Err(StatsError::OutOfRange {
                name: "information",
                value: information,
                expected: "a number between 0 and 1",
            });
        }
        Ok(match self {
            Self::Pocock => alpha * ((E - 1.0) * information).ln_1p(),
            Self::ObrienFleming => {
                let z = distribution::normal_quantile(1.0 - alpha / 2.0)?;
                2.0 * distribution::normal_cdf(-z / information.sqrt())
            }
        })
    }
}

/// One-sided upper bounds on the standard normal scale, one per look.
///
/// `information` is the fraction of the planned information at each look,
/// rising by at least 0.02 each time and at most 1. Accurate to 1e-6 or
/// better. The statistic is assumed normal with independent increments;
/// compare a t statistic by its p-value.
///
/// Source: Lan and `DeMets` 1983.
pub fn bounds(spending: Spending, information: &[f64], alpha: f64) -> Result<Vec<f64>, StatsError> {
    require_rising(information)?;
    let mut walk = Walk::new(0.0);
    let (mut before, mut last) = (0.0, None);
    let mut bounds = Vec::with_capacity(information.len());
    for &time in information {
        if let Some((time, bound)) = last {
            walk.advance(time, bound);
        }
        let spent = spending.spent(time, alpha)?;
        let bound = walk.bound(time, spent - before);
        before = spent;
        last = Some((time, bound));
        bounds.push(bound);
    }
    Ok(bounds)
}

/// Bounds at `looks` equally spaced looks, the last at the full information.
pub fn equal_bounds(spending: Spending, looks: usize, alpha: f64) -> Result<Vec<f64>, StatsError> {
    bounds(spending, &equal_information(looks), alpha)
}

/// The information at equally spaced looks, `k / looks`.
pub fn equal_information(looks: usize) -> Vec<f64> {
    (1..=looks)
        .map(|look| as_float(look) / as_float(looks))
        .collect()
}

/// The probability of crossing the upper bounds for the first time at each
/// look, if the statistic has mean `drift * sqrt(information)`.
///
/// The sum is the power; with drift 0 it is the error spent. Assumes one bound
/// per look and the same information as in [`bounds`].
///
/// Source: Armitage, `McPherson` and Rowe 1969.
pub fn crossing(information: &[f64], bounds: &[f64], drift: f64) -> Result<Vec<f64>, StatsError> {
    require_rising(information)?;
    if information.len() != bounds.len() {
        return Err(StatsError::LengthMismatch {
            base: information.len(),
            treat: bounds.len(),
        });
    }
    if let Some(index) = bounds.iter().position(|bound| bound.is_nan()) {
        let value = bounds[index];
        return Err(StatsError::NotFinite { index, value });
    }
    if !drift.is_finite() {
        return Err(StatsError::OutOfRange {
            name: "drift",
            value: drift,
            expected: "a finite number",
        });
    }
    let mut walk = Walk::new(drift);
    let mut last = None;
    let looks = information.iter().zip(bounds).map(|(&time, &bound)| {
        if let Some((time, bound)) = last.replace((time, bound)) {
            walk.advance(time, bound);
        }
        walk.crossing(time, bound)
    });
    Ok(looks.collect())
}

/// Refuses no looks, looks too close to each other and looks after the end.
fn require_rising(information: &[f64]) -> Result<(), StatsError> {
    if information.is_empty() {
        return Err(StatsError::Empty);
    }
    let mut before = 0.0;
    for &time in information {
        if !(time - before >= SHORTEST_STEP * (1.0 - 1e-9) && time <= 1.0) {
            return Err(StatsError::OutOfRange {
                name: "information",
                value: time,
                expected: "fractions that rise by at least 0.02 and end at most at 1",
            });
        }
        before = time;
    }
    Ok(())
}

/// The part of a Brownian motion that has not crossed a bound yet.
struct Walk {
    drift: f64,
    /// Information at the last look.
    time: f64,
    /// Places and their probabilities (density times Simpson weight); `None`
    /// before the first look, when all of it stands at zero.
    places: Option<Vec<(f64, f64)>>,
}

impl Walk {
    fn new(drift: f64) -> Self {
        Self {
            drift,
            time: 0.0,
            places: None,
        }
    }

    /// Probability of standing above the bound at the next look, not having
    /// crossed before.
    fn crossing(&self, time: f64, bound: f64) -> f64 {
        let step = time - self.time;
        let height = bound * time.sqrt() - self.drift * step;
        let above = |place: f64| distribution::normal_cdf((place - height) / step.sqrt());
        match &self.places {
            None => above(0.0),
            Some(places) => places.iter().map(|&(x, mass)| mass * above(x)).sum(),
        }
    }

    /// The bound that is crossed with the given probability.
    fn bound(&self, time: f64, probability: f64) -> f64 {
        let (mut lower, mut upper) = (-LARGEST_BOUND, LARGEST_BOUND);
        if self.crossing(time, upper) >= probability {
            return f64::INFINITY;
        }
        for _ in 0..BISECTION_STEPS {
            let middle = f64::midpoint(lower, upper);
            if self.crossing(time, middle) > probability {
                lower = middle;
            } else {
                upper = middle;
            }
        }
        f64::midpoint(lower, upper)
    }

    /// Moves on to the next look and drops what crossed there.
    fn advance(&mut self, time: f64, bound: f64) {
        let step = time - self.time;
        let (mean, spread) = (self.drift * time, REACH * time.sqrt());
        let lower = mean - spread;
        let upper = (bound * time.sqrt()).min(mean + spread).max(lower);
        let width = (upper - lower) / as_float(INTERVALS);
        let normal = (TAU * step).sqrt().recip();
        let density = |x: f64, from: f64| {
            let distance = x - from - self.drift * step;
            normal * (-distance * distance / (2.0 * step)).exp()
        };
        let places = (0..=INTERVALS).map(|index| {
            let x = lower + width * as_float(index);
            let here = match &self.places {
                None => density(x, 0.0),
                Some(places) => places.iter().map(|&(y, mass)| mass * density(x, y)).sum(),
            };
            (x, here * simpson(index) * width / 3.0)
        });
        self.places = Some(places.collect());
        self.time = time;
    }
}

/// The weights 1, 4, 2, 4, ..., 4, 1.
fn simpson(index: usize) -> f64 {
    if index == 0 || index == INTERVALS {
        1.0
    } else if index % 2 == 1 {
        4.0
    } else {
        2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_look_is_the_fixed_test() {
        for spending in [Spending::Pocock, Spending::ObrienFleming] {
            let bounds = equal_bounds(spending, 1, 0.05).unwrap();
            assert!((bounds[0] - 1.644_853_626_951).abs() < 1e-9, "{bounds:?}");
        }
    }

    #[test]
    fn what_is_spent_is_what_crosses() {
        for spending in [Spending::Pocock, Spending::ObrienFleming] {
            let information = [0.25, 0.27, 0.6, 1.0];
            let bounds = bounds(spending, &information, 0.05).unwrap();
            let crossed = crossing(&information, &bounds, 0.0).unwrap();
            let mut total = 0.0;
            for (time, crossed) in information.iter().zip(crossed) {
                total += crossed;
                let spent = spending.spent(*time, 0.05).unwrap();
                assert!((total - spent).abs() < 1e-7, "{spending:?} {time}");
            }
        }
    }

    #[test]
    fn power_of_one_look_is_the_normal_tail() {
        let power = crossing(&[1.0], &[1.96], 2.8).unwrap();
        assert!((power[0] - distribution::normal_cdf(0.84)).abs() < 1e-12);
        let two = crossing(&[0.5, 1.0], &[f64::INFINITY, 1.96], 2.8).unwrap();
        assert!((two.iter().sum::<f64>() - power[0]).abs() < 1e-9);
    }

    #[test]
    fn refuses_what_is_not_a_plan() {
        let refused = |times: &[f64]| bounds(Spending::Pocock, times, 0.05).is_err();
        assert!(refused(&[]) && refused(&[0.5, 0.51]) && refused(&[0.5, 1.1]));
        assert!(refused(&[f64::NAN]) && refused(&[0.6, 0.5]));
        assert!(bounds(Spending::Pocock, &[1.0], 0.0).is_err());
        assert!(crossing(&[1.0], &[], 0.0).is_err());
        assert!(crossing(&[1.0], &[f64::NAN], 0.0).is_err());
    }
}

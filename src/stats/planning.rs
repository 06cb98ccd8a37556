//! How many streams a comparison needs, before there are data.
//!
//! *What it is for.* From assumed rates and dependence, or from the standard
//! error of a pilot, to the number of streams and to the smallest effect that
//! a number of streams shows. *What it is not.* A promise: the answer is as
//! good as what is assumed, and the assumed truth must differ from the claim.
//! *What always holds.* Everything goes through one number, the *spread*: the
//! standard error of the estimate times the root of the number of streams. A
//! ratio is planned on its logarithm.
//!
//! | from | to the spread |
//! |---|---|
//! | assumed rates | [`super::planning_rates::Assumed::spread`] |
//! | a pilot | [`pilot_spread`] |
//!
//! Source: the usual sample-size formula, solved for t.

use super::distribution;
use super::error::StatsError;
use super::gate::FEWEST_FOR_INTERIM;
use super::gate::GateRule;
use super::interval::Level;
use super::sample::as_float;
use super::sequential;
use super::verdict;
use super::verdict::StreamsNeeded;

/// Halvings of the range of drifts, down to 1e-5.
const DRIFT_STEPS: usize = 23;
/// A drift that crosses any bound.
const LARGEST_DRIFT: f64 = 60.0;
/// Above this size Student's t is the normal distribution.
const NORMAL_SIZE: f64 = 1e6;

/// A number of streams with the level and power it is to have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Streams, at least [`verdict::MINIMUM_STREAMS`].
    pub streams: usize,
    /// Two-sided level of the interval.
    pub level: Level,
    /// Probability of a decision.
    pub power: f64,
}

impl Size {
    /// `t(G-1; level) + t(G-1; power)`.
    pub(super) fn quantiles(self) -> Result<f64, StatsError> {
        if self.streams < verdict::MINIMUM_STREAMS {
            return Err(StatsError::OutOfRange {
                name: "streams",
                value: as_float(self.streams),
                expected: "at least 6 streams, below which nothing is decided",
            });
        }
        let freedom = as_float(self.streams) - 1.0;
        Ok(
            distribution::t_quantile(self.level.upper_probability(), freedom)?
                + distribution::t_quantile(self.power, freedom)?,
        )
    }
}

/// The spread from a pilot: its standard error (of the difference, or of the
/// log ratio) times the root of its number of streams. `None` with fewer than
/// two streams or without a finite standard error above 0.
pub fn pilot_spread(se: Option<f64>, streams: usize) -> Option<f64> {
    se.filter(|se| streams > 1 && se.is_finite() && *se > 0.0)
        .map(|se| se * as_float(streams).sqrt())
}

/// Streams needed from a spread, by [`verdict::streams_needed`]; for ratios
/// pass logarithms.
pub fn streams_needed(
    truth: f64,
    spread: f64,
    claimed: f64,
    level: Level,
    power: f64,
) -> Result<Option<StreamsNeeded>, StatsError> {
    // Any number of streams with this spread gives the same answer.
    let pilot = 2;
    let se = spread / as_float(pilot).sqrt();
    verdict::streams_needed(truth, se, pilot, claimed, level, power)
}

/// The smallest distance from the claimed value that a number of streams
/// shows, `(t(level) + t(power)) * spread / sqrt(G)`; a logarithm for ratios.
pub fn detectable_distance(spread: f64, size: Size) -> Result<f64, StatsError> {
    distribution::require_positive("spread", spread)?;
    Ok(size.quantiles()? * spread / as_float(size.streams).sqrt())
}

/// Streams at which a gate with this rule decides at this power: passes if the
/// true mean `difference` lies above `-margin`, fails if below.
///
/// The drift that crosses the bounds of equally spaced looks with this power
/// comes from recursive integration under normality, and is widened by the
/// ratio of t to normal quantiles. Fewer than 12 streams have one look.
/// `spread` is the standard deviation of a stream difference.
pub fn gate_streams_needed(
    difference: f64,
    spread: f64,
    rule: GateRule,
    power: f64,
) -> Result<StreamsNeeded, StatsError> {
    distribution::require_positive("spread", spread)?;
    distribution::require_positive("margin", rule.margin)?;
    distribution::require_probability("alpha", 2.0 * rule.alpha)?;
    let distance = (difference + rule.margin).abs();
    if !distance.is_finite() {
        return Err(StatsError::NotFinite {
            index: 0,
            value: difference,
        });
    }
    if distance <= 1e-12 * rule.margin {
        return Ok(StreamsNeeded::Never);
    }
    let effect = distance / spread;
    let level = Level::new(1.0 - 2.0 * rule.alpha)?;
    let one_look = streams_needed(effect, 1.0, 0.0, level, power)?;
    if let Some(StreamsNeeded::Streams(streams)) = one_look
        && streams < FEWEST_FOR_INTERIM as u64
    {
        return Ok(StreamsNeeded::Streams(streams));
    }
    let z = distribution::normal_quantile(level.upper_probability())?
        + distribution::normal_quantile(power)?;
    let drift = drift_for(rule, power)?;
    let start = (drift / effect).powi(2).ceil();
    let mut size = start.max(as_float(FEWEST_FOR_INTERIM));
    while size <= NORMAL_SIZE {
        let t = distribution::t_quantile(level.upper_probability(), size - 1.0)?
            + distribution::t_quantile(power, size - 1.0)?;
        if drift * t / z <= effect * size.sqrt() {
            break;
        }
        size += 1.0;
    }
    Ok(StreamsNeeded::Streams(verdict::as_count(size)))
}

/// The smallest distance of a true mean difference from `-margin` at which a
/// gate with this rule decides at this power, with a number of streams: the
/// inverse of [`gate_streams_needed`]. The margin itself does not matter.
pub fn gate_detectable_distance(
    spread: f64,
    rule: GateRule,
    power: f64,
    streams: usize,
) -> Result<f64, StatsError> {
    distribution::require_positive("spread", spread)?;
    distribution::require_probability("alpha", 2.0 * rule.alpha)?;
    let level = Level::new(1.0 - 2.0 * rule.alpha)?;
    let one_look = Size {
        streams,
        level,
        power,
    };
    let distance = detectable_distance(spread, one_look)?;
    if streams < FEWEST_FOR_INTERIM {
        return Ok(distance);
    }
    let z = distribution::normal_quantile(level.upper_probability())?
        + distribution::normal_quantile(power)?;
    Ok(drift_for(rule, power)? / z * distance)
}

/// The mean of the final statistic at which one of the looks crosses with this
/// power.
fn drift_for(rule: GateRule, power: f64) -> Result<f64, StatsError> {
    distribution::require_probability("power", power)?;
    let information = sequential::equal_information(rule.looks);
    let bounds = sequential::bounds(rule.spending, &information, rule.alpha)?;
    let (mut lower, mut upper) = (0.0, LARGEST_DRIFT);
    for _ in 0..DRIFT_STEPS {
        let middle = f64::midpoint(lower, upper);
        let crossed = sequential::crossing(&information, &bounds, middle)?;
        if crossed.iter().sum::<f64>() < power {
            lower = middle;
        } else {
            upper = middle;
        }
    }
    Ok(upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_a_gate_is_the_inverse_of_its_size() {
        let rule = GateRule::with_margin(0.1);
        for streams in [6, 11, 24, 60] {
            let distance = gate_detectable_distance(0.21, rule, 0.8, streams).unwrap();
            let needed = |distance: f64| {
                gate_streams_needed(distance - rule.margin, 0.21, rule, 0.8).unwrap()
            };
            let exactly = StreamsNeeded::Streams(streams as u64);
            assert_eq!(needed(distance * 1.000_001), exactly);
            assert_ne!(needed(distance * 0.999), exactly);
        }
        assert!(gate_detectable_distance(0.21, rule, 0.8, 5).is_err());
    }
}

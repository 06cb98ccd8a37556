//! Verdicts on claims fixed in advance, from an interval.
//!
//! *What it is for.* Turning an interval into "supported", "refuted" or
//! "inconclusive" by fixed rules, and saying how many streams would decide.
//! *What it is not.* A correction for several claims ([`super::multiplicity`])
//! or for repeated looks. *What always holds.* Fewer than
//! [`MINIMUM_STREAMS`] streams or a missing interval are inconclusive,
//! whatever the numbers say.

use super::distribution;
use super::error::StatsError;
use super::interval::Interval;
use super::interval::Level;
use super::sample::as_float;

/// Below this number of streams no verdict is given: the smallest two-sided
/// sign-flip p-value would exceed 0.05.
pub const MINIMUM_STREAMS: usize = 6;

/// Above this size Student's t is the normal distribution for planning.
const NORMAL_SIZE: f64 = 1e6;

/// What is claimed about the true value of a quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Claim {
    /// The value is at least this large.
    AtLeast(f64),
    /// The value is at most this large.
    AtMost(f64),
    /// The value equals `value` up to a `factor` above 1; for ratios.
    About {
        /// The claimed value.
        value: f64,
        /// Tolerated factor, 1.5 by default in reports.
        factor: f64,
    },
    /// The value is above zero; for differences.
    Increase,
    /// The value is below zero; for differences.
    Decrease,
}

/// Why a verdict is inconclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The interval allows both the claim and its opposite.
    IntervalTooWide,
    /// There are fewer than [`MINIMUM_STREAMS`] streams.
    TooFewStreams,
    /// There is no interval.
    NotEstimable,
}

impl Reason {
    /// The stable tag.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IntervalTooWide => "interval_too_wide",
            Self::TooFewStreams => "too_few_streams",
            Self::NotEstimable => "not_estimable",
        }
    }
}

/// The answer to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Every value in the interval satisfies the claim.
    Supported,
    /// No value in the interval satisfies the claim.
    Refuted,
    /// Neither.
    Inconclusive(Reason),
}

impl Verdict {
    /// The stable tag, without the reason.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Refuted => "refuted",
            Self::Inconclusive(_) => "inconclusive",
        }
    }

    /// Why the verdict is inconclusive, if it is.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Inconclusive(reason) => Some(reason),
            Self::Supported | Self::Refuted => None,
        }
    }
}

/// Judges a claim.
///
/// * `AtLeast(r)`: supported iff `lower >= r`, refuted iff `upper < r`.
/// * `AtMost(r)`: supported iff `upper <= r`, refuted iff `lower > r`.
/// * `About`: refuted iff `r` lies outside the interval, supported iff the
///   interval lies inside `[r / factor, r * factor]`.
/// * `Increase`: supported iff `lower > 0`, refuted iff `upper < 0`;
///   `Decrease` the reverse.
///
/// Equality supports and never refutes, except for a direction, which is
/// strict. A claim about `NaN` is never decided. Source: the two-sided
/// interval read as two one-sided tests at half of alpha each.
pub fn judge(claim: Claim, interval: Option<&Interval>, streams: usize) -> Verdict {
    let Some(interval) = interval else {
        let reason = if streams < MINIMUM_STREAMS {
            Reason::TooFewStreams
        } else {
            Reason::NotEstimable
        };
        return Verdict::Inconclusive(reason);
    };
    if streams < MINIMUM_STREAMS {
        return Verdict::Inconclusive(Reason::TooFewStreams);
    }
    let (lower, upper) = (interval.lower(), interval.upper());
    let (supported, refuted) = match claim {
        Claim::AtLeast(value) => (lower >= value, upper < value),
        Claim::AtMost(value) => (upper <= value, lower > value),
        Claim::About { value, factor } => {
            let refuted = value < lower || value > upper;
            let inside = lower >= value / factor && upper <= value * factor;
            (inside && !refuted, refuted)
        }
        Claim::Increase => (lower > 0.0, upper < 0.0),
        Claim::Decrease => (upper < 0.0, lower > 0.0),
    };
    if supported {
        Verdict::Supported
    } else if refuted {
        Verdict::Refuted
    } else {
        Verdict::Inconclusive(Reason::IntervalTooWide)
    }
}

/// Which side of the claimed value the alternative lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The claim is "at least".
    Above,
    /// The claim is "at most".
    Below,
}

/// The one-sided p-value of a claim, `P(T(G-1) >= (theta - claimed) / se)` for
/// [`Side::Above`]; for ratios pass logarithms.
///
/// With a CV3 t interval at level `1 - alpha`, `p <= alpha / 2` exactly when
/// the claim is supported. `None` unless `se > 0` and there are two streams.
pub fn one_sided_p(
    theta: f64,
    se: f64,
    claimed: f64,
    streams: usize,
    side: Side,
) -> Result<Option<f64>, StatsError> {
    if streams < 2 || se.is_nan() || se <= 0.0 {
        return Ok(None);
    }
    let distance = match side {
        Side::Above => theta - claimed,
        Side::Below => claimed - theta,
    };
    distribution::t_upper_tail(distance / se, as_float(streams) - 1.0).map(Some)
}

/// How many streams would decide a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamsNeeded {
    /// This many streams in all, at least [`MINIMUM_STREAMS`].
    Streams(u64),
    /// No number would: the estimate equals the claimed value.
    Never,
}

impl StreamsNeeded {
    /// The number of streams, infinite for [`StreamsNeeded::Never`].
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers above 2^53 come from a float in the first place"
    )]
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::Streams(streams) => streams as f64,
            Self::Never => f64::INFINITY,
        }
    }
}

/// The smallest number of streams, at least 6, with
/// `(t(G-1; level) + t(G-1; power)) s / sqrt(G) <= |theta - claimed|`, where
/// `s = se * sqrt(streams)`; for ratios pass logarithms.
///
/// It assumes that the truth equals the estimate and that new streams are
/// like the observed ones: say so beside the number. Above a million the
/// normal distribution is used. `None` without a finite `se` or fewer than two
/// streams. Source: the usual sample-size formula, solved for t.
pub fn streams_needed(
    theta: f64,
    se: f64,
    streams: usize,
    claimed: f64,
    level: Level,
    power: f64,
) -> Result<Option<StreamsNeeded>, StatsError> {
    let distance = (theta - claimed).abs();
    let spread = se * as_float(streams).sqrt();
    if streams < 2 || !distance.is_finite() || !spread.is_finite() || spread < 0.0 {
        return Ok(None);
    }
    let z = distribution::normal_quantile(level.upper_probability())?
        + distribution::normal_quantile(power)?;
    if distance <= 1e-12 * theta.abs().max(claimed.abs()).max(f64::MIN_POSITIVE) {
        return Ok(Some(StreamsNeeded::Never));
    }
    let start = (z * spread / distance).powi(2).ceil();
    let mut size = start.max(as_float(MINIMUM_STREAMS));
    while size <= NORMAL_SIZE {
        let t = distribution::t_quantile(level.upper_probability(), size - 1.0)?
            + distribution::t_quantile(power, size - 1.0)?;
        if t * spread / size.sqrt() <= distance {
            break;
        }
        size += 1.0;
    }
    Ok(Some(StreamsNeeded::Streams(as_count(size))))
}

/// A whole, non-negative float as a number; saturates.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is whole and not negative; saturation is the documented limit"
)]
pub(super) fn as_count(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::interval::Method;

    fn judged(claim: Claim, lower: f64, upper: f64, streams: usize) -> &'static str {
        let level = Level::NINETY_FIVE;
        let interval = Interval::new(lower, upper, level, Method::Cv3LogT).unwrap();
        judge(claim, Some(&interval), streams).as_str()
    }

    #[test]
    fn equality_supports_but_does_not_refute() {
        assert_eq!(judged(Claim::AtLeast(6.0), 6.0, 9.0, 20), "supported");
        assert_eq!(judged(Claim::AtLeast(6.0), 1.0, 6.0, 20), "inconclusive");
        assert_eq!(judged(Claim::AtMost(0.5), 0.3, 0.5, 20), "supported");
        assert_eq!(judged(Claim::AtMost(0.5), 0.5, 0.9, 20), "inconclusive");
        assert_eq!(judged(Claim::Decrease, -2.0, -1.0, 20), "supported");
        assert_eq!(
            judged(Claim::AtLeast(f64::NAN), 1.0, 2.0, 20),
            "inconclusive"
        );
    }

    #[test]
    fn reasons() {
        let reason = |streams| judge(Claim::Increase, None, streams).reason();
        assert_eq!(reason(5), Some(Reason::TooFewStreams));
        assert_eq!(reason(6), Some(Reason::NotEstimable));
    }

    #[test]
    fn size_edges() {
        let needed = |theta, se, g| streams_needed(theta, se, g, 1.0, Level::NINETY_FIVE, 0.8);
        assert_eq!(needed(2.0, 0.1, 1), Ok(None));
        assert_eq!(needed(1.0, 0.1, 9), Ok(Some(StreamsNeeded::Never)));
        assert_eq!(needed(2.0, 0.0, 9), Ok(Some(StreamsNeeded::Streams(6))));
        assert_eq!(needed(f64::INFINITY, 0.1, 9), Ok(None));
    }
}

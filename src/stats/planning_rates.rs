//! Planning from assumed rates.
//!
//! *What it is for.* Streams needed and effects shown, if the two rates and the
//! dependence of rows are assumed. *What it is not.* As good as a pilot: the
//! correlation of rows is rarely known in advance. *What always holds.* A
//! ratio is planned on its logarithm; the answers are those of
//! [`super::planning`] for the spread computed here.
//!
//! Source: the design effect of Kish 1965 for the variance of a pooled rate;
//! the delta method for the log ratio.

use super::distribution;
use super::error::StatsError;
use super::gate::GateRule;
use super::interval::Level;
use super::planning;
use super::planning::Size;
use super::sample::as_float;
use super::verdict::Side;
use super::verdict::StreamsNeeded;

/// Steps in which rates are scanned for one that is far enough.
const SCAN_STEPS: usize = 1000;
/// Halvings of a range of rates.
const BISECTION_STEPS: usize = 60;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// Treated minus base rate.
    Difference,
    /// Treated over base rate.
    Ratio,
}

impl Quantity {
    /// The scale on which the estimate is nearly normal: a ratio's logarithm.
    fn scale(self, value: f64) -> f64 {
        match self {
            Self::Difference => value,
            Self::Ratio => value.ln(),
        }
    }

    fn of(self, base: f64, treat: f64) -> f64 {
        match self {
            Self::Difference => treat - base,
            Self::Ratio => treat / base,
        }
    }
}

/// Assumed rates and dependence of two arms over the same streams.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumed {
    /// Rate of the base arm, in `(0, 1)`.
    pub base: f64,
    /// Rate of the treated arm, in `(0, 1)`.
    pub treat: f64,
    /// Correlation of two rows of the same stream and arm, in `0..=1`.
    pub icc: f64,
    /// Mean number of rows per stream and arm, at least 1.
    pub rows: f64,
    /// Standard deviation of that number over its mean; 0 for equal streams.
    pub rows_variation: f64,
    /// Correlation of the streams' rates between the arms, in `-1..=1`.
    pub correlation: f64,
}

impl Assumed {
    /// The spread of the pooled difference, or of the log of the pooled ratio.
    ///
    /// Per arm `p (1 - p) (1 + (m (1 + c^2) - 1) icc) / m` for `m` rows with
    /// variation `c`, minus twice the covariance
    /// `correlation icc (1 + c^2) sqrt(pC (1 - pC) pT (1 - pT))`. Rows of the
    /// two arms are assumed to depend on each other through the stream only.
    /// The log ratio is linearised: with few base events it is optimistic.
    pub fn spread(&self, quantity: Quantity) -> Result<f64, StatsError> {
        self.require()?;
        let uneven = 1.0 + self.rows_variation * self.rows_variation;
        let variance = |rate: f64| {
            rate * (1.0 - rate) * (1.0 + (self.rows * uneven - 1.0) * self.icc) / self.rows
        };
        let binomial = |rate: f64| rate * (1.0 - rate);
        let product = binomial(self.base) * binomial(self.treat);
        let covariance = self.correlation * self.icc * uneven * product.sqrt();
        let (per_base, per_treat) = match quantity {
            Quantity::Difference => (1.0, 1.0),
            Quantity::Ratio => (self.base, self.treat),
        };
        let squared = variance(self.base) / (per_base * per_base)
            + variance(self.treat) / (per_treat * per_treat)
            - 2.0 * covariance / (per_base * per_treat);
        Ok(squared.max(0.0).sqrt())
    }

    /// Streams that decide a claim about the quantity, at this power if the
    /// rates are as assumed: support it if they satisfy it, refute it if not.
    ///
    /// `claimed` is a difference (0 for a direction, `-margin` for
    /// non-inferiority) or a ratio.
    pub fn streams_needed(
        &self,
        quantity: Quantity,
        claimed: f64,
        level: Level,
        power: f64,
    ) -> Result<Option<StreamsNeeded>, StatsError> {
        let truth = quantity.scale(quantity.of(self.base, self.treat));
        let claimed = require_claimed(quantity, claimed)?;
        planning::streams_needed(truth, self.spread(quantity)?, claimed, level, power)
    }

    /// Streams at which a planned gate passes (or, for a loss beyond the
    /// margin, fails) at this power; see
    /// [`planning::gate_streams_needed`].
    pub fn gate_streams_needed(
        &self,
        rule: GateRule,
        power: f64,
    ) -> Result<StreamsNeeded, StatsError> {
        let spread = self.spread(Quantity::Difference)?;
        planning::gate_streams_needed(self.treat - self.base, spread, rule, power)
    }

    /// The treated rate nearest to the claim that a number of streams tells
    /// from it, on the given side; everything else as assumed, `treat` unused.
    ///
    /// `None` if no rate in `(0, 1)` is far enough.
    pub fn detectable(
        &self,
        quantity: Quantity,
        claimed: f64,
        towards: Side,
        size: Size,
    ) -> Result<Option<Detectable>, StatsError> {
        let target = require_claimed(quantity, claimed)?;
        let sum = size.quantiles()?;
        // The rate at which the claim holds with equality.
        let edge = match quantity {
            Quantity::Difference => self.base + claimed,
            Quantity::Ratio => self.base * claimed,
        };
        let limit = match towards {
            Side::Above => 1.0 - 1e-9,
            Side::Below => 1e-9,
        };
        let far_enough = |treat: f64| -> Result<bool, StatsError> {
            let assumed = Self { treat, ..*self };
            let distance = quantity.scale(quantity.of(self.base, treat)) - target;
            let needed = sum * assumed.spread(quantity)? / as_float(size.streams).sqrt();
            Ok(distance.abs() >= needed)
        };
        let reachable = match towards {
            Side::Above => edge < limit,
            Side::Below => edge > limit,
        };
        if !reachable {
            return Ok(None);
        }
        // Far out the spread of a log ratio grows without end, so that the
        // first rate outwards is looked for, not any.
        let mut near = edge.clamp(1e-9, 1.0 - 1e-9);
        let width = (limit - near) / as_float(SCAN_STEPS);
        let mut steps = 1..=SCAN_STEPS;
        let mut far = loop {
            let Some(step) = steps.next() else {
                return Ok(None);
            };
            let rate = limit - width * as_float(SCAN_STEPS - step);
            if far_enough(rate)? {
                break rate;
            }
            near = rate;
        };
        for _ in 0..BISECTION_STEPS {
            let middle = f64::midpoint(near, far);
            if far_enough(middle)? {
                far = middle;
            } else {
                near = middle;
            }
        }
        Ok(Some(Detectable {
            treat: far,
            difference: far - self.base,
            ratio: far / self.base,
        }))
    }

    fn require(&self) -> Result<(), StatsError> {
        distribution::require_probability("base", self.base)?;
        distribution::require_probability("treat", self.treat)?;
        let within = |name, value: f64, lower: f64, upper: f64, expected| {
            if value >= lower && value <= upper {
                Ok(())
            } else {
                Err(StatsError::OutOfRange {
                    name,
                    value,
                    expected,
                })
            }
        };
        let share = "a number between 0 and 1";
        within("icc", self.icc, 0.0, 1.0, share)?;
        let signed = "a number between -1 and 1";
        within("correlation", self.correlation, -1.0, 1.0, signed)?;
        let rows = "a finite number of 1 or more";
        within("rows", self.rows, 1.0, f64::MAX, rows)?;
        let spread = "a finite number of 0 or more";
        within("rows_variation", self.rows_variation, 0.0, 1e6, spread)
    }
}

/// An effect that is just large enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detectable {
    /// The treated rate.
    pub treat: f64,
    /// Treated minus base rate.
    pub difference: f64,
    /// Treated over base rate.
    pub ratio: f64,
}

fn require_claimed(quantity: Quantity, claimed: f64) -> Result<f64, StatsError> {
    match quantity {
        Quantity::Ratio => distribution::require_positive("claimed", claimed)?,
        Quantity::Difference if claimed.is_finite() => {}
        Quantity::Difference => {
            return Err(StatsError::NotFinite {
                index: 0,
                value: claimed,
            });
        }
    }
    Ok(quantity.scale(claimed))
}

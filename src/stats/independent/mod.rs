//! Methods for independent pairs: every stream has exactly one pair of rows.
//!
//! *What it is for.* Second opinions from the literature on paired binary
//! data, and the primary answer where every stream really has one pair.
//! *What it is not.* An analysis of clustered rows: with several pairs to a
//! stream these intervals are too short ([`super::difference`] and
//! [`super::ratio`] are not). [`super::difference::tango`] belongs here too.
//! *What always holds.* Everything is computed from one checked [`PairTable`];
//! a zero margin gives a limit of 0 or infinity, never a corrected count.

mod difference;
mod discordant;
mod ratio;

pub use difference::bonett_price_difference;
pub use difference::newcombe;
pub use discordant::ConditionalOdds;
pub use discordant::McNemar;
pub use discordant::conditional_odds;
pub use discordant::e_value;
pub use discordant::mcnemar;
pub use ratio::bonett_price_ratio;
pub use ratio::log_wald;
pub use ratio::mover_wilson;
pub use ratio::tang_score;

use super::error::StatsError;

/// Numbers of pairs by outcome; finite, not negative, not all zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairTable {
    both: f64,
    treat_only: f64,
    base_only: f64,
    neither: f64,
}

impl PairTable {
    /// Checks the four numbers of pairs.
    pub fn new(
        both: f64,
        treat_only: f64,
        base_only: f64,
        neither: f64,
    ) -> Result<Self, StatsError> {
        let counts = [both, treat_only, base_only, neither];
        for (index, value) in counts.into_iter().enumerate() {
            if !value.is_finite() {
                return Err(StatsError::NotFinite { index, value });
            }
            if value < 0.0 {
                return Err(StatsError::NegativeCount { index, value });
            }
        }
        if counts.iter().sum::<f64>() <= 0.0 {
            return Err(StatsError::Empty);
        }
        // A sum over no rows is minus zero, and a ratio over that minus infinity.
        Ok(Self {
            both: both + 0.0,
            treat_only: treat_only + 0.0,
            base_only: base_only + 0.0,
            neither: neither + 0.0,
        })
    }

    /// Pairs that succeed under both arms.
    pub fn both(&self) -> f64 {
        self.both
    }

    /// Pairs that succeed under treatment only.
    pub fn treat_only(&self) -> f64 {
        self.treat_only
    }

    /// Pairs that succeed under the base only.
    pub fn base_only(&self) -> f64 {
        self.base_only
    }

    /// Pairs that fail under both arms.
    pub fn neither(&self) -> f64 {
        self.neither
    }

    /// All pairs.
    pub fn pairs(&self) -> f64 {
        self.both + self.treat_only + self.base_only + self.neither
    }

    /// Pairs that succeed under treatment.
    fn treat(&self) -> f64 {
        self.both + self.treat_only
    }

    /// Pairs that succeed under the base.
    fn base(&self) -> f64 {
        self.both + self.base_only
    }

    /// Treated over base rate; `None` for 0/0.
    fn ratio(&self) -> Option<f64> {
        (self.treat() > 0.0 || self.base() > 0.0).then(|| self.treat() / self.base())
    }

    /// The phi coefficient with a given numerator; 0 if a margin is zero.
    fn phi(&self, numerator: f64) -> f64 {
        let margins = self.treat()
            * self.base()
            * (self.base_only + self.neither)
            * (self.treat_only + self.neither);
        if margins > 0.0 {
            numerator / margins.sqrt()
        } else {
            0.0
        }
    }

    /// `both * neither - treat_only * base_only`.
    fn determinant(&self) -> f64 {
        self.both * self.neither - self.treat_only * self.base_only
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::interval::Level;

    #[test]
    fn refuses_what_is_not_a_table() {
        assert!(PairTable::new(0.0, 0.0, 0.0, 0.0).is_err());
        assert!(PairTable::new(1.0, -1.0, 0.0, 0.0).is_err());
        assert!(PairTable::new(1.0, f64::NAN, 0.0, 0.0).is_err());
    }

    #[test]
    fn nothing_observed_excludes_no_ratio() {
        let table = PairTable::new(0.0, 0.0, 0.0, 12.0).unwrap();
        for of in [tang_score, bonett_price_ratio, mover_wilson, log_wald] {
            let interval = of(&table, Level::NINETY_FIVE).unwrap();
            assert!(interval.lower() <= 0.0 && interval.upper().is_infinite());
        }
    }

    #[test]
    fn minus_zero_is_zero() {
        let table = PairTable::new(-0.0, 3.0, -0.0, 1.0).unwrap();
        let interval = tang_score(&table, Level::NINETY_FIVE).unwrap();
        assert!(interval.lower() > 0.0 && interval.upper() > 1e300);
    }

    #[test]
    fn exchanging_the_arms_inverts_the_ratio() {
        let one = PairTable::new(59.0, 6.0, 16.0, 80.0).unwrap();
        let other = PairTable::new(59.0, 16.0, 6.0, 80.0).unwrap();
        for of in [tang_score, bonett_price_ratio, mover_wilson, log_wald] {
            let (one, other) = (
                of(&one, Level::NINETY_FIVE).unwrap(),
                of(&other, Level::NINETY_FIVE).unwrap(),
            );
            assert!((one.lower() * other.upper() - 1.0).abs() < 1e-9);
        }
    }
}

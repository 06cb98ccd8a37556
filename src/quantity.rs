//! Units as types: tokens, money, time, seeds, and the only clock.
//!
//! Every amount that reaches a file is an integer in a named unit, so that sums do not depend on the
//! order of addition. Nothing here rounds twice.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Sub},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

macro_rules! amount {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl Add for $name {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }

        impl Sub for $name {
            type Output = Self;

            fn sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
                iter.fold(Self::default(), Add::add)
            }
        }
    };
}

amount!(
    /// A number of tokens.
    Tokens(u64)
);
amount!(
    /// Money in millionths of a US dollar.
    Usd(i64)
);
amount!(
    /// A length of time in milliseconds.
    Milliseconds(u64)
);

impl Usd {
    /// So many dollars, to the nearest micro-dollar.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from a float saturates"
    )]
    pub fn of_dollars(dollars: f64) -> Self {
        Self((dollars * 1e6).round() as i64)
    }

    /// The amount in dollars, for display and statistics.
    #[expect(clippy::cast_precision_loss, reason = "exact below 9 billion dollars")]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        write!(f, "{sign}${}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }
}

impl Milliseconds {
    /// The time in seconds.
    #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e3
    }
}

/// A seed for pseudo-random draws. New seeds are derived from names, never from order, time or threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The seed that belongs to `label` under this one: FNV-1a of the label, mixed in by `SplitMix64`
    /// (Steele, Lea and Flood 2014).
    #[must_use]
    pub fn derive(self, label: &str) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in label.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self(mix(self.0 ^ mix(hash)))
    }

    /// The seed that belongs to a number under this one.
    #[must_use]
    pub fn derive_number(self, number: u64) -> Self {
        Self(mix(self.0 ^ mix(number ^ 0x5bf0_3635_dcf9_8a11)))
    }

    /// A draw below `bound`, which must not be 0; the same seed gives the same draw. The bias is below
    /// `bound` / 2^64.
    pub fn below(self, bound: usize) -> usize {
        let product = u128::from(mix(self.0)) * (bound as u128);
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// Whether an event of this probability happens under this seed.
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits are kept, as a double has"
    )]
    pub fn happens(self, probability: f64) -> bool {
        ((mix(self.0) >> 11) as f64) * 2f64.powi(-53) < probability
    }

    /// The numbers 0 to `length` - 1 in an order drawn under this seed (Fisher-Yates).
    pub fn permutation(self, length: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..length).collect();
        for last in (1..length).rev() {
            order.swap(last, self.derive_number(last as u64).below(last + 1));
        }
        order
    }
}

fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Where the time of day comes from. All other code is told the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still, for tests and for output that must be repeated.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_prints_every_micro_dollar() {
        assert_eq!(Usd(1_234_567).to_string(), "$1.234567");
        assert_eq!(Usd(-5).to_string(), "-$0.000005");
    }

    #[test]
    fn the_first_draws_are_pinned() {
        // A change here changes every run: it needs a new record format.
        let seed = Seed(20_260_101).derive("legal/retention").derive_number(1);
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        let draws: Vec<usize> = (0..8).map(|i| seed.derive_number(i).below(100)).collect();
        assert_eq!(draws, PINNED);
    }

    const PINNED: [usize; 8] = [20, 81, 36, 18, 93, 77, 95, 8];

    #[test]
    fn draws_are_even_and_permutations_whole() {
        let counts = (0..40_000u64).fold([0u32; 4], |mut counts, i| {
            counts[Seed(i).derive("x").below(4)] += 1;
            counts
        });
        assert!(
            counts.iter().all(|&c| (9_700..10_300).contains(&c)),
            "{counts:?}"
        );
        let hits = (0..40_000u64).filter(|&i| Seed(i).happens(0.1)).count();
        assert!((3_800..4_200).contains(&hits), "{hits}");
        let mut order = Seed(7).permutation(50);
        assert_ne!(order[..5], [0, 1, 2, 3, 4]);
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
    }
}

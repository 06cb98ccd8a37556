//! The random number contract, bit for bit the same everywhere.
//!
//! *What it is for.* Resampling results that do not depend on language, thread
//! layout or library version. *What it is not.* Cryptography, nor a general
//! generator. *What always holds.* Replicate `b` of seed `s` is the same
//! sequence whatever was drawn before; there is no global state.
//!
//! Contract: `gamma = 0x9E3779B97F4A7C15`; `splitmix(x) = mix(x + gamma)`;
//! replicate `b` starts at `splitmix(seed XOR splitmix(b))`; a draw adds gamma
//! to the state and returns `mix(state)`; an index below `G` is
//! `(draw * G) >> 64`; sign `g` is bit `g % 64` of draw `g / 64`. All
//! arithmetic is modulo 2^64.
//!
//! Source: Steele, Lea and Flood 2014 (`SplitMix64`).

/// The increment of the state.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The output function of `SplitMix64`.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// One step of `SplitMix64` from a state, as a hash of it.
pub fn splitmix(state: u64) -> u64 {
    mix(state.wrapping_add(GAMMA))
}

/// A `SplitMix64` generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitMix {
    state: u64,
}

impl SplitMix {
    /// A generator whose state is the seed itself.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The generator of one replicate, independent of all others.
    pub fn for_replicate(seed: u64, replicate: u64) -> Self {
        Self::new(splitmix(seed ^ splitmix(replicate)))
    }

    /// The next 64 bits.
    pub fn next_bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// The next index below `size`; 0 if `size` is 0. The bias is below
    /// `size / 2^64`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the product shifted by 64 bits is below `size`, itself a usize"
    )]
    pub fn next_index(&mut self, size: usize) -> usize {
        ((u128::from(self.next_bits()) * size as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_draws_are_fixed() {
        // Vigna's splitmix64.c from state 0.
        let mut plain = SplitMix::new(0);
        let draws = [plain.next_bits(), plain.next_bits(), plain.next_bits()];
        assert_eq!(
            draws,
            [
                0xe220_a839_7b1d_cdaf,
                0x6e78_9e6a_a1b9_65f4,
                0x06c4_5d18_8009_454f
            ]
        );
        assert_eq!(splitmix(0), draws[0]);
    }

    #[test]
    fn first_indices_of_a_replicate_are_fixed() {
        let mut generator = SplitMix::for_replicate(20_260_101, 0);
        let indices = [0; 8].map(|_| generator.next_index(24));
        assert_eq!(indices, [6, 14, 19, 7, 10, 1, 0, 6]);
        assert_eq!(generator.next_index(0), 0);
    }
}

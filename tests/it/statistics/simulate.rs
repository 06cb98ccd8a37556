//! Seeded synthetic data with known truth.
//!
//! Streams of unequal length hold blocks of repeated rows. The rate of a
//! stream is beta distributed in each arm, with the given mean and intraclass
//! correlation; the two rates are joined by a normal copula. Rows of a block
//! share a difficulty, in both arms, by a latent normal variable that leaves
//! every rate as it is.

use dreamtrial::stats::Arm;
use dreamtrial::stats::Paired;
use dreamtrial::stats::distribution;
use dreamtrial::stats::random::SplitMix;
use std::f64::consts::TAU;

/// Different rates that a stream can have.
const RATES: usize = 2048;

pub(crate) fn as_float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

/// A number in `0..1`, never 0.
pub(crate) fn uniform(generator: &mut SplitMix) -> f64 {
    let bits = u32::try_from(generator.next_bits() >> 32).unwrap();
    (f64::from(bits) + 0.5) / 4_294_967_296.0
}

/// Standard normal numbers, two for each pair of uniform ones.
pub(crate) struct Normals {
    generator: SplitMix,
    spare: Option<f64>,
}

impl Normals {
    pub(crate) fn new(seed: u64, data_set: u64) -> Self {
        Self {
            generator: SplitMix::for_replicate(seed, data_set),
            spare: None,
        }
    }

    pub(crate) fn next(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * uniform(&mut self.generator).ln()).sqrt();
        let (sine, cosine) = (TAU * uniform(&mut self.generator)).sin_cos();
        self.spare = Some(radius * sine);
        radius * cosine
    }

    pub(crate) fn index(&mut self, size: usize) -> usize {
        self.generator.next_index(size)
    }

    /// How many of `rows` independent rows succeed.
    pub(crate) fn hits(&mut self, rows: usize, rate: f64) -> usize {
        (0..rows)
            .filter(|_| uniform(&mut self.generator) < rate)
            .count()
    }
}

/// The rates of streams in one arm: equally likely quantiles of a beta
/// distribution, as thresholds of the latent variable.
pub(crate) struct Rates {
    pub(crate) values: Vec<f64>,
    thresholds: Vec<f64>,
    /// The mean of the rates, which is the truth.
    pub(crate) mean: f64,
}

impl Rates {
    pub(crate) fn new(mean: f64, icc: f64) -> Self {
        let size = icc.recip() - 1.0;
        let quantile = |index: usize| {
            let p = (as_float(index) + 0.5) / as_float(RATES);
            distribution::beta_quantile(p, mean * size, (1.0 - mean) * size)
                .unwrap()
                .clamp(1e-12, 1.0 - 1e-12)
        };
        let values = (0..RATES).map(quantile).collect::<Vec<_>>();
        let threshold = |rate: &f64| distribution::normal_quantile(*rate).unwrap();
        let thresholds = values.iter().map(threshold).collect();
        let mean = values.iter().sum::<f64>() / as_float(RATES);
        Self {
            values,
            thresholds,
            mean,
        }
    }
}

/// The index of a stream's rate in each arm.
pub(crate) fn joint_ranks(normals: &mut Normals, correlation: f64) -> [usize; 2] {
    let base = normals.next();
    let treat = correlation * base + (1.0 - correlation * correlation).sqrt() * normals.next();
    [base, treat].map(|z| {
        let u = distribution::normal_cdf(z) * as_float(RATES);
        // Counting up is exact and needs no cast.
        let mut index = 0;
        let mut step = RATES / 2;
        while step > 0 {
            if as_float(index + step) <= u {
                index += step;
            }
            step /= 2;
        }
        index
    })
}

/// How rows are laid out.
#[derive(Clone, Copy)]
pub(crate) struct Design {
    pub(crate) streams: usize,
    /// Fewest and most blocks of a stream, equally likely.
    pub(crate) blocks: (usize, usize),
    pub(crate) repetitions: usize,
    /// Latent correlation of the stream's rates between the arms.
    pub(crate) correlation: f64,
    /// Latent correlation of rows in a block.
    pub(crate) shared: f64,
}

impl Design {
    pub(crate) fn draw(&self, base: &Rates, treat: &Rates, normals: &mut Normals) -> Paired {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let own = (1.0 - self.shared).sqrt();
        for _ in 0..self.streams {
            let (fewest, most) = self.blocks;
            let blocks = fewest + normals.index(most - fewest + 1);
            let [b, t] = joint_ranks(normals, self.correlation);
            let thresholds = [base.thresholds[b], treat.thresholds[t]];
            let mut hits = [0_usize; 2];
            for _ in 0..blocks {
                let difficulty = self.shared.sqrt() * normals.next();
                for (hits, threshold) in hits.iter_mut().zip(thresholds) {
                    for _ in 0..self.repetitions {
                        let latent = difficulty + own * normals.next();
                        *hits += usize::from(latent < threshold);
                    }
                }
            }
            let rows = as_float(blocks * self.repetitions);
            first.push((as_float(hits[0]), rows));
            second.push((as_float(hits[1]), rows));
        }
        let arm = |pairs| Arm::from_pairs(pairs).unwrap();
        Paired::new(arm(first), arm(second)).unwrap()
    }
}

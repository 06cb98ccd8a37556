//! Checked inputs: one sum and one count per stream.
//!
//! *What it is for.* Rows are aggregated once, outside; everything in this
//! module tree then costs O(streams). *What it is not.* It holds no rows and no
//! names; streams are positions, in the order the caller fixed. *What always
//! holds.* At least one stream, every number finite, every count `>= 0`, both
//! arms of a [`Paired`] equally long.

use super::error::StatsError;

/// Remainders below this fraction of the total are rounding, hence zero.
const ROUNDING: f64 = 1e-12;

/// A number of things as a float.
#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of streams and replicates are far below 2^53"
)]
pub(super) fn as_float(number: usize) -> f64 {
    number as f64
}

/// What the sums are made of; decides which limits and fallbacks make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Sums of 0/1 values: `0 <= sum <= count` in every stream.
    Proportion,
    /// Sums of any finite values: counts of events, times, amounts.
    Unbounded,
}

/// Sum and count of the values of one stream in one arm.
///
/// The count is a non-negative weight and may be zero: the stream then has no
/// data. For a ratio of totals it is the stream's denominator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamSums {
    sum: f64,
    count: f64,
}

impl StreamSums {
    /// Checks a pair; positions in errors are 0.
    pub fn new(sum: f64, count: f64) -> Result<Self, StatsError> {
        Self::at(0, sum, count)
    }

    /// Checks a pair that stands at a position of a list.
    fn at(index: usize, sum: f64, count: f64) -> Result<Self, StatsError> {
        for value in [sum, count] {
            if !value.is_finite() {
                return Err(StatsError::NotFinite { index, value });
            }
        }
        if count < 0.0 {
            return Err(StatsError::NegativeCount {
                index,
                value: count,
            });
        }
        Ok(Self { sum, count })
    }

    /// The sum.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// The count.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// Sum over count; `None` if nothing was counted.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

/// All streams of one arm, at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    streams: Vec<StreamSums>,
    total_sum: f64,
    total_count: f64,
    /// Sum of absolute sums: the scale at which rounding is judged.
    magnitude: f64,
}

impl Arm {
    /// Takes streams already checked one by one; refuses an empty list and
    /// totals that overflow.
    pub fn new(streams: Vec<StreamSums>) -> Result<Self, StatsError> {
        if streams.is_empty() {
            return Err(StatsError::Empty);
        }
        let total_sum = streams.iter().map(|s| s.sum).sum::<f64>();
        let total_count = streams.iter().map(|s| s.count).sum::<f64>();
        let magnitude = streams.iter().map(|s| s.sum.abs()).sum::<f64>();
        for value in [magnitude, total_count] {
            if !value.is_finite() {
                return Err(StatsError::NotFinite {
                    index: streams.len() - 1,
                    value,
                });
            }
        }
        Ok(Self {
            streams,
            total_sum,
            total_count,
            magnitude,
        })
    }

    /// Builds an arm from `(sum, count)` pairs in stream order.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (f64, f64)>) -> Result<Self, StatsError> {
        let streams = pairs
            .into_iter()
            .enumerate()
            .map(|(index, (sum, count))| StreamSums::at(index, sum, count))
            .collect::<Result<Vec<_>, _>>()?;
        Self::new(streams)
    }

    /// The streams in order.
    pub fn streams(&self) -> &[StreamSums] {
        &self.streams
    }

    /// Number of streams, at least 1.
    pub fn stream_count(&self) -> usize {
        self.streams.len()
    }

    /// Sum over all streams.
    pub fn total_sum(&self) -> f64 {
        self.total_sum
    }

    /// Count over all streams.
    pub fn total_count(&self) -> f64 {
        self.total_count
    }

    /// The pooled (row-weighted) mean; `None` if nothing was counted.
    pub fn mean(&self) -> Option<f64> {
        (self.total_count > 0.0).then(|| self.total_sum / self.total_count)
    }

    /// The pooled mean without each stream in turn, by subtraction from the
    /// totals; `None` where nothing is left. O(streams) for all together.
    pub fn leave_one_out(&self) -> impl Iterator<Item = Option<f64>> + '_ {
        self.streams.iter().map(|stream| {
            let count = remainder(self.total_count, stream.count, self.total_count);
            let sum = remainder(self.total_sum, stream.sum, self.magnitude);
            (count > 0.0).then(|| sum / count)
        })
    }

    /// Number of streams with a sum other than zero.
    pub fn nonzero_streams(&self) -> usize {
        self.streams.iter().filter(|s| s.sum != 0.0).count()
    }

    /// An arm is sparse if its events occur in at most one stream: leaving
    /// that stream out would make a ratio zero or infinite.
    pub fn is_sparse(&self) -> bool {
        self.nonzero_streams() <= 1
    }

    /// The streams that have data.
    pub fn counted(&self) -> impl Iterator<Item = &StreamSums> + '_ {
        self.streams.iter().filter(|s| s.count > 0.0)
    }

    /// Refuses sums that cannot be counts of successes.
    pub fn require_proportion(&self) -> Result<(), StatsError> {
        let bad = |s: &StreamSums| s.sum < 0.0 || s.sum > s.count;
        match self.streams.iter().position(bad) {
            None => Ok(()),
            Some(index) => Err(StatsError::NotAProportion {
                index,
                sum: self.streams[index].sum,
                count: self.streams[index].count,
            }),
        }
    }
}

/// The total without one part, with rounding removed.
fn remainder(total: f64, part: f64, magnitude: f64) -> f64 {
    let rest = total - part;
    if rest.abs() <= ROUNDING * magnitude {
        0.0
    } else {
        rest
    }
}

/// The same streams under a base arm and a treated arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Paired {
    base: Arm,
    treat: Arm,
}

impl Paired {
    /// Refuses arms of different length. Position `i` of both arms must be
    /// the same stream.
    pub fn new(base: Arm, treat: Arm) -> Result<Self, StatsError> {
        if base.stream_count() == treat.stream_count() {
            Ok(Self { base, treat })
        } else {
            Err(StatsError::LengthMismatch {
                base: base.stream_count(),
                treat: treat.stream_count(),
            })
        }
    }

    /// The base arm.
    pub fn base(&self) -> &Arm {
        &self.base
    }

    /// The treated arm.
    pub fn treat(&self) -> &Arm {
        &self.treat
    }

    /// Number of streams, at least 1.
    pub fn stream_count(&self) -> usize {
        self.base.stream_count()
    }

    /// The same data with the arms exchanged.
    #[must_use]
    pub fn swapped(&self) -> Self {
        Self {
            base: self.treat.clone(),
            treat: self.base.clone(),
        }
    }

    /// Only the streams with data in both arms, and how many were left out.
    /// The caller must report that number. An error if none remains.
    pub fn complete(&self) -> Result<(Self, usize), StatsError> {
        let (base, treat): (Vec<_>, Vec<_>) = self
            .pairs()
            .filter(|(b, t)| b.count > 0.0 && t.count > 0.0)
            .unzip();
        let dropped = self.stream_count() - base.len();
        Ok((Self::new(Arm::new(base)?, Arm::new(treat)?)?, dropped))
    }

    /// Treated minus base *sum* of each stream; the input of a sign-flip test
    /// on counts when both arms of a stream have the same number of rows.
    pub fn sum_differences(&self) -> Vec<f64> {
        self.pairs().map(|(b, t)| t.sum - b.sum).collect()
    }

    /// Treated minus base *mean* of each stream (every stream weighs the
    /// same); streams without data in an arm are left out.
    pub fn mean_differences(&self) -> Vec<f64> {
        self.pairs()
            .filter_map(|(b, t)| Some(t.mean()? - b.mean()?))
            .collect()
    }

    /// Base and treated sums, stream by stream.
    pub fn pairs(&self) -> impl Iterator<Item = (StreamSums, StreamSums)> + '_ {
        let treat = self.treat.streams.iter().copied();
        self.base.streams.iter().copied().zip(treat)
    }

    /// Refuses arms that are not counts of successes, if the scale says so.
    pub(super) fn require(&self, scale: Scale) -> Result<(), StatsError> {
        match scale {
            Scale::Unbounded => Ok(()),
            Scale::Proportion => {
                self.base.require_proportion()?;
                self.treat.require_proportion()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_malformed_input() {
        assert_eq!(Arm::from_pairs([]), Err(StatsError::Empty));
        assert!(StreamSums::new(f64::NAN, 1.0).is_err());
        assert!(StreamSums::new(1.0, f64::INFINITY).is_err());
        assert_eq!(
            Arm::from_pairs([(1.0, 2.0), (0.0, -1.0)]),
            Err(StatsError::NegativeCount {
                index: 1,
                value: -1.0
            })
        );
        assert!(Arm::from_pairs([(f64::MAX, 1.0), (f64::MAX, 1.0)]).is_err());
        let one = Arm::from_pairs([(1.0, 2.0)]).unwrap();
        let two = Arm::from_pairs([(1.0, 2.0), (3.0, 2.0)]).unwrap();
        assert!(two.require_proportion().is_err());
        assert_eq!(
            Paired::new(one, two),
            Err(StatsError::LengthMismatch { base: 1, treat: 2 })
        );
    }

    #[test]
    fn leaving_out_the_only_data_leaves_nothing() {
        let arm = Arm::from_pairs([(0.1 + 0.2, 0.3), (0.0, 0.0)]).unwrap();
        let left = arm.leave_one_out().collect::<Vec<_>>();
        assert_eq!(left[0], None);
        assert!(left[1].is_some());
    }

    #[test]
    fn complete_counts_what_it_drops() {
        let base = Arm::from_pairs([(1.0, 2.0), (0.0, 0.0)]).unwrap();
        let treat = Arm::from_pairs([(1.0, 2.0), (1.0, 2.0)]).unwrap();
        let (kept, dropped) = Paired::new(base, treat).unwrap().complete().unwrap();
        assert_eq!((kept.stream_count(), dropped), (1, 1));
    }
}

//! Evidence that may be looked at after every stream.
//!
//! *What it is for.* Stopping whenever one likes: the chance that an e-process
//! ever reaches `1 / alpha` under its null hypothesis is at most alpha.
//! *What it is not.* The most powerful test; looks planned in advance
//! ([`super::gate`]) need fewer streams. [`msprt_normal`] holds only
//! approximately. *What always holds.* One update per completed stream, in an
//! order fixed beforehand; updating by rows inside a stream breaks the
//! guarantee, since they depend on each other.

use super::distribution;
use super::error::StatsError;
use super::gate::Decision;
use super::sample::as_float;
use super::verdict::Reason;

use statrs::function::beta::checked_ln_beta;
use std::f64::consts::LN_2;

/// A gate that bets on the stream differences, for passing and for failing.
///
/// The differences lie in `[-1, 1]`. "Pass" is evidence against a mean of
/// `-margin` or less, "fail" against `-margin` or more. The stakes depend on
/// earlier streams only: `sqrt(2 ln(1/alpha) / (t ln(1 + t) v))` with the
/// running variance `v`, starting from one imagined value of 1/2 with variance
/// 1/4, and capped so that no bet loses more than a share `cap` of the money.
///
/// Source: Waudby-Smith and Ramdas 2024.
#[derive(Debug, Clone, PartialEq)]
pub struct BettingGate {
    alpha: f64,
    cap: f64,
    /// Mean under the null, after mapping differences to the unit interval.
    null: f64,
    streams: usize,
    sum: f64,
    squares: f64,
    pass: Wealth,
    fail: Wealth,
}

/// Money won by bets on one side.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Wealth {
    log: f64,
    largest_log: f64,
    first: Option<usize>,
}

impl Wealth {
    /// Natural logarithm of the e-value now.
    pub fn log_e(&self) -> f64 {
        self.log
    }

    /// Logarithm of the largest e-value so far, at least 0.
    pub fn largest_log_e(&self) -> f64 {
        self.largest_log
    }

    /// The anytime-valid p-value, 1 over the largest e-value.
    pub fn anytime_p(&self) -> f64 {
        (-self.largest_log).exp()
    }

    /// Streams after which the threshold was first reached.
    pub fn first_reached(&self) -> Option<usize> {
        self.first
    }

    fn bet(&mut self, gain: f64, threshold: f64, streams: usize) {
        self.log += gain.ln_1p();
        self.largest_log = self.largest_log.max(self.log);
        if self.first.is_none() && self.log >= threshold {
            self.first = Some(streams);
        }
    }
}

impl BettingGate {
    /// Share of the money that a bet may lose in [`Self::with_margin`].
    pub const CAP: f64 = 0.9;

    /// Starts without streams. `margin` lies in `[0, 1)`, `alpha` and `cap` in
    /// `(0, 1)`.
    pub fn new(margin: f64, alpha: f64, cap: f64) -> Result<Self, StatsError> {
        distribution::require_probability("alpha", alpha)?;
        distribution::require_probability("cap", cap)?;
        if !(0.0..1.0).contains(&margin) {
            return Err(StatsError::OutOfRange {
                name: "margin",
                value: margin,
                expected: "a number from 0 to below 1",
            });
        }
        Ok(Self {
            alpha,
            cap,
            null: (1.0 - margin) / 2.0,
            streams: 0,
            sum: 0.5,
            squares: 0.25,
            pass: Wealth::default(),
            fail: Wealth::default(),
        })
    }

    /// Starts without streams, at 5 % each way.
    pub fn with_margin(margin: f64) -> Result<Self, StatsError> {
        Self::new(margin, 0.05, Self::CAP)
    }

    /// Adds the difference of the next completed stream.
    pub fn push(&mut self, difference: f64) -> Result<(), StatsError> {
        if !(-1.0..=1.0).contains(&difference) {
            return Err(StatsError::OutOfRange {
                name: "difference",
                value: difference,
                expected: "a number between -1 and 1",
            });
        }
        let before = as_float(self.streams) + 1.0;
        let variance = self.squares / before;
        self.streams += 1;
        let time = as_float(self.streams);
        let threshold = -self.alpha.ln();
        let stake = (2.0 * threshold / (time * time.ln_1p() * variance)).sqrt();
        let value = f64::midpoint(difference, 1.0);
        let surplus = value - self.null;
        let for_pass = stake.min(self.cap / self.null);
        let for_fail = stake.min(self.cap / (1.0 - self.null));
        self.pass.bet(for_pass * surplus, threshold, self.streams);
        self.fail.bet(-for_fail * surplus, threshold, self.streams);
        self.sum += value;
        let mean = self.sum / (time + 1.0);
        self.squares += (value - mean).powi(2);
        Ok(())
    }

    /// Evidence for passing.
    pub fn pass(&self) -> &Wealth {
        &self.pass
    }

    /// Evidence for failing.
    pub fn fail(&self) -> &Wealth {
        &self.fail
    }

    /// Streams so far.
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// The side that reached the threshold first; `None` means go on.
    pub fn decision(&self) -> Option<Decision> {
        match (self.pass.first, self.fail.first) {
            (None, None) => None,
            (Some(pass), Some(fail)) if fail < pass => Some(Decision::Fail),
            (Some(_), _) => Some(Decision::Pass),
            (None, Some(_)) => Some(Decision::Fail),
        }
    }

    /// The decision if no further stream will come.
    pub fn close(&self) -> Decision {
        self.decision()
            .unwrap_or(Decision::Inconclusive(Reason::IntervalTooWide))
    }
}

/// The e-value of `better` against `worse` discordant pairs under equal
/// chances, mixed over a uniform alternative: `2^m B(better + 1, worse + 1)`.
///
/// Valid at any stopping time, for independent pairs. Infinite when too large
/// for a float. Source: Robbins 1970.
pub fn discordance_e_value(better: f64, worse: f64) -> Result<f64, StatsError> {
    for (index, value) in [better, worse].into_iter().enumerate() {
        if !value.is_finite() {
            return Err(StatsError::NotFinite { index, value });
        }
        if value < 0.0 {
            return Err(StatsError::NegativeCount { index, value });
        }
    }
    let log = checked_ln_beta(better + 1.0, worse + 1.0).map_err(|_| StatsError::OutOfRange {
        name: "better",
        value: better,
        expected: "a number the beta function accepts",
    })?;
    Ok(((better + worse) * LN_2 + log).exp())
}

/// The mixture likelihood ratio of a mean other than `null`, with a normal
/// mixing distribution of variance `mixing`, in squared units of the values.
///
/// `sqrt(v / (v + n m)) exp(n^2 m (mean - null)^2 / (2 v (v + n m)))` with the
/// sample variance `v`. Assumes nearly normal values and, because the variance
/// is estimated, many of them: the guarantee at any stopping time is
/// approximate. `None` with fewer than two values or without variation.
///
/// Source: Robbins 1970; Johari et al. 2017.
pub fn msprt_normal(values: &[f64], null: f64, mixing: f64) -> Result<Option<f64>, StatsError> {
    distribution::require_positive("mixing", mixing)?;
    for (index, &value) in values.iter().chain([&null]).enumerate() {
        if !value.is_finite() {
            return Err(StatsError::NotFinite { index, value });
        }
    }
    if values.len() < 2 {
        return Ok(None);
    }
    let size = as_float(values.len());
    let mean = values.iter().sum::<f64>() / size;
    let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    let variance = squares / (size - 1.0);
    if variance.sqrt() <= 1e-12 * mean.abs().max(f64::MIN_POSITIVE) {
        return Ok(None);
    }
    let wide = variance + size * mixing;
    let exponent = (size * (mean - null)).powi(2) * mixing / (2.0 * variance * wide);
    Ok(Some((variance / wide).sqrt() * exponent.exp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_evidence_without_streams() {
        let gate = BettingGate::with_margin(0.1).unwrap();
        assert_eq!((gate.decision(), gate.streams()), (None, 0));
        assert_eq!(gate.close().as_str(), "inconclusive");
        assert!((gate.pass().anytime_p() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_bet_never_loses_everything() {
        let mut gate = BettingGate::with_margin(0.1).unwrap();
        for _ in 0..50 {
            gate.push(-1.0).unwrap();
        }
        assert!(gate.pass().log_e().is_finite());
        assert_eq!(gate.decision(), Some(Decision::Fail));
    }

    #[test]
    fn refuses_values_out_of_range() {
        assert!(BettingGate::with_margin(1.0).is_err());
        assert!(BettingGate::new(0.1, 0.0, 0.9).is_err());
        let mut gate = BettingGate::with_margin(0.1).unwrap();
        assert!(gate.push(1.5).is_err() && gate.push(f64::NAN).is_err());
        assert_eq!(gate.streams(), 0);
        assert!(discordance_e_value(-1.0, 0.0).is_err());
        assert!(msprt_normal(&[1.0, 2.0], f64::NAN, 0.01).is_err());
        assert_eq!(msprt_normal(&[1.0, 1.0], 0.0, 0.01), Ok(None));
    }

    #[test]
    fn discordance_known_answers() {
        // 2^10 B(10, 2) = 1024 / 110.
        let e = discordance_e_value(9.0, 1.0).unwrap();
        assert!((e - 1024.0 / 110.0).abs() < 1e-11);
        assert!((discordance_e_value(0.0, 0.0).unwrap() - 1.0).abs() < 1e-12);
    }
}

//! Faults on demand, so that clients can be tested: delays, refusals, streams that are cut, dreams that go
//! wrong.
//!
//! What always holds: whether a request or a stream meets a fault depends on the seed and on its number
//! only, counted from the start of the server; whether a dream does, on the seed and on the dream's number.

use std::time::Duration;

use super::{ApiError, error::ErrorKind};
use crate::quantity::{Milliseconds, Seed};

/// What becomes of a dream on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DreamFault {
    /// It fails once it has begun to write.
    Failing,
    /// It runs until somebody cancels it.
    Endless,
}

/// Which faults happen, and how often. Shares are from 0 to 1; by default nothing happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// Seed of the draws.
    pub seed: Seed,
    /// The longest delay of an answer; each is drawn evenly from zero to this.
    pub delay: Milliseconds,
    /// The share of requests that are answered with 429.
    pub rate_limited: f64,
    /// The share of requests that are answered with 529.
    pub overloaded: f64,
    /// The share of streams that are cut.
    pub dropped_streams: f64,
    /// The share of dreams that fail.
    pub failing_dreams: f64,
    /// The share of the other dreams that run until they are canceled.
    pub endless_dreams: f64,
}

/// The most events of a stream that is cut.
const MAX_EVENTS_OF_CUT: usize = 10;

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: Seed(0),
            delay: Milliseconds(0),
            rate_limited: 0.0,
            overloaded: 0.0,
            dropped_streams: 0.0,
            failing_dreams: 0.0,
            endless_dreams: 0.0,
        }
    }
}

impl Faults {
    /// How long the answer to a request is held back.
    pub fn delay_of(&self, request: u64) -> Duration {
        let most = usize::try_from(self.delay.0).unwrap_or(usize::MAX);
        let draw = self.draw("delay", request).below(most.saturating_add(1));
        Duration::from_millis(u64::try_from(draw).unwrap_or(u64::MAX))
    }

    /// The error that a request meets.
    pub fn refusal(&self, request: u64) -> Option<ApiError> {
        if self
            .draw("rate limited", request)
            .happens(self.rate_limited)
        {
            return Some(ApiError::new(
                ErrorKind::RateLimit { retry_after: 1 },
                "a fault on demand: try again in 1 s",
            ));
        }
        self.draw("overloaded", request)
            .happens(self.overloaded)
            .then(|| ApiError::new(ErrorKind::Overloaded, "a fault on demand: overloaded"))
    }

    /// After how many events a stream is cut, if it is: one to ten.
    pub fn cut_of(&self, stream: u64) -> Option<u64> {
        let draw = self.draw("dropped stream", stream);
        draw.happens(self.dropped_streams).then(|| {
            let events = draw.derive("events").below(MAX_EVENTS_OF_CUT) + 1;
            u64::try_from(events).unwrap_or(1)
        })
    }

    /// What becomes of a dream: by its number in the database, so that a restart changes nothing.
    pub fn dream(&self, number: u64) -> Option<DreamFault> {
        if self
            .draw("failing dream", number)
            .happens(self.failing_dreams)
        {
            return Some(DreamFault::Failing);
        }
        self.draw("endless dream", number)
            .happens(self.endless_dreams)
            .then_some(DreamFault::Endless)
    }

    fn draw(&self, what: &str, number: u64) -> Seed {
        self.seed.derive(what).derive_number(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_happens_unless_it_is_asked_for() {
        let none = Faults::default();
        for number in 0..1_000 {
            assert_eq!(none.delay_of(number), Duration::ZERO);
            assert_eq!(none.refusal(number), None);
            assert_eq!(none.cut_of(number), None);
            assert_eq!(none.dream(number), None);
        }
    }

    #[test]
    fn faults_happen_as_often_as_asked_for_and_the_same_under_a_seed() {
        let faults = Faults {
            seed: Seed(7),
            delay: Milliseconds(9),
            rate_limited: 0.1,
            overloaded: 0.2,
            dropped_streams: 0.3,
            failing_dreams: 0.1,
            endless_dreams: 0.2,
        };
        let count = |happens: &dyn Fn(u64) -> bool| (0..10_000).filter(|n| happens(*n)).count();
        let is = |number, kind: &dyn Fn(&ErrorKind) -> bool| {
            faults
                .refusal(number)
                .is_some_and(|error| kind(&error.kind))
        };
        let limited = count(&|n| is(n, &|kind| matches!(kind, ErrorKind::RateLimit { .. })));
        let overloaded = count(&|n| is(n, &|kind| *kind == ErrorKind::Overloaded));
        assert!((900..1_100).contains(&limited), "{limited}");
        // Of what is left after the others.
        assert!((1_700..1_900).contains(&overloaded), "{overloaded}");
        let cuts: Vec<u64> = (0..10_000).filter_map(|n| faults.cut_of(n)).collect();
        assert!((2_900..3_100).contains(&cuts.len()), "{}", cuts.len());
        assert!((1..=10).all(|wanted| cuts.contains(&wanted)));
        assert!(cuts.iter().all(|cut| (1..=10).contains(cut)));
        let failing = count(&|n| faults.dream(n) == Some(DreamFault::Failing));
        let endless = count(&|n| faults.dream(n) == Some(DreamFault::Endless));
        assert!((900..1_100).contains(&failing), "{failing}");
        assert!((1_700..1_900).contains(&endless), "{endless}");
        let delays: Vec<u128> = (0..10_000)
            .map(|n| faults.delay_of(n).as_millis())
            .collect();
        assert!((0..=9).all(|wanted| delays.contains(&wanted)));
        assert!(delays.iter().all(|&delay| delay <= 9));
    }
}

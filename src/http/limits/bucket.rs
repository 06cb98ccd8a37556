//! Tokens a minute: what a call may take is reserved before it, what it took is settled after.
//!
//! All sums are of whole numbers: a token is 60 · 10⁹ units, so that a bucket gains as many units in a
//! nanosecond as it holds tokens.

use std::time::Duration;

use tokio::time::Instant;

const UNITS: i128 = 60_000_000_000;

/// A bucket that holds the tokens of one minute and is full at first.
#[derive(Debug)]
pub(super) struct Bucket {
    tokens: i128,
    level: i128,
    at: Instant,
}

impl Bucket {
    pub(super) fn new(tokens_per_minute: u64, now: Instant) -> Self {
        let tokens = i128::from(tokens_per_minute);
        Self {
            tokens,
            level: tokens * UNITS,
            at: now,
        }
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_nanos();
        let gained = i128::try_from(passed)
            .unwrap_or(i128::MAX)
            .saturating_mul(self.tokens);
        self.level = self.level.saturating_add(gained).min(self.tokens * UNITS);
        self.at = self.at.max(now);
    }

    /// How long it takes until so many tokens are there. A call that is larger than the bucket goes when
    /// it is full.
    pub(super) fn wait(&mut self, tokens: u64, now: Instant) -> Duration {
        self.fill(now);
        let missing = i128::from(tokens).min(self.tokens) * UNITS - self.level;
        // Rounded up, so that the tokens are there after the wait.
        let nanoseconds = (missing.max(0) + self.tokens - 1) / self.tokens;
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// Takes tokens, down to a debt where the call is larger than the bucket.
    pub(super) fn take(&mut self, tokens: u64) {
        self.level -= i128::from(tokens) * UNITS;
    }

    /// A call that had reserved so much took so much.
    pub(super) fn settle(&mut self, reserved: u64, took: u64, now: Instant) {
        self.fill(now);
        self.level += (i128::from(reserved) - i128::from(took)) * UNITS;
        self.level = self.level.min(self.tokens * UNITS);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_there_is_waited_for_and_what_was_not_taken_comes_back() {
        let start = Instant::now();
        let mut bucket = Bucket::new(600, start);
        assert_eq!(bucket.wait(600, start), Duration::ZERO);
        bucket.take(600);
        assert_eq!(bucket.wait(10, start), Duration::from_secs(1));
        bucket.settle(600, 590, start);
        assert_eq!(bucket.wait(10, start), Duration::ZERO);
        bucket.take(10);
        // A call that took more than it had reserved leaves a debt.
        bucket.settle(10, 30, start);
        assert_eq!(bucket.wait(10, start), Duration::from_secs(3));
    }

    #[test]
    fn a_call_larger_than_the_bucket_goes_when_it_is_full() {
        let start = Instant::now();
        let mut bucket = Bucket::new(600, start);
        assert_eq!(bucket.wait(u64::MAX, start), Duration::ZERO);
        bucket.take(1200);
        assert_eq!(bucket.wait(u64::MAX, start), Duration::from_mins(2));
        assert_eq!(
            bucket.wait(1, start + Duration::from_secs(61)),
            Duration::ZERO
        );
    }

    proptest! {
        /// Whatever calls take at whatever time: after the wait there is enough, and over any time no
        /// more is taken than a full bucket and what flows in.
        #[test]
        fn no_more_is_taken_than_flows_in(
            rate in 1u64..10_000, calls in prop::collection::vec((0u64..10_000, 0u64..100_000), 1..50),
        ) {
            let start = Instant::now();
            let mut now = start;
            let mut bucket = Bucket::new(rate, start);
            let mut taken = 0;
            for (tokens, idle) in calls {
                let tokens = tokens.min(rate);
                now += Duration::from_millis(idle);
                now += bucket.wait(tokens, now);
                prop_assert_eq!(bucket.wait(tokens, now), Duration::ZERO);
                bucket.take(tokens);
                taken += u128::from(tokens);
                let flowed = (now - start).as_nanos() * u128::from(rate) / 60_000_000_000;
                prop_assert!(taken <= flowed + u128::from(rate));
            }
        }
    }
}

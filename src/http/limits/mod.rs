//! When a call may begin: after pauses, within the calls in flight, and at the service's rates.
//!
//! Calls begin in the order in which they came. Only the first of them looks at the limits; the others
//! wait for it, so that a thousand waiting calls cost one timer.

mod bucket;
mod concurrency;

use std::{
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bucket::Bucket;
use concurrency::{Concurrency, Entry};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{HttpError, Rates};

/// The limits of a service.
pub(super) struct Limits {
    /// Whoever holds it is the first in line.
    line: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    /// Something may have come free.
    changed: Notify,
}

struct State {
    requests: Option<DefaultDirectRateLimiter>,
    input: Option<Bucket>,
    output: Option<Bucket>,
    concurrency: Concurrency,
    paused_until: Option<Instant>,
}

enum Wait {
    Until(Instant),
    ForChange,
}

impl State {
    /// Begins a call of so many tokens, if it may.
    fn ask(&mut self, input: u64, output: u64, now: Instant) -> Result<Entry, Wait> {
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Err(Wait::Until(until));
        }
        if !self.concurrency.has_room() {
            return Err(Wait::ForChange);
        }
        let wait = |bucket: &mut Option<Bucket>, tokens| {
            bucket
                .as_mut()
                .map_or(Duration::ZERO, |bucket| bucket.wait(tokens, now))
        };
        let wait = wait(&mut self.input, input).max(wait(&mut self.output, output));
        if !wait.is_zero() {
            return Err(later(now, wait));
        }
        // Asked last, because it takes what it grants.
        if let Some(requests) = &self.requests
            && let Err(not_until) = requests.check()
        {
            return Err(later(now, not_until.wait_time_from(requests.clock().now())));
        }
        if let Some(bucket) = &mut self.input {
            bucket.take(input);
        }
        if let Some(bucket) = &mut self.output {
            bucket.take(output);
        }
        Ok(self.concurrency.enter())
    }
}

fn later(now: Instant, wait: Duration) -> Wait {
    now.checked_add(wait).map_or(Wait::ForChange, Wait::Until)
}

impl Limits {
    pub(super) fn new(rates: &Rates) -> Result<Self, HttpError> {
        let not_none = |name, is_none| {
            if is_none {
                Err(HttpError::NoRate(name))
            } else {
                Ok(())
            }
        };
        not_none(
            "input_tokens_per_minute",
            rates.input_tokens_per_minute == Some(0),
        )?;
        not_none(
            "output_tokens_per_minute",
            rates.output_tokens_per_minute == Some(0),
        )?;
        not_none("concurrency", rates.concurrency == Some(0))?;
        let requests = match rates.requests_per_minute.map(NonZeroU32::new) {
            None => None,
            Some(None) => return Err(HttpError::NoRate("requests_per_minute")),
            Some(Some(requests)) => {
                // A service may hold 60 a minute as one a second: no more is saved up than that.
                let burst = NonZeroU32::new(requests.get() / 60).unwrap_or(NonZeroU32::MIN);
                Some(RateLimiter::direct(
                    Quota::per_minute(requests).allow_burst(burst),
                ))
            }
        };
        let now = Instant::now();
        let bucket = |rate: Option<u64>| rate.map(|tokens| Bucket::new(tokens, now));
        Ok(Self {
            line: tokio::sync::Mutex::default(),
            state: Mutex::new(State {
                requests,
                input: bucket(rates.input_tokens_per_minute),
                output: bucket(rates.output_tokens_per_minute),
                concurrency: Concurrency::new(rates.concurrency),
                paused_until: None,
            }),
            changed: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Plain numbers: a panic elsewhere cannot leave them half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a call of about so many tokens may begin.
    pub(super) async fn admit(&self, input: u64, output: u64) -> Permit<'_> {
        let _first = self.line.lock().await;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the state is looked at, so that no change is missed.
            changed.as_mut().enable();
            let asked = self.state().ask(input, output, Instant::now());
            match asked {
                Ok(entry) => {
                    return Permit {
                        limits: self,
                        entry,
                        input,
                        output,
                    };
                }
                Err(Wait::ForChange) => changed.await,
                Err(Wait::Until(instant)) => {
                    tokio::select! {
                        () = changed => {}
                        () = sleep_until(instant) => {}
                    }
                }
            }
        }
    }

    /// No call begins for so long.
    pub(super) fn pause(&self, wait: Duration) {
        let mut state = self.state();
        let until = Instant::now().checked_add(wait);
        state.paused_until = state.paused_until.max(until);
    }
}

/// A call that is in flight. Dropped without a word, as by a call that was given up, it has taken what
/// it reserved.
pub(super) struct Permit<'l> {
    limits: &'l Limits,
    entry: Entry,
    input: u64,
    output: u64,
}

impl Permit<'_> {
    /// The call went well and took so many tokens.
    pub(super) fn went_well(self, input: u64, output: u64) {
        self.settle(input, output);
        self.limits.state().concurrency.went_well();
    }

    /// The service turned the call away, and has not counted its tokens.
    pub(super) fn turned_away(&self) {
        self.settle(0, 0);
    }

    /// The service has too much to do.
    pub(super) fn overloaded(&self) {
        self.limits.state().concurrency.overloaded(self.entry);
    }

    fn settle(&self, input: u64, output: u64) {
        let now = Instant::now();
        let mut state = self.limits.state();
        if let Some(bucket) = &mut state.input {
            bucket.settle(self.input, input, now);
        }
        if let Some(bucket) = &mut state.output {
            bucket.settle(self.output, output, now);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.limits.state().concurrency.leave();
        // Only the first in line listens.
        self.limits.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;

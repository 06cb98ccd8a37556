//! Purses: a cap, what is spent and what is in flight.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::sync::Notify;

use crate::quantity::{Tokens, Usd};

/// Money and tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Money.
    pub usd: Usd,
    /// Tokens of all classes.
    pub tokens: Tokens,
}

impl Amount {
    fn plus(self, other: Self) -> Self {
        Self {
            usd: self.usd + other.usd,
            tokens: self.tokens + other.tokens,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            usd: self.usd - other.usd,
            tokens: self.tokens - other.tokens,
        }
    }
}

/// The most that may be spent; absent: no cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    /// Money.
    pub usd: Option<Usd>,
    /// Tokens of all classes.
    pub tokens: Option<Tokens>,
}

impl Caps {
    fn allow(&self, amount: Amount) -> bool {
        self.usd.is_none_or(|cap| amount.usd <= cap)
            && self.tokens.is_none_or(|cap| amount.tokens <= cap)
    }
}

/// A cap that does not allow another call.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{whose} cap of {cap} is reached: {spent} spent, and the next call may take {next}")]
pub struct Reached {
    whose: &'static str,
    /// Whether it is the run's cap, and not that of one trial.
    pub of_run: bool,
    cap: String,
    spent: String,
    next: String,
}

#[derive(Debug, Default)]
struct State {
    spent: Amount,
    reserved: Amount,
}

#[derive(Debug)]
struct Inner {
    whose: &'static str,
    caps: Caps,
    state: Mutex<State>,
    settled: Notify,
    parent: Option<Purse>,
}

/// A cap and what has gone against it. A copy is the same purse.
#[derive(Debug, Clone)]
pub struct Purse(Arc<Inner>);

enum Answer {
    Granted,
    Wait,
}

impl Purse {
    /// The purse of a run that has spent something already.
    pub fn of_run(caps: Caps, spent: Amount) -> Self {
        Self::new("the run's", caps, spent, None)
    }

    /// The purse of one trial within the run's.
    #[must_use]
    pub fn trial(&self, caps: Caps, spent: Amount) -> Self {
        Self::new("the trial's", caps, spent, Some(self.clone()))
    }

    fn new(whose: &'static str, caps: Caps, spent: Amount, parent: Option<Self>) -> Self {
        Self(Arc::new(Inner {
            whose,
            caps,
            state: Mutex::new(State {
                spent,
                reserved: Amount::default(),
            }),
            settled: Notify::new(),
            parent,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Amounts are plain numbers: a panic elsewhere cannot leave them half changed.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been spent.
    pub fn spent(&self) -> Amount {
        self.state().spent
    }

    /// Reserves as much of `most` as is free, here and in the purses around it; gives how much that is.
    /// Waits while others hold what `least` needs, and fails where there is not even that.
    pub async fn reserve_up_to(
        &self,
        most: Amount,
        least: Amount,
    ) -> Result<(Reservation, Amount), Reached> {
        loop {
            let mut amount = most;
            let mut lacking = None;
            let mut purse = Some(self);
            while let Some(here) = purse {
                let settled = here.0.settled.notified();
                let free = here.free();
                amount = Amount {
                    usd: free.usd.map_or(amount.usd, |free| free.min(amount.usd)),
                    tokens: free
                        .tokens
                        .map_or(amount.tokens, |free| free.min(amount.tokens)),
                };
                if amount.usd < least.usd || amount.tokens < least.tokens {
                    lacking = Some((here, settled));
                    break;
                }
                purse = here.0.parent.as_ref();
            }
            if let Some((here, settled)) = lacking {
                tokio::pin!(settled);
                // Registered before the state is looked at again, so that no settlement is missed.
                settled.as_mut().enable();
                // Granted means that somebody has settled meanwhile; what was taken by it goes back.
                match here.ask(least)? {
                    Answer::Granted => drop(Held {
                        purse: here.clone(),
                        reserved: least,
                    }),
                    Answer::Wait => settled.await,
                }
                continue;
            }
            if let Some(held) = self.hold(amount)? {
                return Ok((Reservation { held }, amount));
            }
        }
    }

    /// Reserves an amount here and around at once; `None` where somebody has taken some of it meanwhile.
    fn hold(&self, amount: Amount) -> Result<Option<Vec<Held>>, Reached> {
        let mut held = Vec::new();
        let mut purse = Some(self);
        while let Some(here) = purse {
            match here.ask(amount)? {
                Answer::Granted => held.push(Held {
                    purse: here.clone(),
                    reserved: amount,
                }),
                Answer::Wait => return Ok(None),
            }
            purse = here.0.parent.as_ref();
        }
        Ok(Some(held))
    }

    /// What is left of the caps here that nobody has reserved.
    fn free(&self) -> Caps {
        let state = self.state();
        let taken = state.spent.plus(state.reserved);
        Caps {
            usd: self.0.caps.usd.map(|cap| cap - taken.usd),
            tokens: self.0.caps.tokens.map(|cap| cap - taken.tokens),
        }
    }

    /// What is left of the caps here and around it, whatever is reserved.
    pub fn left(&self) -> Caps {
        let mut left = Caps::default();
        let mut purse = Some(self);
        while let Some(here) = purse {
            let spent = here.spent();
            let (usd, tokens) = (here.0.caps.usd, here.0.caps.tokens);
            left = Caps {
                usd: least(left.usd, usd.map(|cap| cap - spent.usd)),
                tokens: least(left.tokens, tokens.map(|cap| cap - spent.tokens)),
            };
            purse = here.0.parent.as_ref();
        }
        left
    }

    /// Reserves the most that a call may take, here and in the purse around it.
    pub async fn reserve(&self, most: Amount) -> Result<Reservation, Reached> {
        let mut held = Vec::new();
        let mut purse = Some(self);
        while let Some(here) = purse {
            held.push(here.reserve_here(most).await?);
            purse = here.0.parent.as_ref();
        }
        Ok(Reservation { held })
    }

    async fn reserve_here(&self, most: Amount) -> Result<Held, Reached> {
        loop {
            let settled = self.0.settled.notified();
            tokio::pin!(settled);
            // Registered before the state is looked at, so that no settlement is missed.
            settled.as_mut().enable();
            match self.ask(most)? {
                Answer::Granted => {
                    return Ok(Held {
                        purse: self.clone(),
                        reserved: most,
                    });
                }
                Answer::Wait => settled.await,
            }
        }
    }

    fn ask(&self, most: Amount) -> Result<Answer, Reached> {
        let mut state = self.state();
        if self
            .0
            .caps
            .allow(state.spent.plus(state.reserved).plus(most))
        {
            state.reserved = state.reserved.plus(most);
            return Ok(Answer::Granted);
        }
        if self.0.caps.allow(state.spent.plus(most)) {
            return Ok(Answer::Wait);
        }
        let by_money = self
            .0
            .caps
            .usd
            .filter(|cap| state.spent.usd + most.usd > *cap);
        let (cap, spent, next) = match (by_money, self.0.caps.tokens) {
            (Some(cap), _) => (
                cap.to_string(),
                state.spent.usd.to_string(),
                most.usd.to_string(),
            ),
            (None, cap) => (
                format!("{} tokens", cap.unwrap_or_default().0),
                state.spent.tokens.0.to_string(),
                most.tokens.0.to_string(),
            ),
        };
        Err(Reached {
            whose: self.0.whose,
            of_run: self.0.parent.is_none(),
            cap,
            spent,
            next,
        })
    }
}

/// The lesser of two limits, of which either may be none.
fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[derive(Debug)]
struct Held {
    purse: Purse,
    reserved: Amount,
}

impl Held {
    fn settle(&mut self, took: Amount) {
        let mut state = self.purse.state();
        state.reserved = state.reserved.minus(std::mem::take(&mut self.reserved));
        state.spent = state.spent.plus(took);
        drop(state);
        self.purse.0.settled.notify_waiters();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.reserved != Amount::default() {
            self.settle(Amount::default());
        }
    }
}

/// What a call has reserved. Dropped without being settled, as by a call that failed, it is given back.
#[derive(Debug)]
pub struct Reservation {
    held: Vec<Held>,
}

impl Reservation {
    /// The call is over and took this.
    pub fn settle(mut self, took: Amount) {
        for held in &mut self.held {
            held.settle(took);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Several that take what is free share a cap, wait for each other, and use nearly all of it.
    #[tokio::test]
    async fn what_is_free_is_shared_and_used() {
        let run = Purse::of_run(cap(1_000), Amount::default());
        let (one, two) = (
            run.trial(Caps::default(), Amount::default()),
            run.trial(cap(400), Amount::default()),
        );
        let (first, amount) = one.reserve_up_to(dollars(700), dollars(10)).await.unwrap();
        assert_eq!(amount, dollars(700));
        let (second, amount) = two.reserve_up_to(dollars(700), dollars(10)).await.unwrap();
        assert_eq!(amount, dollars(300), "what the first has left");
        let waits = one.reserve_up_to(dollars(700), dollars(10));
        tokio::pin!(waits);
        assert!(futures_util::poll!(waits.as_mut()).is_pending());
        first.settle(dollars(100));
        let (third, amount) = waits.await.unwrap();
        assert_eq!(amount, dollars(600));
        second.settle(dollars(300));
        third.settle(dollars(595));
        assert_eq!(run.left().usd, Some(Usd(5)));
        assert_eq!(two.left().usd, Some(Usd(5)));
        let reached = one.reserve_up_to(dollars(700), dollars(10)).await;
        assert!(reached.is_err_and(|reached| reached.of_run));
    }

    fn dollars(micro: i64) -> Amount {
        Amount {
            usd: Usd(micro),
            tokens: Tokens(0),
        }
    }

    fn cap(micro: i64) -> Caps {
        Caps {
            usd: Some(Usd(micro)),
            tokens: None,
        }
    }

    #[tokio::test]
    async fn what_does_not_fit_waits_for_what_is_in_flight_and_no_longer() {
        let run = Purse::of_run(cap(100), Amount::default());
        let first = run.reserve(dollars(60)).await.expect("fits");
        let second = run.reserve(dollars(60));
        tokio::pin!(second);
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        first.settle(dollars(30));
        let second = second.await.expect("fits now");
        second.settle(dollars(60));
        let error = run
            .reserve(dollars(60))
            .await
            .expect_err("90 and 60 is over 100");
        insta::assert_snapshot!(error, @"the run's cap of $0.000100 is reached: $0.000090 spent, and the next call may take $0.000060");
    }

    #[tokio::test]
    async fn a_trial_is_held_to_both_caps_and_a_failed_call_is_given_back() {
        let run = Purse::of_run(cap(100), dollars(20));
        let trial = run.trial(cap(50), Amount::default());
        drop(trial.reserve(dollars(50)).await.expect("fits"));
        assert_eq!(run.spent(), dollars(20));
        trial
            .reserve(dollars(50))
            .await
            .expect("fits")
            .settle(dollars(45));
        assert_eq!(
            trial.reserve(dollars(10)).await.expect_err("over").whose,
            "the trial's"
        );
        let other = run.trial(cap(50), Amount::default());
        assert_eq!(
            other.reserve(dollars(40)).await.expect_err("over").whose,
            "the run's"
        );
        assert_eq!(run.spent(), dollars(65));
    }

    proptest! {
        /// Whatever calls reserve and take, in whatever order they end: the cap is passed by no more
        /// than what the calls that were in flight took beyond their reservations.
        #[test]
        fn a_cap_is_passed_only_by_what_calls_in_flight_took_beyond_their_reservations(
            calls in prop::collection::vec((1i64..40, 0i64..60, 0usize..8), 1..60),
            limit in 1i64..400,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
            runtime.block_on(async {
                let run = Purse::of_run(cap(limit), Amount::default());
                let mut flying: Vec<(Reservation, i64, i64)> = Vec::new();
                let mut excess = 0;
                for (most, took, which) in calls {
                    if flying.len() > 3 {
                        let (reservation, most, took) = flying.remove(which % flying.len());
                        excess += (took - most).max(0);
                        reservation.settle(dollars(took));
                    }
                    let wish = run.reserve(dollars(most));
                    tokio::pin!(wish);
                    if let std::task::Poll::Ready(Ok(reservation)) = futures_util::poll!(wish) {
                        flying.push((reservation, most, took));
                    }
                    prop_assert!(run.spent().usd.0 <= limit + excess);
                }
                for (reservation, most, took) in flying {
                    excess += (took - most).max(0);
                    reservation.settle(dollars(took));
                }
                prop_assert!(run.spent().usd.0 <= limit + excess);
                Ok(())
            })?;
        }
    }
}

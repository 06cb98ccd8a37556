//! What a session may cost, has cost, and whether the service says the same.
//!
//! Money is reserved only while the agent works: an idle session costs nothing, and whoever grades or
//! plays the user pays from the same purse. What always holds: nothing is spent that was not reserved,
//! but for the request that was in flight when the reservation was used up.

use std::sync::Arc;

use crate::{
    budget::{Amount, Reservation},
    experiment::live::LoopLimits,
    model::{
        caller::{Caller, Spent},
        over_budget,
    },
    platform::SessionUsage,
    price::Price,
    quantity::{Milliseconds, Tokens, Usd},
    transcript::{Failure, Role, Usage},
};

/// A cent in micro-dollars.
const CENT: i64 = 10_000;

/// From which difference on two costs of a session are not the same, in cents.
const TOLERANCE: i64 = 1;

/// The least that a stretch of work is worth beginning with.
const LEAST: Amount = Amount {
    usd: Usd(CENT),
    tokens: Tokens(1),
};

/// The accounts of one session.
pub(super) struct Ledger {
    caller: Arc<Caller>,
    model: String,
    price: Price,
    /// What the session may take in all.
    budget: Amount,
    /// Whether that is what is left of a cap, and not the session's own limit.
    capped: bool,
    /// What the present stretch may take, and what the session had taken before it.
    stretch: Option<(Reservation, Amount, Amount)>,
    agent: Usage,
    grader: Usage,
    active: Milliseconds,
    /// What writes to a cache that lives an hour cost beyond those that the price list means.
    surcharge: Usd,
}

impl Ledger {
    /// The accounts of a session that may take so much, or what is left where that is less.
    pub(super) fn new(
        caller: Arc<Caller>,
        model: String,
        price: Price,
        (limits, usd): (&LoopLimits, f64),
    ) -> Self {
        let left = caller.purse.left();
        let most = Usd::of_dollars(usd);
        let usd = left.usd.map_or(most, |left| left.min(most));
        Self {
            caller,
            model,
            price,
            budget: Amount {
                // The service counts in whole cents, of which a session needs one at least.
                usd: Usd((usd.0 / CENT).max(1) * CENT),
                tokens: Tokens(limits.tokens_per_session),
            },
            capped: usd < most,
            stretch: None,
            agent: Usage::default(),
            grader: Usage::default(),
            active: Milliseconds::default(),
            surcharge: Usd(0),
        }
    }

    /// The session's budget in cents.
    pub(super) fn cents(&self) -> i64 {
        self.budget.usd.0 / CENT
    }

    /// Reserves what the agent may take until it is idle again. Gives whether it may work at all: where
    /// not, the session has used what it may.
    pub(super) async fn begin(&mut self) -> Result<bool, Failure> {
        let taken = self.taken();
        let most = Amount {
            usd: self.budget.usd - taken.usd,
            tokens: self.budget.tokens - taken.tokens,
        };
        if most.usd < LEAST.usd || most.tokens < LEAST.tokens {
            self.own_limit().await?;
            return Ok(false);
        }
        let (reserved, amount) = self
            .caller
            .purse
            .reserve_up_to(most, LEAST)
            .await
            .map_err(|reached| over_budget(&reached))?;
        self.stretch = Some((reserved, amount, taken));
        Ok(true)
    }

    /// The agent is idle: what it took is spent, and the rest is free again.
    pub(super) fn rest(&mut self) {
        if let Some((reserved, _, before)) = self.stretch.take() {
            let taken = self.taken();
            reserved.settle(Amount {
                usd: taken.usd - before.usd,
                tokens: taken.tokens - before.tokens,
            });
        }
    }

    /// Reserves more for an agent that is at work and has taken what was reserved. Gives whether it may go
    /// on; where not, the session has used what it may.
    ///
    /// What the agent does while this waits for others is bounded by the session's budget at the service.
    pub(super) async fn extend(&mut self) -> Result<bool, Failure> {
        self.rest();
        self.begin().await
    }

    /// Nothing, if the session has come to a limit of its own. Where it was a cap, the trial ends: a task
    /// that was cut off by the money that is left says nothing about its arm.
    pub(super) async fn own_limit(&self) -> Result<(), Failure> {
        if !self.capped {
            return Ok(());
        }
        let left = self.caller.purse.left();
        let beyond = Amount {
            usd: left.usd.unwrap_or_default() + LEAST.usd,
            tokens: LEAST.tokens,
        };
        match self.caller.purse.reserve_up_to(beyond, beyond).await {
            Err(reached) => Err(over_budget(&reached)),
            // A cap that was raised meanwhile is none.
            Ok(_) => Ok(()),
        }
    }

    /// Whether the agent has taken what was reserved for it.
    pub(super) fn is_spent(&self) -> bool {
        let taken = self.taken();
        self.stretch.as_ref().is_some_and(|(_, amount, before)| {
            taken.usd - before.usd >= amount.usd || taken.tokens - before.tokens >= amount.tokens
        })
    }

    /// Books a model request of the agent.
    pub(super) fn request(&mut self, usage: Usage) {
        self.agent += usage;
        self.note(Role::Agent, 1, usage, self.price.of_tokens(&usage));
    }

    /// Books an evaluation by the service's grader.
    pub(super) fn evaluation(&mut self, usage: Usage) {
        self.grader += usage;
        self.note(
            Role::InSessionGrader,
            1,
            usage,
            self.price.of_tokens(&usage),
        );
    }

    /// Books the time that the session has been active so far; gives what is new of it.
    pub(super) fn active(&mut self, so_far: Milliseconds) -> Milliseconds {
        let more = so_far - self.active;
        self.active += more;
        self.note(Role::Agent, 0, Usage::default(), self.price.of_time(more));
        more
    }

    fn note(&self, role: Role, calls: u64, usage: Usage, cost: Usd) {
        self.caller.note(
            role,
            &self.model,
            &Spent {
                calls,
                attempts: calls,
                usage,
                cost,
                ..Spent::default()
            },
        );
    }

    fn taken(&self) -> Amount {
        Amount {
            usd: self.cost(),
            tokens: self.agent.total() + self.grader.total(),
        }
    }

    fn cost(&self) -> Usd {
        self.price.of_tokens(&self.agent)
            + self.price.of_tokens(&self.grader)
            + self.price.of_time(self.active)
            + self.surcharge
    }

    /// Books what the service counts beyond what was seen, for a session that broke off.
    pub(super) fn catch_up(&mut self, said: &SessionUsage) {
        let unseen = said.tokens() - self.agent;
        if unseen != Usage::default() {
            self.request(unseen);
        }
        self.active(said.active());
    }

    /// Closes the accounts, and remarks where the service says that the session cost something else.
    pub(super) fn close(&mut self, said: &SessionUsage) {
        // A million tokens written for an hour cost twice as much as read ones.
        let dearer = 2 * self.price.input - self.price.cache_write;
        let tokens = i64::try_from(said.written_for_an_hour().0).unwrap_or(i64::MAX);
        self.surcharge = Usd(tokens.saturating_mul(dearer.max(0)) / 1_000_000);
        if self.surcharge > Usd(0) {
            self.note(Role::Agent, 0, Usage::default(), self.surcharge);
        }
        if let Some(remark) = said
            .list_cost_cents()
            .and_then(|cents| self.compared(cents))
        {
            self.caller.remark(Role::Agent, remark);
        }
        self.rest();
    }

    /// What is wrong with the service's list cost. Whether it counts its grader is not documented, so
    /// that either is right.
    fn compared(&self, cents: i64) -> Option<String> {
        let with = self.cost();
        let without = with - self.price.of_tokens(&self.grader);
        let differs = |cost: Usd| (cents * CENT - cost.0).abs() > TOLERANCE * CENT;
        (differs(with) && differs(without)).then(|| {
            format!(
                "the service says that the session cost {} at list price, and by its tokens and its time it cost {with}",
                Usd(cents * CENT)
            )
        })
    }
}

impl Drop for Ledger {
    /// A session that did not come to its end took what it took.
    fn drop(&mut self) {
        self.rest();
    }
}

//! What a session may cost, has cost, and whether the service says the same.

use std::sync::Arc;

use crate::{
    budget::{Amount, Reservation},
    experiment::live::LoopLimits,
    model::caller::{Caller, Spent},
    platform::SessionUsage,
    price::Price,
    quantity::{Milliseconds, Tokens, Usd},
    transcript::{Failure, Role, Usage},
};

/// A cent in micro-dollars.
const CENT: i64 = 10_000;

/// From which difference on two costs of a session are not the same, in cents.
const TOLERANCE: i64 = 1;

/// The accounts of one session. What was reserved and not spent is given back when it goes.
pub(super) struct Ledger {
    caller: Arc<Caller>,
    model: String,
    price: Price,
    budget: Amount,
    reserved: Option<Reservation>,
    agent: Usage,
    grader: Usage,
    active: Milliseconds,
}

impl Ledger {
    /// Reserves what a session may take: its own limit, or what is left where that is less.
    pub(super) async fn open(
        caller: Arc<Caller>,
        model: String,
        price: Price,
        (limits, usd): (&LoopLimits, f64),
    ) -> Result<Self, Failure> {
        let left = caller.purse.left();
        let most = Usd::of_dollars(usd);
        let usd = left.usd.map_or(most, |left| left.min(most));
        let tokens = Tokens(limits.tokens_per_session);
        let budget = Amount {
            // The service counts in whole cents, of which a session needs one at least.
            usd: Usd((usd.0 / CENT).max(1) * CENT),
            tokens: left
                .tokens
                .map_or(tokens, |left| left.min(tokens))
                .max(Tokens(1)),
        };
        let reserved = caller.purse.reserve(budget).await.map_err(|reached| {
            if reached.of_run {
                Failure::RunBudget(reached.to_string())
            } else {
                Failure::TrialBudget(reached.to_string())
            }
        })?;
        Ok(Self {
            caller,
            model,
            price,
            budget,
            reserved: Some(reserved),
            agent: Usage::default(),
            grader: Usage::default(),
            active: Milliseconds::default(),
        })
    }

    /// The session's budget in cents.
    pub(super) fn cents(&self) -> i64 {
        self.budget.usd.0 / CENT
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

    /// Whether the session has used the tokens that it may.
    pub(super) fn is_spent(&self) -> bool {
        (self.agent.total() + self.grader.total()) >= self.budget.tokens
    }

    fn cost(&self) -> Usd {
        self.price.of_tokens(&self.agent)
            + self.price.of_tokens(&self.grader)
            + self.price.of_time(self.active)
    }

    /// Closes the accounts, and remarks where the service says that the session cost something else.
    pub(super) fn settle(&mut self, said: Option<&SessionUsage>) {
        if let Some(cents) = said.and_then(SessionUsage::list_cost_cents)
            && let Some(remark) = self.compared(cents)
        {
            self.caller.remark(Role::Agent, remark);
        }
        if let Some(reserved) = self.reserved.take() {
            reserved.settle(Amount {
                usd: self.cost(),
                tokens: self.agent.total() + self.grader.total(),
            });
        }
    }

    /// What is wrong with the service's list cost. Whether it counts its grader is not documented, so
    /// that either is right.
    fn compared(&self, cents: i64) -> Option<String> {
        let with = self.cost();
        let without = with - self.price.of_tokens(&self.grader);
        let differs = |cost: Usd| (Usd(cents * CENT).0 - cost.0).abs() > TOLERANCE * CENT;
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
        self.settle(None);
    }
}

//! Assumptions on what things cost, applied to tokens and times that were counted.

use crate::{
    analyse::{CostSplit, sums::Roles},
    price::Prices,
    transcript::{Role, Usage},
};

/// How often a deployment dreams.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cadence {
    /// After every so many sessions.
    Sessions(u32),
    /// Once a day and seat, at a load of so many sessions a day and seat.
    Nightly(f64),
}

/// What is assumed of prices and habits.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIf {
    /// The model whose prices apply.
    pub model: String,
    /// The prices, by role.
    pub prices: Prices,
    /// The share of input that is read from a cache, instead of the share that was counted.
    pub cache_hit: Option<f64>,
    /// How often dreams are made, each at the mean cost of those that were; `None`: as often as in the run.
    pub cadence: Option<Cadence>,
}

impl WhatIf {
    /// Whether only the prices may differ from the run, so that every row can be priced as it stands.
    pub(super) fn is_recorded(&self) -> bool {
        self.cache_hit.is_none() && self.cadence.is_none()
    }

    /// What tokens cost, in micro-dollars.
    #[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
    fn tokens(&self, role: Role, usage: &Usage) -> f64 {
        let price = self.prices.of(role);
        let [uncached, written, read, output] = [
            usage.uncached_input,
            usage.cache_write,
            usage.cache_read,
            usage.output,
        ]
        .map(|tokens| tokens.0 as f64);
        let input = uncached + written + read;
        let (uncached, written, read) = match self.cache_hit {
            None => (uncached, written, read),
            Some(hit) => {
                // What misses the cache is split as it was between plain input and writing.
                let rest = (1.0 - hit) * input;
                let missed = uncached + written;
                let plain = if missed > 0.0 { uncached / missed } else { 1.0 };
                (rest * plain, rest * (1.0 - plain), hit * input)
            }
        };
        let rate = |micro: i64| micro as f64 / 1e6;
        uncached * rate(price.input)
            + written * rate(price.cache_write)
            + read * rate(price.cache_read)
            + output * rate(price.output)
    }

    #[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
    fn runtime(&self, roles: &Roles) -> f64 {
        roles.active.0 as f64 * self.prices.agent.session_hour as f64 / 3.6e6
    }

    /// What the sessions of a scenario cost without dreams, in micro-dollars.
    #[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
    pub(super) fn sessions(&self, roles: &Roles) -> f64 {
        if self.is_recorded() {
            return roles.paid as f64;
        }
        self.tokens(Role::Agent, &roles.agent)
            + self.tokens(Role::InSessionGrader, &roles.in_session_grader)
            + self.runtime(roles)
    }

    /// What the dreams of a scenario cost that were made, in micro-dollars.
    #[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
    pub(super) fn dreams_run(&self, roles: &Roles) -> f64 {
        if self.is_recorded() {
            return roles.paid_for_dreams as f64;
        }
        self.tokens(Role::Dreamer, &roles.dreamer)
    }

    /// What the dreams of a scenario cost at the assumed cadence, in dollars.
    #[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
    pub(super) fn dreams(&self, roles: &Roles, per_dream: Option<f64>) -> f64 {
        match (self.cadence, per_dream) {
            (None, _) => self.dreams_run(roles) / 1e6,
            (Some(Cadence::Sessions(every)), Some(per_dream)) => {
                per_dream * roles.sessions as f64 / f64::from(every.max(1))
            }
            (Some(Cadence::Nightly(load)), Some(per_dream)) => {
                per_dream * roles.sessions as f64 / load
            }
            (Some(Cadence::Nightly(_) | Cadence::Sessions(_)), None) => 0.0,
        }
    }

    /// The split under the assumptions, rounded once for each part.
    #[expect(clippy::cast_possible_truncation, reason = "sums stay far below 2^53")]
    pub(super) fn split(&self, all: &[&Roles], per_dream: Option<f64>) -> CostSplit {
        let sum = |of: &dyn Fn(&Roles) -> f64| -> i64 {
            all.iter().map(|roles| of(roles)).sum::<f64>().round() as i64
        };
        CostSplit {
            agent: sum(&|roles| self.tokens(Role::Agent, &roles.agent)),
            in_session_grader: sum(&|roles| {
                self.tokens(Role::InSessionGrader, &roles.in_session_grader)
            }),
            runtime: sum(&|roles| self.runtime(roles)),
            dreams: sum(&|roles| self.dreams(roles, per_dream) * 1e6),
            final_grader: sum(&|roles| self.tokens(Role::FinalGrader, &roles.final_grader)),
        }
    }
}

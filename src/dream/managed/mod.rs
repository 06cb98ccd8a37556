//! The dreams of Claude Managed Agents as the dreamer: asked for, watched, read back.
//!
//! A dream of the service reads a store and sessions of the account, so that it needs an agent that is
//! managed too. It says what it made and not why: each line that came or went becomes an edit that says
//! so. What always holds: the input store is not written by a dream, and what a dream took is on the
//! caller's account whether it came to its end or not.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;

use super::{Dream, DreamRequest, Dreamer, explain};
use crate::{
    budget::Amount,
    experiment::live::ManagedLimits,
    managed::guidance,
    model::caller::{Caller, Evidence, Spent},
    platform::{Account, DreamUsage, DreamWish},
    price::Price,
    quantity::{Milliseconds, Tokens, Usd},
    transcript::{Failure, Pending, Role, Usage},
};

/// The most sessions that one dream of the service reads.
const MOST_SESSIONS: usize = 100;

/// A dreamer of the service.
pub struct ManagedDreamer {
    account: Arc<Account>,
    /// The model's name in the experiment.
    name: String,
    model: Value,
    price: Price,
    limits: ManagedLimits,
}

impl ManagedDreamer {
    /// A dreamer in this account with a model, as the API wants it, at this price.
    pub fn new(
        account: Arc<Account>,
        name: String,
        model: Value,
        price: Price,
        limits: ManagedLimits,
    ) -> Self {
        Self {
            account,
            name,
            model,
            price,
            limits,
        }
    }

    async fn dream_once(&self, request: DreamRequest<'_>) -> Result<Dream, Failure> {
        let caller = Caller::current().ok_or_else(|| {
            Failure::Internal("a managed dream was asked for outside of a trial".to_owned())
        })?;
        let trial = caller.trial.to_string();
        let instructions =
            guidance::write(request.policy).map_err(|error| Failure::Backend(error.to_string()))?;
        let window = request.policy.window_sessions as usize;
        let transcripts = &request.transcripts[request.transcripts.len().saturating_sub(window)..];
        let sessions = self
            .account
            .trials
            .sessions(&trial, transcripts.iter().map(|transcript| transcript.session))
            .map_err(|number| {
                Failure::Backend(format!(
                    "session {number} of `{trial}` is not in the account any more, so that no dream can read it: begin the run anew"
                ))
            })?;
        let mut store = request.store.clone();
        let mut sums = (Usage::default(), Milliseconds::default());
        for part in sessions.chunks(MOST_SESSIONS) {
            let held = self.account.store(&trial, &store).await?;
            let (usage, took, made) = self.part(&caller, &held.id, part, &instructions).await?;
            store = self.account.replace_store(&trial, &made).await?;
            sums.0 += usage;
            sums.1 += took;
        }
        Ok(Dream {
            edits: explain::complete(request.store, &store, Vec::new()),
            store,
            usage: sums.0,
            active: sums.1,
            refused: Vec::new(),
        })
    }

    /// One dream over at most as many sessions as the service takes.
    async fn part(
        &self,
        caller: &Caller,
        store: &str,
        sessions: &[String],
        instructions: &str,
    ) -> Result<(Usage, Milliseconds, String), Failure> {
        let most = Usd::of_dollars(self.limits.usd_per_dream);
        let left = caller.purse.left();
        let budget = Amount {
            usd: left.usd.map_or(most, |left| left.min(most)).max(Usd(1)),
            // How many tokens a dream takes is not known before; what is left bounds it.
            tokens: left.tokens.unwrap_or_default(),
        };
        let reserved = caller.purse.reserve(budget).await.map_err(|reached| {
            if reached.of_run {
                Failure::RunBudget(reached.to_string())
            } else {
                Failure::TrialBudget(reached.to_string())
            }
        })?;
        let seconds = |seconds: f64| Duration::from_secs_f64(seconds.clamp(0.01, 1e7));
        let wish = DreamWish {
            store,
            sessions,
            model: &self.model,
            instructions,
            longest_wait: seconds(self.limits.poll_seconds),
            limit: seconds(self.limits.seconds_per_dream),
        };
        let affordable = |usage: &DreamUsage| {
            let usage = Usage::from(*usage);
            self.price.of_tokens(&usage) <= budget.usd
                && left.tokens.is_none_or(|left| usage.total() <= left)
        };
        let took: Mutex<Usage> = Mutex::default();
        let spent = |usage: DreamUsage| {
            let usage = Usage::from(usage);
            *took.lock().unwrap_or_else(PoisonError::into_inner) += usage;
            caller.note(
                Role::Dreamer,
                &self.name,
                &Spent {
                    calls: 1,
                    attempts: 1,
                    usage,
                    cost: self.price.of_tokens(&usage),
                    ..Spent::default()
                },
            );
        };
        let ended = self.account.dream(&wish, affordable, &spent).await;
        let usage = *took.lock().unwrap_or_else(PoisonError::into_inner);
        reserved.settle(Amount {
            usd: self.price.of_tokens(&usage),
            tokens: Tokens(usage.total().0),
        });
        let end = ended?;
        caller.attest(Evidence {
            kind: "dream".to_owned(),
            id: end.id,
            body: end.object.to_string(),
        });
        Ok((Usage::from(end.usage), end.took, end.store))
    }
}

impl Dreamer for ManagedDreamer {
    fn dream<'d>(&'d self, request: DreamRequest<'d>) -> Pending<'d, Result<Dream, Failure>> {
        Box::pin(self.dream_once(request))
    }
}

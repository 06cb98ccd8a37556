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
    memory::Store,
    model::{
        caller::{Caller, Evidence, Spent},
        over_budget,
    },
    platform::{Account, DreamUsage, DreamWish, MOST_SESSIONS},
    price::Price,
    quantity::{Milliseconds, Tokens, Usd},
    transcript::{Failure, Pending, Role, Usage},
};

/// The least that a dream is worth beginning with: a cent.
const LEAST: Amount = Amount {
    usd: Usd(10_000),
    tokens: Tokens(1),
};

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
            let (usage, took, made) = self
                .part(&caller, &trial, &store, part, &instructions)
                .await?;
            store = made;
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
        trial: &str,
        store: &Store,
        sessions: &[String],
        instructions: &str,
    ) -> Result<(Usage, Milliseconds, Store), Failure> {
        let held = self.account.store(trial, store).await?;
        // How many tokens a dream takes is not known before; at the price of input it is as many as its
        // money buys.
        let most = Amount {
            usd: Usd::of_dollars(self.limits.usd_per_dream),
            tokens: Tokens(tokens_for(self.limits.usd_per_dream, &self.price)),
        };
        let (reserved, budget) = caller
            .purse
            .reserve_up_to(most, LEAST)
            .await
            .map_err(|reached| over_budget(&reached))?;
        let seconds = |seconds: f64| Duration::from_secs_f64(seconds.clamp(0.01, 1e7));
        let wish = DreamWish {
            store: &held.id,
            sessions,
            model: &self.model,
            instructions,
            longest_wait: seconds(self.limits.poll_seconds),
            limit: seconds(self.limits.seconds_per_dream),
        };
        let affordable = |usage: &DreamUsage| {
            let usage = Usage::from(*usage);
            self.price.of_tokens(&usage) <= budget.usd && usage.total() <= budget.tokens
        };
        let took: Mutex<Usage> = Mutex::default();
        let ended = |usage: DreamUsage, id: &str, object: &Value| {
            caller.attest(Evidence {
                kind: "dream".to_owned(),
                id: id.to_owned(),
                body: object.to_string(),
            });
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
        let dreamt = self.account.dream(&wish, affordable, &ended).await;
        let usage = *took.lock().unwrap_or_else(PoisonError::into_inner);
        reserved.settle(Amount {
            usd: self.price.of_tokens(&usage),
            tokens: Tokens(usage.total().0),
        });
        let end = dreamt?;
        let store = self.account.replace_store(trial, &end.store).await?;
        // Last, because a dream that is archived is not looked for any more.
        self.account.put_away_completed(&end).await?;
        Ok((Usage::from(end.usage), end.took, store))
    }
}

impl Dreamer for ManagedDreamer {
    fn dream<'d>(&'d self, request: DreamRequest<'d>) -> Pending<'d, Result<Dream, Failure>> {
        Box::pin(self.dream_once(request))
    }

    fn reads_sessions(&self) -> bool {
        true
    }
}

/// How many tokens of input some dollars buy.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "bounded just before, and a bound need not be exact"
)]
fn tokens_for(usd: f64, price: &Price) -> u64 {
    let a_million = (price.input as f64 / 1e6).max(1e-3);
    (usd / a_million * 1e6).clamp(1.0, 1e15) as u64
}

//! Who asks: the trial and session on whose account a completion is made.
//!
//! This travels beside a request, as a value of the task that runs the session, and never in it: what a
//! model is sent has no room for a trial or an arm. Budgets, cassettes and the record's account of what
//! was spent read it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    budget::{Amount, Purse},
    ident::TrialId,
    quantity::Usd,
    transcript::{Role, Usage},
};

/// What a role spent on one model within a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// Completions.
    pub calls: u64,
    /// Attempts that they took.
    pub attempts: u64,
    /// Their tokens.
    pub usage: Usage,
    /// What they cost, at the model's own prices.
    pub cost: Usd,
    /// Completions whose tokens are an estimate, because the service did not count them.
    pub estimated: u64,
    /// The ids by which the service named the model that answered.
    pub served: BTreeSet<String>,
}

impl Spent {
    /// Adds what else was spent.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.attempts += other.attempts;
        self.usage += other.usage;
        self.cost += other.cost;
        self.estimated += other.estimated;
        self.served.extend(other.served.iter().cloned());
    }
}

/// An object of a service that a session or its dream rests on, so that whoever doubts can look it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What it is, in the service's words: `session`, `dream`, `span.outcome_evaluation_end`.
    pub kind: String,
    /// Its id at the service.
    pub id: String,
    /// The object as the service gave it, JSON.
    pub body: String,
}

/// What was spent, by role and by the model's name in the experiment.
pub type Account = BTreeMap<(Role, String), Spent>;

/// Everything that was spent on an account.
pub fn total(account: &Account) -> Amount {
    account
        .values()
        .fold(Amount::default(), |sum, spent| Amount {
            usd: sum.usd + spent.cost,
            tokens: sum.tokens + spent.usage.total(),
        })
}

/// A session of a trial, as who asks.
#[derive(Debug)]
pub struct Caller {
    /// The trial.
    pub trial: TrialId,
    /// The session, from 1.
    pub session: u32,
    /// What it may spend.
    pub purse: Purse,
    account: Mutex<Account>,
    asked: Mutex<BTreeMap<String, u32>>,
    evidence: Mutex<Vec<Evidence>>,
    remarks: Mutex<Vec<(Role, String)>>,
}

tokio::task_local! {
    static CALLER: Arc<Caller>;
}

impl Caller {
    /// A session that has asked nothing yet.
    pub fn new(trial: TrialId, session: u32, purse: Purse) -> Self {
        Self {
            trial,
            session,
            purse,
            account: Mutex::default(),
            asked: Mutex::default(),
            evidence: Mutex::default(),
            remarks: Mutex::default(),
        }
    }

    /// Does some work on this account.
    pub async fn on_account<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        CALLER.scope(Arc::clone(self), work).await
    }

    /// On whose account the present task works; `None` outside of a trial.
    pub fn current() -> Option<Arc<Self>> {
        CALLER.try_with(Arc::clone).ok()
    }

    /// Notes what a completion took.
    pub fn note(&self, role: Role, model: &str, spent: &Spent) {
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = account.entry((role, model.to_owned())).or_default();
        sum.add(spent);
    }

    /// What was spent so far.
    pub fn account(&self) -> Account {
        self.account
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Keeps an object of a service.
    pub fn attest(&self, evidence: Evidence) {
        let mut all = self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(evidence);
    }

    /// The objects that were kept, in order.
    pub fn evidence(&self) -> Vec<Evidence> {
        self.evidence
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Keeps something that a reader of the results should know of a live part's work.
    pub fn remark(&self, role: Role, text: String) {
        let mut all = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((role, text));
    }

    /// What was remarked, in order.
    pub fn remarks(&self) -> Vec<(Role, String)> {
        self.remarks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How often this very thing was asked before in the session, 0 for the first time.
    pub fn times_asked(&self, what: &str) -> u32 {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let times = asked.entry(what.to_owned()).or_insert(0);
        *times += 1;
        *times - 1
    }
}

//! An agent of Claude Managed Agents: the service runs the loop, the memory is a folder that it mounts.
//!
//! A session of a scenario is one session of the service; documents, questions, deliverables and the
//! deployment's tools are custom tools that are answered here. What always holds: the agent is told what
//! [`Opening`] has and nothing else; the arm, the trial and the seed travel as metadata, which no model is
//! shown; what a session took is on the caller's account whether it came to its end or not.

mod ledger;
mod prompt;
mod session;
mod turn;
mod work;

use std::sync::Arc;

use serde_json::Value;

use self::{
    ledger::Ledger,
    session::{ManagedSession, Parts},
};
use super::{Agent, AgentSession, Opening, Outcomes, Reviewing, desk::Desk};
use crate::{
    experiment::live::{LoopLimits, ManagedLimits},
    managed::tools,
    model::caller::{Caller, Evidence},
    platform::{Account, SessionWish, Terms},
    price::Price,
    transcript::{Failure, Pending},
};

/// An agent of the service.
pub struct ManagedAgent {
    account: Arc<Account>,
    /// The model's name in the experiment.
    name: String,
    model: Value,
    price: Price,
    limits: LoopLimits,
    managed: ManagedLimits,
}

impl ManagedAgent {
    /// An agent in this account with a model, as the API wants it, at this price.
    pub fn new(
        account: Arc<Account>,
        name: String,
        model: Value,
        price: Price,
        (limits, managed): (LoopLimits, ManagedLimits),
    ) -> Self {
        Self {
            account,
            name,
            model,
            price,
            limits,
            managed,
        }
    }

    async fn begin(
        &self,
        opening: Opening,
        outcomes: Option<Outcomes>,
    ) -> Result<Box<dyn AgentSession>, Failure> {
        let caller = Caller::current().ok_or_else(|| {
            Failure::Internal("a managed session was opened outside of a trial".to_owned())
        })?;
        let trial = caller.trial.to_string();
        let writable = opening.memory.as_ref().map(|access| access.writable);
        let store = match &opening.memory {
            Some(access) => Some(self.account.store(&trial, &access.store).await?),
            None => None,
        };
        let agent = self
            .account
            .agent(&Terms {
                model: self.model.clone(),
                system: prompt::system(writable),
                tools: tools::declared(&opening.brief.tools, writable.is_some()),
            })
            .await?;
        let ledger = Ledger::new(
            Arc::clone(&caller),
            self.name.clone(),
            self.price,
            (&self.limits, self.managed.usd_per_session),
        );
        let session = self
            .account
            .open(&SessionWish {
                agent: &agent,
                trial: &trial,
                number: caller.session,
                seed: opening.seed.0,
                store: store.as_ref().zip(writable),
                budget_cents: ledger.cents(),
            })
            .await?;
        caller.attest(Evidence {
            kind: "session".to_owned(),
            id: session.id.clone(),
            body: serde_json::json!({
                "id": session.id,
                "memory_store_id": store.as_ref().map(|store| &store.id),
                "service": self.account.client.address(),
            })
            .to_string(),
        });
        Ok(Box::new(ManagedSession::new(Parts {
            account: Arc::clone(&self.account),
            session,
            caller,
            desk: Desk {
                brief: opening.brief,
                tools: opening.tools,
                task: 0,
            },
            writable: writable == Some(true),
            outcomes,
            ledger,
            limits: self.limits,
        })))
    }
}

impl Agent for ManagedAgent {
    fn open(&self, opening: Opening) -> Pending<'_, Result<Box<dyn AgentSession>, Failure>> {
        Box::pin(self.begin(opening, None))
    }

    fn reviewing(&self) -> Option<&dyn Reviewing> {
        Some(self)
    }
}

impl Reviewing for ManagedAgent {
    fn open_reviewed(
        &self,
        opening: Opening,
        outcomes: Outcomes,
    ) -> Pending<'_, Result<Box<dyn AgentSession>, Failure>> {
        Box::pin(self.begin(opening, Some(outcomes)))
    }
}

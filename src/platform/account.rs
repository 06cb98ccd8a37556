//! What a run uses of an account: an environment, agents, a store for each trial, sessions.
//!
//! Environment and agents are made when they are first needed, and once for a run.

use std::{
    collections::BTreeMap,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use super::{
    Changes, Client, Event, Family, Feed, HeldStore, Mark, PlatformError, SessionUsage, Trials,
    dreams::UnderWay,
    send::{Lost, Sender},
    wire::{AgentMade, Named, Page},
};
use crate::memory::Store;

/// An agent of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentHandle {
    id: String,
    version: u64,
}

/// What an agent is to be made of. Two agents of the same terms are one.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// The model, as the API wants it.
    pub model: Value,
    /// Its instructions.
    pub system: String,
    /// Its tools, as the API wants them.
    pub tools: Vec<Value>,
}

/// A session that is wanted.
#[derive(Debug, Clone)]
pub struct SessionWish<'w> {
    /// Who works in it.
    pub agent: &'w AgentHandle,
    /// The trial's name.
    pub trial: &'w str,
    /// The number of the session in its trial, from 1.
    pub number: u32,
    /// The seed of its draws, for a service whose agent draws.
    pub seed: u64,
    /// The store that is attached, and whether it may be written.
    pub store: Option<(&'w HeldStore, bool)>,
    /// The most that it may cost at list price, in cents.
    pub budget_cents: i64,
}

/// A session of the account.
pub struct Session {
    /// Its id.
    pub id: String,
    /// Its events.
    pub feed: Feed,
    client: Client,
    sender: Sender,
}

/// An account as one run uses it.
pub struct Account {
    /// Requests to it.
    pub client: Client,
    /// What its trials have.
    pub trials: Trials,
    mark: OnceLock<Mark>,
    /// Whether everything stays as it was made, so that somebody can look at it.
    pub(super) keep: AtomicBool,
    environment: OnceCell<String>,
    agents: Mutex<BTreeMap<String, AgentHandle>>,
    /// Tells the sessions of this process from those of any other.
    nonce: String,
    sessions: AtomicU64,
    pub(super) dreams: UnderWay,
    pub(super) open: UnderWay,
}

impl Account {
    /// An account of which nothing is used yet. `nonce` is a text that no other process has.
    pub fn new(client: Client, nonce: String) -> Self {
        Self {
            client,
            trials: Trials::default(),
            mark: OnceLock::new(),
            keep: AtomicBool::new(false),
            environment: OnceCell::new(),
            agents: Mutex::default(),
            nonce,
            sessions: AtomicU64::new(0),
            dreams: UnderWay::default(),
            open: UnderWay::default(),
        }
    }

    /// Says which run this is; the first time counts. `keep` leaves even what is not needed any more.
    pub fn begin(&self, mark: Mark, keep: bool) {
        let _ = self.mark.set(mark);
        self.keep.store(keep, Ordering::Relaxed);
    }

    pub(super) fn mark(&self) -> Result<&Mark, PlatformError> {
        self.mark
            .get()
            .ok_or_else(|| PlatformError::Unmet("no run has begun".to_owned()))
    }

    async fn environment(&self) -> Result<&str, PlatformError> {
        let made = self.environment.get_or_try_init(|| async {
            let mark = self.mark()?;
            // Nothing outside of the session is to help an agent.
            let body = json!({
                "name": format!("dreamtrial {}", mark.as_str()),
                "metadata": mark.metadata(&[]),
                "config": {"type": "cloud", "networking": {
                    "type": "limited", "allowed_hosts": [],
                    "allow_mcp_servers": false, "allow_package_managers": false,
                }},
            });
            let made: Named = self
                .client
                .post(Family::Agents, "/v1/environments", &body)
                .await?;
            Ok::<_, PlatformError>(made.id)
        });
        Ok(made.await?.as_str())
    }

    /// The agent of these terms.
    pub async fn agent(&self, terms: &Terms) -> Result<AgentHandle, PlatformError> {
        let key = json!([terms.model, terms.system, terms.tools]).to_string();
        // Held while one is made, so that none is made twice.
        let mut agents = self.agents.lock().await;
        if let Some(agent) = agents.get(&key) {
            return Ok(agent.clone());
        }
        let mark = self.mark()?;
        let body = json!({
            "name": format!("Assistant {}", mark.code(&key)),
            "model": terms.model,
            "system": terms.system,
            "tools": terms.tools,
            "metadata": mark.metadata(&[]),
        });
        let made: AgentMade = self
            .client
            .post(Family::Agents, "/v1/agents", &body)
            .await?;
        let agent = AgentHandle {
            id: made.id,
            version: made.version,
        };
        agents.insert(key, agent.clone());
        Ok(agent)
    }

    /// A trial's store with exactly this in it.
    pub async fn store(&self, trial: &str, wanted: &Store) -> Result<HeldStore, PlatformError> {
        let mut held = match self.trials.take_store(trial) {
            Some(held) => held,
            None => self.client.make_store(self.mark()?, trial).await?,
        };
        if held.content != *wanted {
            self.client.fill_store(&mut held, wanted).await?;
        }
        self.trials.put_store(trial, held.clone());
        Ok(held)
    }

    /// What changed in a trial's store since it was looked at last.
    pub async fn changes(&self, trial: &str) -> Result<Changes, PlatformError> {
        let Some(mut held) = self.trials.take_store(trial) else {
            return Ok(Changes::default());
        };
        let changes = self.client.look(&mut held).await?;
        self.trials.put_store(trial, held);
        Ok(changes)
    }

    /// Takes a store that a dream made as a trial's own, in place of the one that it had. The old one is
    /// deleted, as what was in it is known, and an account holds only so many.
    pub async fn replace_store(&self, trial: &str, id: &str) -> Result<Store, PlatformError> {
        self.client.adopt_store(self.mark()?, trial, id).await?;
        // What the old one had is likely to stand in the new one, and need not be read again.
        let old = self.trials.take_store(trial);
        let mut held = old
            .clone()
            .unwrap_or_else(|| HeldStore::unseen(id.to_owned()));
        held.id = id.to_owned();
        self.client.look(&mut held).await?;
        let content = held.content.clone();
        self.trials.put_store(trial, held);
        let keep = self.keep.load(Ordering::Relaxed);
        if let Some(old) = old.filter(|old| old.id != id && !keep) {
            let path = format!("/v1/memory_stores/{}", old.id);
            self.client.delete(Family::Memory, &path).await?;
        }
        Ok(content)
    }

    /// Begins a session and opens its stream. Nothing is said in it yet.
    pub async fn open(&self, wish: &SessionWish<'_>) -> Result<Session, PlatformError> {
        let mark = self.mark()?;
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        let nonce = format!("{}-{number}", self.nonce);
        let mut resources = Vec::new();
        if let Some((store, writable)) = wish.store {
            resources.push(json!({
                "type": "memory_store",
                "memory_store_id": store.id,
                "access": if writable { "read_write" } else { "read_only" },
            }));
        }
        let (session, seed) = (wish.number.to_string(), wish.seed.to_string());
        let body = json!({
            "agent": {"type": "agent", "id": wish.agent.id, "version": wish.agent.version},
            "environment_id": self.environment().await?,
            "title": format!("Session {}-{session}", mark.code(wish.trial)),
            "metadata": mark.metadata(&[
                ("trial", wish.trial), ("session", &session), ("seed", &seed), ("nonce", &nonce),
            ]),
            "resources": resources,
            "budget": {"type": "limit", "max_list_cost": {
                "amount": wish.budget_cents.to_string(), "currency": "USD",
            }},
        });
        let mut lost = Lost::default();
        let id = loop {
            let made = self
                .client
                .post_once::<Named>(Family::Agents, "/v1/sessions", &body)
                .await;
            match made {
                Ok(made) => break made.id,
                Err(error) => lost.wait(error).await?,
            }
            if let Some(id) = self.begun(wish.agent, &nonce).await? {
                break id;
            }
        };
        self.trials.note_session(wish.trial, wish.number, &id);
        self.open.add(&id);
        Ok(Session {
            feed: Feed::open(self.client.clone(), id.clone()).await?,
            sender: Sender::new(self.client.clone(), id.clone()),
            client: self.client.clone(),
            id,
        })
    }

    /// Notes that nothing is under way in a session any more.
    pub fn is_over(&self, session: &str) {
        self.open.remove(session);
    }

    /// The session that a request has begun whose answer was lost, if it has.
    async fn begun(
        &self,
        agent: &AgentHandle,
        nonce: &str,
    ) -> Result<Option<String>, PlatformError> {
        let path = format!("/v1/sessions?agent_id={}&limit=100", agent.id);
        // Newest first: it is on the first page, or was not begun.
        let page: Page<Named> = self.client.get(Family::Agents, &path).await?;
        let is_it = |session: &Named| {
            session
                .metadata
                .get("nonce")
                .is_some_and(|given| given == nonce)
        };
        Ok(page.data.into_iter().find(is_it).map(|session| session.id))
    }
}

impl Session {
    /// Sends events, all or none, and each once.
    pub async fn send(&mut self, events: &[Value]) -> Result<(), PlatformError> {
        self.sender.send(events).await
    }

    /// Interrupts whatever is under way, without waiting for it to end.
    pub async fn interrupt(&self) -> Result<(), PlatformError> {
        self.client.interrupt(&self.id).await
    }

    /// Tokens, time and list cost so far.
    pub async fn usage(&self) -> Result<SessionUsage, PlatformError> {
        #[derive(serde::Deserialize)]
        struct Used {
            #[serde(default)]
            usage: SessionUsage,
        }
        let path = format!("/v1/sessions/{}", self.id);
        let used: Used = self.client.get(Family::Agents, &path).await?;
        Ok(used.usage)
    }

    /// The next event.
    pub async fn next(&mut self) -> Result<Event, PlatformError> {
        self.feed.next().await
    }
}

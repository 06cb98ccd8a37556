//! Takes away what runs have made in an account.
//!
//! What carries a run's mark is a run's; a dream has no metadata, so it is a run's if it begins with a
//! store that is. What always holds: nothing without the mark is touched, and what cannot be taken away
//! is named.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Client, Family, Mark, PlatformError, mark::KEY, wire::Named};

/// How often a session is looked at that was interrupted, until it is idle.
const LOOKS: u32 = 60;

/// How long is waited between two looks.
const BETWEEN: Duration = Duration::from_millis(500);

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Canceled where it is under way, and archived.
    Dream,
    /// Deleted.
    Session,
    /// Deleted with what is in it.
    MemoryStore,
    /// Archived: the service deletes none.
    Agent,
    /// Deleted.
    Environment,
}

impl Kind {
    /// All of them, in the order in which they are taken away: what uses others goes first.
    pub const ALL: [Self; 5] = [
        Self::Dream,
        Self::Session,
        Self::MemoryStore,
        Self::Agent,
        Self::Environment,
    ];

    /// Its name, of one or of several.
    pub fn words(self, many: usize) -> &'static str {
        match (self, many) {
            (Self::Dream, 1) => "dream",
            (Self::Dream, _) => "dreams",
            (Self::Session, 1) => "session",
            (Self::Session, _) => "sessions",
            (Self::MemoryStore, 1) => "memory store",
            (Self::MemoryStore, _) => "memory stores",
            (Self::Agent, 1) => "agent",
            (Self::Agent, _) => "agents",
            (Self::Environment, 1) => "environment",
            (Self::Environment, _) => "environments",
        }
    }
}

/// An object that a run made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// The run's mark; empty for a dream, which carries none.
    pub mark: String,
    /// The trial that it was made for, where it was made for one.
    pub trial: Option<String>,
    /// Whether it is under way.
    running: bool,
}

/// What was taken away and what was not.
#[derive(Debug, Default)]
pub struct Swept {
    /// What is gone.
    pub gone: Vec<Found>,
    /// What could not be taken away, and why.
    pub left: Vec<(Found, PlatformError)>,
}

#[derive(Debug, Deserialize)]
struct Dream {
    id: String,
    status: String,
    #[serde(default)]
    inputs: Vec<Value>,
    #[serde(default)]
    outputs: Vec<Value>,
}

impl Client {
    /// What is there of these runs, or of all runs, in the order in which it is to be taken away.
    pub async fn find(&self, run: Option<&Mark>) -> Result<Vec<Found>, PlatformError> {
        let mut found = Vec::new();
        let mut stores = self
            .marked(
                Kind::MemoryStore,
                "/v1/memory_stores?include_archived=true&limit=100",
                run,
            )
            .await?;
        let (dreams, outputs) = self.dreams_of(&stores).await?;
        let known: BTreeSet<String> = stores.iter().map(|store| store.id.clone()).collect();
        stores.extend(
            outputs
                .into_iter()
                .filter(|store| !known.contains(&store.id)),
        );
        found.extend(dreams);
        found.extend(self.sessions_of(&stores, run).await?);
        found.extend(stores);
        found.extend(
            self.marked(Kind::Agent, "/v1/agents?limit=100", run)
                .await?,
        );
        found.extend(
            self.marked(
                Kind::Environment,
                "/v1/environments?include_archived=true&limit=100",
                run,
            )
            .await?,
        );
        Ok(found)
    }

    async fn marked(
        &self,
        kind: Kind,
        path: &str,
        run: Option<&Mark>,
    ) -> Result<Vec<Found>, PlatformError> {
        let family = match kind {
            Kind::MemoryStore => Family::Memory,
            Kind::Dream | Kind::Session | Kind::Agent | Kind::Environment => Family::Agents,
        };
        let all: Vec<Named> = self.list(family, path).await?;
        Ok(all
            .into_iter()
            .filter_map(|object| {
                let mark = object.metadata.get(KEY)?.clone();
                run.is_none_or(|run| run.as_str() == mark).then(|| Found {
                    kind,
                    id: object.id,
                    mark,
                    trial: object.metadata.get("trial").cloned(),
                    running: object.status.as_deref() == Some("running"),
                })
            })
            .collect())
    }

    /// The dreams that begin with these stores, and the stores that they made.
    async fn dreams_of(&self, stores: &[Found]) -> Result<(Vec<Found>, Vec<Found>), PlatformError> {
        if stores.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut ours: BTreeMap<String, Option<String>> = stores
            .iter()
            .map(|store| (store.id.clone(), store.trial.clone()))
            .collect();
        let mut all: Vec<Dream> = self.list(Family::Dreams, "/v1/dreams?limit=100").await?;
        // Newest first; a dream may begin with what an older one made.
        all.reverse();
        let id = |object: &Value| object["memory_store_id"].as_str().map(str::to_owned);
        let (mut dreams, mut outputs) = (Vec::new(), Vec::new());
        for dream in all {
            let Some(trial) = dream
                .inputs
                .iter()
                .filter_map(id)
                .find_map(|store| ours.get(&store).cloned())
            else {
                continue;
            };
            for store in dream.outputs.iter().filter_map(id) {
                if ours.insert(store.clone(), trial.clone()).is_none() {
                    outputs.push(Found {
                        kind: Kind::MemoryStore,
                        id: store,
                        mark: String::new(),
                        trial: trial.clone(),
                        running: false,
                    });
                }
            }
            dreams.push(Found {
                kind: Kind::Dream,
                running: matches!(dream.status.as_str(), "pending" | "running"),
                id: dream.id,
                mark: String::new(),
                trial,
            });
        }
        Ok((dreams, outputs))
    }

    /// The sessions of runs, and those in which the service dreamt: they are known by their stores.
    async fn sessions_of(
        &self,
        stores: &[Found],
        run: Option<&Mark>,
    ) -> Result<Vec<Found>, PlatformError> {
        let path = "/v1/sessions?include_archived=true&limit=100";
        let mut sessions = self.marked(Kind::Session, path, run).await?;
        let mut known: BTreeSet<String> =
            sessions.iter().map(|session| session.id.clone()).collect();
        for store in stores {
            let at = format!("{path}&memory_store_id={}", store.id);
            let attached: Vec<Named> = self.list(Family::Agents, &at).await?;
            for session in attached {
                if session.metadata.is_empty() && known.insert(session.id.clone()) {
                    sessions.push(Found {
                        kind: Kind::Session,
                        running: session.status.as_deref() == Some("running"),
                        id: session.id,
                        mark: String::new(),
                        trial: store.trial.clone(),
                    });
                }
            }
        }
        Ok(sessions)
    }

    async fn take_away(&self, found: &Found) -> Result<(), PlatformError> {
        let id = &found.id;
        match found.kind {
            Kind::Dream => {
                if found.running {
                    self.cancel_dream(id).await?;
                }
                self.archive_dream(id).await
            }
            Kind::Session => {
                if found.running {
                    self.calm(id).await?;
                }
                self.delete(Family::Agents, &format!("/v1/sessions/{id}"))
                    .await
            }
            Kind::MemoryStore => {
                self.delete(Family::Memory, &format!("/v1/memory_stores/{id}"))
                    .await
            }
            Kind::Agent => self
                .post::<Value>(
                    Family::Agents,
                    &format!("/v1/agents/{id}/archive"),
                    &json!({}),
                )
                .await
                .map(|_| ()),
            Kind::Environment => {
                self.delete(Family::Agents, &format!("/v1/environments/{id}"))
                    .await
            }
        }
    }

    /// Interrupts whatever is under way in a session.
    pub(super) async fn interrupt(&self, id: &str) -> Result<(), PlatformError> {
        let interrupt = json!({"events": [{"type": "user.interrupt"}]});
        let path = format!("/v1/sessions/{id}/events");
        self.post::<Value>(Family::Agents, &path, &interrupt)
            .await
            .map(|_| ())
    }

    /// Interrupts a session and waits until it is idle: a session that runs cannot be deleted.
    async fn calm(&self, id: &str) -> Result<(), PlatformError> {
        self.interrupt(id).await?;
        for _ in 0..LOOKS {
            let path = format!("/v1/sessions/{id}");
            let session: Named = self.get(Family::Agents, &path).await?;
            if session.status.as_deref() != Some("running") {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Err(PlatformError::Unmet(format!(
            "session `{id}` still runs after an interrupt"
        )))
    }
}

/// Takes away what was found. What fails is left, and the rest is still taken away.
pub async fn sweep(client: &Client, found: Vec<Found>) -> Swept {
    let mut swept = Swept::default();
    for one in found {
        match client.take_away(&one).await {
            Ok(()) => swept.gone.push(one),
            // Something else has taken it away meanwhile.
            Err(error) if error.status() == Some(404) => swept.gone.push(one),
            Err(error) => swept.left.push((one, error)),
        }
    }
    swept
}

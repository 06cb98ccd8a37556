//! Takes away what runs have made in an account.
//!
//! What carries a run's mark is a run's. A dream and what it makes carry none: they are a run's if the
//! dream begins with a store and reads a session that are. What always holds: nothing else is touched,
//! and what cannot be taken away is named.

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
    /// The run's mark; of what a dream left, that of the store that it began with.
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
    #[serde(default)]
    session_id: Option<String>,
    #[serde(default)]
    archived_at: Option<String>,
}

/// A dream of a run, with what it made.
struct OfRun {
    id: String,
    mark: String,
    trial: Option<String>,
    running: bool,
    is_archived: bool,
    stores: Vec<String>,
    sessions: Vec<String>,
}

impl Found {
    fn new(kind: Kind, object: &Named, mark: &str, trial: Option<String>) -> Self {
        Self {
            kind,
            id: object.id.clone(),
            mark: mark.to_owned(),
            trial,
            running: matches!(object.status.as_deref(), Some("running" | "rescheduling")),
        }
    }
}

/// The objects that carry the mark of this run, or of any.
fn marked(kind: Kind, objects: &[Named], run: Option<&Mark>) -> Vec<Found> {
    objects
        .iter()
        .filter_map(|object| {
            let mark = object.metadata.get(KEY)?;
            let trial = object.metadata.get("trial").cloned();
            run.is_none_or(|run| run.as_str() == mark)
                .then(|| Found::new(kind, object, mark, trial))
        })
        .collect()
}

impl Client {
    /// What is there of a run, or of all runs, in the order in which it is to be taken away.
    pub async fn find(&self, run: Option<&Mark>) -> Result<Vec<Found>, PlatformError> {
        let stores = self
            .all(
                Family::Memory,
                "/v1/memory_stores?include_archived=true&limit=100",
            )
            .await?;
        let sessions = self
            .all(
                Family::Agents,
                "/v1/sessions?include_archived=true&limit=100",
            )
            .await?;
        let mut found = marked(Kind::MemoryStore, &stores, run);
        let mut attended = marked(Kind::Session, &sessions, run);
        let dreams = self.dreams_of(&found, &attended).await?;
        // What a dream left carries no mark, but the dream names it.
        for dream in &dreams {
            let named = |kind, all: &[Named], ids: &[String], known: &mut Vec<Found>| {
                for object in all.iter().filter(|object| ids.contains(&object.id)) {
                    if known.iter().all(|one| one.id != object.id) {
                        known.push(Found::new(kind, object, &dream.mark, dream.trial.clone()));
                    }
                }
            };
            named(Kind::MemoryStore, &stores, &dream.stores, &mut found);
            named(Kind::Session, &sessions, &dream.sessions, &mut attended);
        }
        let mut all: Vec<Found> = dreams
            .into_iter()
            .filter(|dream| !dream.is_archived)
            .map(|dream| Found {
                kind: Kind::Dream,
                id: dream.id,
                mark: dream.mark,
                trial: dream.trial,
                running: dream.running,
            })
            .collect();
        all.append(&mut attended);
        all.append(&mut found);
        for (kind, path) in [
            (Kind::Agent, "/v1/agents?limit=100"),
            (
                Kind::Environment,
                "/v1/environments?include_archived=true&limit=100",
            ),
        ] {
            let objects = self.all(Family::Agents, path).await?;
            all.append(&mut marked(kind, &objects, run));
        }
        Ok(all)
    }

    async fn all(&self, family: Family, path: &str) -> Result<Vec<Named>, PlatformError> {
        self.list(family, path).await
    }

    /// The dreams that begin with one of these stores and read one of these sessions: with the one alone,
    /// somebody else may have dreamt on what a run left.
    async fn dreams_of(
        &self,
        stores: &[Found],
        sessions: &[Found],
    ) -> Result<Vec<OfRun>, PlatformError> {
        if stores.is_empty() {
            return Ok(Vec::new());
        }
        let mut ours: BTreeMap<String, (String, Option<String>)> = stores
            .iter()
            .map(|store| (store.id.clone(), (store.mark.clone(), store.trial.clone())))
            .collect();
        let sessions: BTreeSet<&str> = sessions.iter().map(|session| session.id.as_str()).collect();
        let mut all: Vec<Dream> = self
            .list(Family::Dreams, "/v1/dreams?include_archived=true&limit=100")
            .await?;
        // Newest first; a dream may begin with what an older one made.
        all.reverse();
        let mut found = Vec::new();
        for dream in all {
            let store = dream
                .inputs
                .iter()
                .find_map(|input| input["memory_store_id"].as_str());
            let reads_ours = dream
                .inputs
                .iter()
                .filter_map(|input| input["session_ids"].as_array())
                .flatten()
                .any(|id| id.as_str().is_some_and(|id| sessions.contains(id)));
            let Some((mark, trial)) = store
                .and_then(|store| ours.get(store))
                .filter(|_| reads_ours)
                .cloned()
            else {
                continue;
            };
            let made: Vec<String> = dream
                .outputs
                .iter()
                .filter_map(|output| output["memory_store_id"].as_str().map(str::to_owned))
                .collect();
            for store in &made {
                ours.entry(store.clone())
                    .or_insert_with(|| (mark.clone(), trial.clone()));
            }
            found.push(OfRun {
                running: matches!(dream.status.as_str(), "pending" | "running"),
                is_archived: dream.archived_at.is_some(),
                sessions: dream.session_id.into_iter().collect(),
                stores: made,
                id: dream.id,
                mark,
                trial,
            });
        }
        Ok(found)
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
            if !matches!(session.status.as_deref(), Some("running" | "rescheduling")) {
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

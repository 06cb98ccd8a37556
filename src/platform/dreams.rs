//! Dreams of the service: asked for, watched, canceled, put away.

use std::{
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Account, Client, DreamUsage, Family, PlatformError};
use crate::quantity::Milliseconds;

/// The most sessions that one dream reads.
pub(super) const MOST_SESSIONS: usize = 100;

/// The first wait between two looks at a dream; each further one is half as long again.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How often a dream is asked for that fails by the service's own fault.
const ATTEMPTS: u32 = 3;

/// A dream that is wanted.
#[derive(Debug, Clone)]
pub struct DreamWish<'w> {
    /// The store that it begins with.
    pub store: &'w str,
    /// The sessions that it reads, 1 to 100.
    pub sessions: &'w [String],
    /// The model, as the API wants it.
    pub model: &'w Value,
    /// How to dream.
    pub instructions: &'w str,
    /// The longest wait between two looks.
    pub longest_wait: Duration,
    /// How long it may take.
    pub limit: Duration,
}

/// A dream that came to its end.
#[derive(Debug, Clone)]
pub struct DreamEnd {
    /// Its id.
    pub id: String,
    /// The store that it made.
    pub store: String,
    /// Its tokens.
    pub usage: DreamUsage,
    /// From its beginning to its end by the service's clock.
    pub took: Milliseconds,
    /// The whole object, as the service gave it last.
    pub object: Value,
}

#[derive(Debug, Clone, Deserialize)]
struct Dream {
    id: String,
    status: String,
    #[serde(default)]
    outputs: Vec<Output>,
    #[serde(default)]
    usage: DreamUsage,
    #[serde(default)]
    error: Option<Problem>,
    #[serde(default)]
    created_at: Option<jiff::Timestamp>,
    #[serde(default)]
    ended_at: Option<jiff::Timestamp>,
    #[serde(default)]
    inputs: Vec<Value>,
    #[serde(default)]
    session_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Output {
    memory_store_id: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
}

/// How an attempt at a dream ended.
enum Ended {
    Completed(Box<DreamEnd>),
    /// By a fault of the service, in these words.
    Failed(String),
}

impl Dream {
    /// Whether another attempt may do better: a store or a session that is gone stays gone.
    fn is_the_services_fault(&self) -> bool {
        self.status == "failed"
            && self
                .error
                .as_ref()
                .is_none_or(|problem| matches!(problem.kind.as_str(), "internal_error" | "timeout"))
    }
}

/// Objects of a kind that are under way, so that they can be stopped when nobody waits for them any more.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<Vec<String>>);

impl UnderWay {
    pub(super) fn add(&self, id: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(id.to_owned());
    }

    pub(super) fn remove(&self, id: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| other != id);
    }

    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Account {
    /// Dreams, and once more where the service failed by its own fault. `affordable` looks at the tokens so
    /// far; if it says no, the dream is canceled. Whatever ended it, the tokens that it took go to `spent`.
    pub async fn dream(
        &self,
        wish: &DreamWish<'_>,
        affordable: impl Fn(&DreamUsage) -> bool + Send + Sync,
        spent: &(dyn Fn(DreamUsage) + Send + Sync),
    ) -> Result<DreamEnd, PlatformError> {
        let mut attempt = 1;
        loop {
            match self.attempt(wish, &affordable, spent).await? {
                Ended::Completed(end) => return Ok(*end),
                Ended::Failed(_) if attempt < ATTEMPTS => attempt += 1,
                Ended::Failed(why) => return Err(PlatformError::Unmet(why)),
            }
        }
    }

    async fn attempt(
        &self,
        wish: &DreamWish<'_>,
        affordable: &(impl Fn(&DreamUsage) -> bool + Send + Sync),
        spent: &(dyn Fn(DreamUsage) + Send + Sync),
    ) -> Result<Ended, PlatformError> {
        if wish.sessions.is_empty() || wish.sessions.len() > MOST_SESSIONS {
            return Err(PlatformError::Unmet(format!(
                "a dream reads 1 to {MOST_SESSIONS} sessions, and {} were given",
                wish.sessions.len()
            )));
        }
        let began = tokio::time::Instant::now();
        let id = self.begin_dream(wish).await?;
        self.dreams.add(&id);
        let mut wait = FIRST_WAIT.min(wish.longest_wait);
        let ended = loop {
            let (dream, object) = self.client.dream(&id).await?;
            match dream.status.as_str() {
                "pending" | "running" => {}
                _ => break (dream, object),
            }
            let why = if !affordable(&dream.usage) {
                "it would cost more than it may"
            } else if began.elapsed() >= wish.limit {
                "it takes longer than it may"
            } else {
                tokio::time::sleep(wait).await;
                wait = (wait * 3 / 2).min(wish.longest_wait);
                continue;
            };
            self.client.cancel_dream(&id).await?;
            let (dream, _) = self.client.dream(&id).await?;
            spent(dream.usage);
            self.put_away(&dream).await?;
            return Err(PlatformError::Unmet(format!(
                "dream `{id}` was canceled: {why}"
            )));
        };
        let (dream, object) = ended;
        spent(dream.usage);
        if dream.status != "completed" {
            let why = dream.error.as_ref().map_or_else(String::new, |problem| {
                format!(": {}: {}", problem.kind, problem.message)
            });
            self.put_away(&dream).await?;
            let why = format!("dream `{id}` is {}{why}", dream.status);
            return if dream.is_the_services_fault() {
                Ok(Ended::Failed(why))
            } else {
                Err(PlatformError::Unmet(why))
            };
        }
        let Some(store) = dream.outputs.first() else {
            return Err(PlatformError::Unmet(format!(
                "dream `{id}` is completed and has no store"
            )));
        };
        let store = store.memory_store_id.clone();
        self.dreams.remove(&id);
        self.client.archive_dream(&id).await?;
        self.forget_session(&dream).await;
        let took = dream
            .created_at
            .zip(dream.ended_at)
            .map_or(0, |(from, to)| to.duration_since(from).as_millis());
        Ok(Ended::Completed(Box::new(DreamEnd {
            store,
            usage: dream.usage,
            took: Milliseconds(u64::try_from(took).unwrap_or(0)),
            object,
            id,
        })))
    }

    /// Asks for a dream; if the answer is lost, the one that was begun is found again by what it reads.
    async fn begin_dream(&self, wish: &DreamWish<'_>) -> Result<String, PlatformError> {
        let body = json!({
            "inputs": [
                {"type": "memory_store", "memory_store_id": wish.store},
                {"type": "sessions", "session_ids": wish.sessions},
            ],
            "model": wish.model,
            "instructions": wish.instructions,
        });
        let asked = || {
            self.client
                .post_once::<Dream>(Family::Dreams, "/v1/dreams", &body)
        };
        match asked().await {
            Ok(dream) => Ok(dream.id),
            Err(error) if error.is_unsettled() => {
                let path = "/v1/dreams?limit=100&statuses[]=pending&statuses[]=running&statuses[]=completed";
                let dreams: Vec<Dream> = self.client.list(Family::Dreams, path).await?;
                // Each dream of a trial begins with another store, and is archived at its end.
                let begun = dreams.into_iter().find(|dream| {
                    dream
                        .inputs
                        .iter()
                        .any(|input| input["memory_store_id"] == wish.store)
                });
                match begun {
                    Some(dream) => Ok(dream.id),
                    None => Ok(asked().await?.id),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Archives a dream that gave nothing, and deletes what it left.
    async fn put_away(&self, dream: &Dream) -> Result<(), PlatformError> {
        self.dreams.remove(&dream.id);
        self.client.archive_dream(&dream.id).await?;
        self.forget_session(dream).await;
        for output in &dream.outputs {
            let path = format!("/v1/memory_stores/{}", output.memory_store_id);
            self.client.delete(Family::Memory, &path).await?;
        }
        Ok(())
    }

    /// Deletes the session that the service dreamt in. It is the service's own, so that it may refuse.
    async fn forget_session(&self, dream: &Dream) {
        if let Some(session) = &dream.session_id
            && !self.keep.load(Ordering::Relaxed)
        {
            let path = format!("/v1/sessions/{session}");
            let _ = self.client.delete(Family::Agents, &path).await;
        }
    }

    /// Cancels the dreams and interrupts the sessions that are under way: nobody waits for them any more.
    /// What cannot be told so now is bounded by its budget.
    pub async fn abandon(&self) {
        for id in self.dreams.take() {
            let _ = self.client.cancel_dream(&id).await;
        }
        for id in self.open.take() {
            let _ = self.client.interrupt(&id).await;
        }
    }
}

impl Client {
    async fn dream(&self, id: &str) -> Result<(Dream, Value), PlatformError> {
        let path = format!("/v1/dreams/{id}");
        let object: Value = self.get(Family::Dreams, &path).await?;
        let dream =
            serde_json::from_value(object.clone()).map_err(|error| PlatformError::Content {
                request: format!("GET {path}"),
                problem: error.to_string(),
            })?;
        Ok((dream, object))
    }

    /// Cancels a dream; one that has ended meanwhile stays as it is.
    pub(super) async fn cancel_dream(&self, id: &str) -> Result<(), PlatformError> {
        let path = format!("/v1/dreams/{id}/cancel");
        match self.post::<Value>(Family::Dreams, &path, &json!({})).await {
            Err(error) if error.status() == Some(400) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    pub(super) async fn archive_dream(&self, id: &str) -> Result<(), PlatformError> {
        let path = format!("/v1/dreams/{id}/archive");
        self.post::<Value>(Family::Dreams, &path, &json!({}))
            .await
            .map(|_| ())
    }
}

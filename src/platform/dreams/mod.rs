//! Dreams of the service: asked for, watched, canceled, put away.

mod abandon;
mod watch;

use std::{
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};

use self::watch::FIRST_WAIT;
use super::{Account, Client, DreamUsage, Family, PlatformError, send::Lost, wire::Named};
use crate::quantity::Milliseconds;

/// The most sessions that one dream of the service reads.
pub const MOST_SESSIONS: usize = 100;

/// How often a dream is asked for that fails by the service's own fault.
const ATTEMPTS: u32 = 3;

/// How often a dream that was canceled is looked at, because what it took may still move.
const LOOKS_AFTER_CANCEL: u32 = 3;

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
    /// The session that the service dreamt in.
    pub(super) session: Option<String>,
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
    /// How it ended, in words.
    fn why(&self) -> String {
        let why = self.error.as_ref().map_or_else(String::new, |problem| {
            format!(": {}: {}", problem.kind, problem.message)
        });
        let without = if self.status == "completed" {
            " and has no store"
        } else {
            ""
        };
        format!("dream `{}` is {}{without}{why}", self.id, self.status)
    }

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
    /// far; if it says no, the dream is canceled. Each dream that was begun goes to `ended` with its
    /// tokens and as the service gave it last, whatever became of it.
    pub async fn dream(
        &self,
        wish: &DreamWish<'_>,
        affordable: impl Fn(&DreamUsage) -> bool + Send + Sync,
        ended: &(dyn Fn(DreamUsage, &str, &Value) + Send + Sync),
    ) -> Result<DreamEnd, PlatformError> {
        if wish.sessions.is_empty() || wish.sessions.len() > MOST_SESSIONS {
            return Err(PlatformError::Unmet(format!(
                "a dream reads 1 to {MOST_SESSIONS} sessions, and {} were given",
                wish.sessions.len()
            )));
        }
        let mut attempt = 1;
        loop {
            match self.attempt(wish, &affordable, ended).await? {
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
        ended: &(dyn Fn(DreamUsage, &str, &Value) + Send + Sync),
    ) -> Result<Ended, PlatformError> {
        let id = self.begin_dream(wish).await?;
        self.dreams.add(&id);
        let mut watched = self.watch(&id, wish, affordable).await;
        if watched.given_up.is_some() {
            // Whatever fails here leaves a dream that the next sweep finds.
            let _ = self.client.cancel_dream(&id).await;
            for _ in 0..LOOKS_AFTER_CANCEL {
                tokio::time::sleep(wish.longest_wait.min(FIRST_WAIT)).await;
                if let Ok(seen) = self.client.dream(&id).await {
                    watched.last = Some(seen);
                }
            }
        }
        if let Some((dream, object)) = &watched.last {
            ended(dream.usage, &id, object);
        }
        let (dream, object) = match (watched.given_up, watched.last) {
            (Some(why), last) => {
                if let Some((dream, _)) = last {
                    self.put_away(&dream).await?;
                }
                return Err(why);
            }
            (None, Some(seen)) => seen,
            (None, None) => {
                return Err(PlatformError::Unmet(format!("dream `{id}` was never seen")));
            }
        };
        let why = dream.why();
        let Some(store) = dream
            .outputs
            .first()
            .filter(|_| dream.status == "completed")
        else {
            self.put_away(&dream).await?;
            return if dream.is_the_services_fault() {
                Ok(Ended::Failed(why))
            } else {
                Err(PlatformError::Unmet(why))
            };
        };
        let took = dream
            .created_at
            .zip(dream.ended_at)
            .map_or(0, |(from, to)| to.duration_since(from).as_millis());
        Ok(Ended::Completed(Box::new(DreamEnd {
            store: store.memory_store_id.clone(),
            usage: dream.usage,
            took: Milliseconds(u64::try_from(took).unwrap_or(0)),
            session: dream.session_id,
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
        let mut lost = Lost::default();
        loop {
            let made = self
                .client
                .post_once::<Named>(Family::Dreams, "/v1/dreams", &body)
                .await;
            match made {
                Ok(dream) => return Ok(dream.id),
                Err(error) => lost.wait(error).await?,
            }
            // Each dream of a trial begins with another store, and is archived at its end.
            let path = "/v1/dreams?limit=100";
            let dreams: Vec<Dream> = self.client.list(Family::Dreams, path).await?;
            let is_it = |dream: &&Dream| {
                let mut inputs = dream.inputs.iter();
                inputs.any(|input| input["memory_store_id"] == wish.store)
            };
            if let Some(dream) = dreams.iter().find(is_it) {
                return Ok(dream.id.clone());
            }
        }
    }

    /// Archives a dream whose output was taken, and deletes the session that the service dreamt in.
    pub async fn put_away_completed(&self, end: &DreamEnd) -> Result<(), PlatformError> {
        self.forget_session(end.session.as_deref()).await;
        self.client.archive_dream(&end.id).await?;
        self.dreams.remove(&end.id);
        Ok(())
    }

    /// Deletes what a dream left that gave nothing, and archives it.
    async fn put_away(&self, dream: &Dream) -> Result<(), PlatformError> {
        if !self.keep.load(Ordering::Relaxed) {
            self.forget_session(dream.session_id.as_deref()).await;
            for output in &dream.outputs {
                let path = format!("/v1/memory_stores/{}", output.memory_store_id);
                self.client.delete(Family::Memory, &path).await?;
            }
        }
        // Last, because one that is archived is not looked for any more.
        self.client.archive_dream(&dream.id).await?;
        self.dreams.remove(&dream.id);
        Ok(())
    }

    /// Deletes the session that the service dreamt in. It is the service's own, so that it may refuse.
    async fn forget_session(&self, session: Option<&str>) {
        if let Some(session) = session
            && !self.keep.load(Ordering::Relaxed)
        {
            let path = format!("/v1/sessions/{session}");
            let _ = self.client.delete(Family::Agents, &path).await;
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

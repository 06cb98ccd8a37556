//! A session is read, changed, archived and deleted.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    budget::{self, Budget},
    cost,
    history::{self, Entry, Writer},
    listeners::{News, Rest},
    runner::{wake, written},
    session::{Session, Status, find},
    shape,
};
use crate::serve::{
    ApiError, Shared,
    agents::equipped_anew,
    body::{Answer, Deleted, Found, Given},
    dreams,
    front::Caller,
    memory_stores::forget_unseen,
    patch::{MetadataPatch, Patch, apply_metadata},
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Body {
    agent: Option<Map<String, Value>>,
    budget: Patch<Budget>,
    metadata: MetadataPatch,
    title: Patch<String>,
    vault_ids: Patch<Value>,
}

pub(super) async fn retrieve(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Value> {
    let found = written(&shared, move |writer| {
        let session = find(writer.transaction, &owner, &id)?;
        writer.wire(&session)
    });
    found.await.map(Answer)
}

pub(super) async fn update(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    Given(body): Given<Body>,
) -> Found<Value> {
    if body.vault_ids != Patch::Keep {
        return Err(ApiError::invalid(
            "vault_ids: a session keeps those that it was created with; leave it out",
        ));
    }
    let (number, changed) = written(&shared, move |writer| {
        let mut session = find(writer.transaction, &owner, &id)?;
        writer.change(&mut session, body)?;
        session.save(writer.transaction)?;
        Ok((session.number, writer.wire(&session)?))
    })
    .await?;
    shared.listeners.tell(number, News::History);
    wake(&shared, number);
    Ok(Answer(changed))
}

pub(super) async fn archive(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Value> {
    let (number, archived) = written(&shared, move |writer| {
        let mut session = find(writer.transaction, &owner, &id)?;
        session.must_rest("archived")?;
        writer.archive(&mut session)?;
        Ok((session.number, writer.wire(&session)?))
    })
    .await?;
    shared.listeners.tell(number, News::History);
    Ok(Answer(archived))
}

pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Deleted> {
    let listeners = shared.listeners.clone();
    let (number, rest, deleted) = written(&shared, move |writer| {
        let session = find(writer.transaction, &owner, &id)?;
        session.must_rest("deleted")?;
        // Who listens has not read everything perhaps, and cannot do so afterwards.
        let unread = match listeners.read_by_all(session.number) {
            Some(place) => history::after(writer.transaction, session.number, place, i64::MAX)?,
            None => Vec::new(),
        };
        dreams::session_is_gone(writer, &id)?;
        writer
            .transaction
            .prepare_cached("DELETE FROM sessions WHERE number = ?1")?
            .execute([session.number])?;
        forget_unseen(writer.transaction)?;
        let rest = Rest {
            unread,
            deleted: history::deleted(&writer.id("sevt"), writer.now),
        };
        let deleted = Deleted {
            id,
            kind: "session_deleted",
        };
        Ok((session.number, rest, deleted))
    })
    .await?;
    shared.listeners.tell(number, News::Deleted(Arc::new(rest)));
    shared.dreams.wake();
    Ok(Answer(deleted))
}

impl Writer<'_> {
    /// A session as it is sent.
    fn wire(&self, session: &Session) -> Result<Value, ApiError> {
        shape::wire(self.transaction, session, self.prices, self.now)
    }

    /// Changes what a body names, and says in the history what that was.
    fn change(&self, session: &mut Session, body: Body) -> Result<(), ApiError> {
        session.must_be_alive()?;
        session.must_be_nobodys_dream()?;
        let old = session.clone();
        if let Some(changes) = body.agent {
            session.must_rest("given other tools")?;
            session.agent = equipped_anew(&session.agent, changes)?;
            if session.opening.is_some() && session.agent != old.agent {
                return Err(ApiError::invalid(
                    "agent: the embedded agent's tools are those of its first event; open another session",
                ));
            }
        }
        match body.budget {
            Patch::Keep => {}
            Patch::Clear => budget::change(session, None)?,
            Patch::Set(to) => budget::change(session, Some(to.cents()?))?,
        }
        apply_metadata(body.metadata, &mut session.metadata)?;
        body.title.apply_to_nullable(&mut session.title);
        let mut changed = Map::new();
        for (name, differs, value) in [
            ("agent", session.agent != old.agent, session.agent.clone()),
            (
                "budget",
                session.budget != old.budget,
                cost::budget(session.budget),
            ),
            (
                "metadata",
                session.metadata != old.metadata,
                json!(session.metadata),
            ),
            ("title", session.title != old.title, json!(session.title)),
        ] {
            if differs {
                changed.insert(name.to_owned(), value);
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        session.updated = self.now;
        let entry = Entry::new("session.updated", Value::Object(changed));
        self.append(session, &entry)?;
        if session.capped && !cost::is_spent(session, self.prices) {
            // The work goes on where the old budget ended it.
            session.capped = false;
            session.status = Status::Running;
        }
        Ok(())
    }

    /// Archives a session, which ends it.
    pub(super) fn archive(&self, session: &mut Session) -> Result<(), ApiError> {
        if session.archived.is_some() {
            return Ok(());
        }
        if session.status != Status::Terminated {
            self.give_up_outcomes(session)?;
            self.say_terminated(session)?;
        }
        session.archived = Some(self.now);
        session.updated = self.now;
        session.save(self.transaction)
    }
}

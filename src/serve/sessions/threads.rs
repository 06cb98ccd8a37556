//! The thread of a session. Each has one, and its events are those of the session.

use std::sync::Arc;

use axum::extract::{Path, State};
use rusqlite::Transaction;
use serde_json::{Map, Value, json};

use super::{
    cost,
    events::Question,
    session::{self, Session, Status},
};
use crate::{
    price::PriceList,
    serve::{
        ApiError, Shared,
        body::{Answer, Found},
        front::Caller,
        page::{List, Order, Page},
        query::Parameters,
    },
};

/// The session of an owner that has this thread.
pub(super) fn find(
    transaction: &Transaction<'_>,
    owner: &str,
    session: &str,
    thread: &str,
) -> Result<Session, ApiError> {
    let session = session::find(transaction, owner, session)?;
    if session.thread == thread {
        Ok(session)
    } else {
        Err(ApiError::no_such("thread", thread))
    }
}

/// The thread of a session as it is sent.
fn wire(session: &Session, prices: &PriceList, now: jiff::Timestamp) -> Value {
    let mut agent: Map<String, Value> = session.agent.as_object().cloned().unwrap_or_default();
    agent.shift_remove("multiagent");
    let has_run = session.opening.is_some();
    let mut stats = cost::stats(session, now);
    stats["startup_seconds"] = json!(0.0);
    json!({
        "type": "session_thread",
        "id": session.thread,
        "session_id": session.id,
        "parent_thread_id": null,
        "agent": agent,
        "status": session.status.as_str(),
        "stats": has_run.then_some(stats),
        "usage": has_run.then(|| cost::usage(session, prices)),
        "workflow_run_id": null,
        "created_at": session.created,
        "updated_at": session.updated,
        "archived_at": session.archived,
    })
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Found<Page<Value>> {
    let list = List {
        name: "threads",
        order: Order::Ascending,
    };
    let window = list.numbered_long(&parameters)?;
    let statuses: Vec<String> = parameters
        .all("statuses[]")
        .into_iter()
        .map(str::to_owned)
        .collect();
    session::check_statuses(&statuses)?;
    let session = shared
        .database
        .run(move |transaction| session::find(transaction, &owner, &id))
        .await?;
    let wanted = statuses.is_empty()
        || statuses
            .iter()
            .any(|status| status == session.status.as_str());
    let shown = wanted && window.after.is_none();
    let thread = shown.then(|| (1, wire(&session, &shared.prices, shared.now())));
    Ok(Answer(
        list.page(thread.into_iter().collect(), window.limit),
    ))
}

pub(super) async fn retrieve(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((id, thread)): Path<(String, String)>,
) -> Found<Value> {
    let session = shared
        .database
        .run(move |transaction| find(transaction, &owner, &id, &thread))
        .await?;
    Ok(Answer(wire(&session, &shared.prices, shared.now())))
}

pub(super) async fn archive(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((id, thread)): Path<(String, String)>,
) -> Found<Value> {
    let found = shared.database.run(move |transaction| {
        let session = find(transaction, &owner, &id, &thread)?;
        match session.status {
            Status::Terminated if session.archived.is_some() => Ok(session),
            Status::Terminated | Status::Idle | Status::Running => Err(ApiError::invalid(
                "the first thread of a session is archived with the session",
            )),
        }
    });
    let session = found.await?;
    Ok(Answer(wire(&session, &shared.prices, shared.now())))
}

pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((id, thread)): Path<(String, String)>,
    parameters: Parameters,
) -> Found<Page<Value>> {
    let question = Question::read(&parameters)?;
    let page = shared.database.run(move |transaction| {
        let session = find(transaction, &owner, &id, &thread)?;
        question.page(transaction, session.number)
    });
    page.await.map(Answer)
}

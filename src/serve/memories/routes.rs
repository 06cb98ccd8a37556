//! The routes of what is in a store.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use serde::Deserialize;

use super::{
    change::{self, Change, Mark},
    list,
    shapes::{Actor, Listed, Memory, MemoryVersion, View},
    versions,
};
use crate::serve::{
    Shared,
    body::{Answer, Deleted, Found, Given},
    front::Caller,
    memory_stores::find_store,
    page::Page,
    query::Parameters,
};

/// The routes of memories and versions.
pub(in crate::serve) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/v1/memory_stores/{store}/memories",
            post(create).get(list_memories),
        )
        .route(
            "/v1/memory_stores/{store}/memories/{memory}",
            get(retrieve).post(update).delete(delete),
        )
        .route(
            "/v1/memory_stores/{store}/memory_versions",
            get(list_versions),
        )
        .route(
            "/v1/memory_stores/{store}/memory_versions/{version}",
            get(retrieve_version),
        )
        .route(
            "/v1/memory_stores/{store}/memory_versions/{version}/redact",
            post(redact),
        )
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateBody {
    path: String,
    content: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateBody {
    path: Option<String>,
    content: Option<String>,
    precondition: Option<Precondition>,
}

/// What a client has seen of a memory that it changes.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Precondition {
    ContentSha256 { content_sha256: String },
}

/// The mark of a change that somebody with a key makes now.
fn mark(shared: &Shared, owner: &str) -> Mark {
    shared.database.mark(Actor::key(owner), shared.now())
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(store): Path<String>,
    parameters: Parameters,
    Given(body): Given<CreateBody>,
) -> Found<Memory> {
    let view = View::read(&parameters, View::Basic)?;
    let (id, mark) = (shared.id("mem"), mark(&shared, &owner));
    let made = shared.database.run(move |transaction| {
        let store = find_store(transaction, &owner, &store)?;
        change::create(transaction, &store, &id, &body.path, &body.content, &mark)
    });
    Ok(Answer(made.await?.seen(view)))
}

async fn list_memories(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(store): Path<String>,
    parameters: Parameters,
) -> Found<Page<Listed>> {
    let question = list::Question::read(&parameters)?;
    let page = shared.database.run(move |transaction| {
        let store = find_store(transaction, &owner, &store)?;
        question.page(transaction, &store)
    });
    page.await.map(Answer)
}

async fn retrieve(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((store, memory)): Path<(String, String)>,
    parameters: Parameters,
) -> Found<Memory> {
    let view = View::read(&parameters, View::Full)?;
    let found = shared.database.run(move |transaction| {
        let store = find_store(transaction, &owner, &store)?;
        change::find(transaction, &store, &memory)
    });
    Ok(Answer(found.await?.seen(view)))
}

async fn update(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((store, memory)): Path<(String, String)>,
    parameters: Parameters,
    Given(body): Given<UpdateBody>,
) -> Found<Memory> {
    let view = View::read(&parameters, View::Basic)?;
    let mark = mark(&shared, &owner);
    let change = Change {
        path: body.path,
        content: body.content,
        expected: body
            .precondition
            .map(|Precondition::ContentSha256 { content_sha256 }| content_sha256),
    };
    let updated = shared.database.run(move |transaction| {
        let store = find_store(transaction, &owner, &store)?;
        change::update(transaction, &store, &memory, &change, &mark)
    });
    Ok(Answer(updated.await?.seen(view)))
}

async fn delete(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((store, memory)): Path<(String, String)>,
    parameters: Parameters,
) -> Found<Deleted> {
    let expected = parameters
        .one("expected_content_sha256")?
        .map(str::to_owned);
    let mark = mark(&shared, &owner);
    let deleted = shared.database.run(move |transaction| {
        let store = find_store(transaction, &owner, &store)?;
        change::delete(transaction, &store, &memory, expected.as_deref(), &mark)?;
        Ok(Deleted {
            id: memory,
            kind: "memory_deleted",
        })
    });
    deleted.await.map(Answer)
}

async fn list_versions(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(store): Path<String>,
    parameters: Parameters,
) -> Found<Page<MemoryVersion>> {
    let question = versions::Question::read(&parameters)?;
    let page = shared.database.run(move |transaction| {
        let store = find_store(transaction, &owner, &store)?;
        question.page(transaction, &store)
    });
    page.await.map(Answer)
}

async fn retrieve_version(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((store, version)): Path<(String, String)>,
    parameters: Parameters,
) -> Found<MemoryVersion> {
    let view = View::read(&parameters, View::Full)?;
    let found = shared.database.run(move |transaction| {
        let store = find_store(transaction, &owner, &store)?;
        versions::find(transaction, &store, &version)
    });
    Ok(Answer(found.await?.seen(view)))
}

async fn redact(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((store, version)): Path<(String, String)>,
) -> Found<MemoryVersion> {
    let mark = mark(&shared, &owner);
    let redacted = shared.database.run(move |transaction| {
        let store = find_store(transaction, &owner, &store)?;
        versions::redact(transaction, &store, &version, &mark)
    });
    redacted.await.map(Answer)
}

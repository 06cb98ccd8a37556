//! What is mounted into a session: memory stores, attached when it is opened, and files, which come and go.

use std::sync::Arc;

use axum::extract::{Path, State};
use rusqlite::Transaction;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    files::{self, MountedFile},
    mounts::{self, Mounted, Resource},
    runner::written,
    session::find,
};
use crate::serve::{
    ApiError, Shared,
    body::{Answer, Deleted, Found, Given},
    front::Caller,
    page::{List, Order, Page},
    query::Parameters,
};

/// Anything mounted, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Shown {
    Store(Mounted),
    File(MountedFile),
}

impl Shown {
    fn position(&self) -> i64 {
        match self {
            Self::Store(store) => store.position,
            Self::File(file) => file.position,
        }
    }
}

/// What a session has, in the order in which it was given.
pub(super) fn of(transaction: &Transaction<'_>, session: i64) -> Result<Vec<Shown>, ApiError> {
    let stores = mounts::of(transaction, session)?.into_iter();
    let files = files::of(transaction, session)?.into_iter();
    let mut all: Vec<Shown> = stores
        .map(Shown::Store)
        .chain(files.map(Shown::File))
        .collect();
    all.sort_by_key(Shown::position);
    Ok(all)
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Found<Page<Shown>> {
    let list = List {
        name: "resources",
        order: Order::Ascending,
    };
    let window = list.numbered_long(&parameters)?;
    let resources = shared.database.run(move |transaction| {
        let session = find(transaction, &owner, &id)?;
        of(transaction, session.number)
    });
    let found = resources
        .await?
        .into_iter()
        .map(|resource| (resource.position(), resource))
        .filter(|(position, _)| window.after.is_none_or(|after| *position > after))
        .collect();
    Ok(Answer(list.page(found, window.limit)))
}

pub(super) async fn add(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    Given(body): Given<Resource>,
) -> Found<MountedFile> {
    let added = written(&shared, move |writer| {
        let mut session = find(writer.transaction, &owner, &id)?;
        session.must_be_alive()?;
        let given = match body {
            Resource::File(given) => given,
            Resource::MemoryStore(_) => {
                return Err(ApiError::invalid(
                    "type: memory stores are given when a session is created, and only files are added later",
                ));
            }
            Resource::GithubRepository {} => {
                return Err(ApiError::invalid(
                    "type: this server mounts no repositories",
                ));
            }
        };
        let before = of(writer.transaction, session.number)?;
        let position = before.last().map_or(0, |last| last.position() + 1);
        let added = writer.mount_file(&owner, session.number, position, given, "")?;
        session.updated = writer.now;
        session.save(writer.transaction)?;
        Ok(added)
    });
    added.await.map(Answer)
}

pub(super) async fn retrieve(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((id, resource)): Path<(String, String)>,
) -> Found<MountedFile> {
    let found = shared.database.run(move |transaction| {
        let session = find(transaction, &owner, &id)?;
        files::find(transaction, session.number, &resource)
    });
    found.await.map(Answer)
}

/// Refuses to change a resource: only repositories have something that can be.
pub(super) async fn update(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((id, resource)): Path<(String, String)>,
    Given(_): Given<Map<String, Value>>,
) -> Found<MountedFile> {
    let found = shared.database.run(move |transaction| {
        let session = find(transaction, &owner, &id)?;
        files::find(transaction, session.number, &resource)?;
        Err(ApiError::invalid(format!(
            "resource `{}` is a file and cannot be changed; delete it and add another",
            resource.escape_debug()
        )))
    });
    found.await.map(Answer)
}

pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((id, resource)): Path<(String, String)>,
) -> Found<Deleted> {
    let deleted = written(&shared, move |writer| {
        let mut session = find(writer.transaction, &owner, &id)?;
        session.must_be_alive()?;
        files::unmount(writer.transaction, session.number, &resource)?;
        session.updated = writer.now;
        session.save(writer.transaction)?;
        Ok(Deleted {
            id: resource,
            kind: "session_resource_deleted",
        })
    });
    deleted.await.map(Answer)
}

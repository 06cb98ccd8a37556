//! What is mounted into a session, as it is listed. Stores are attached when a session is opened, and
//! there are no files here.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    mounts::{self, Mounted},
    session::find,
};
use crate::serve::{
    ApiError, Shared,
    body::{Answer, Found, Given},
    front::Caller,
    page::{List, Order, Page},
    query::Parameters,
};

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Found<Page<Mounted>> {
    let list = List {
        name: "resources",
        order: Order::Ascending,
    };
    let window = list.numbered_long(&parameters)?;
    let mounts = shared.database.run(move |transaction| {
        let session = find(transaction, &owner, &id)?;
        mounts::of(transaction, session.number)
    });
    let found = (0i64..)
        .zip(mounts.await?)
        .filter(|(position, _)| window.after.is_none_or(|after| *position > after))
        .collect();
    Ok(Answer(list.page(found, window.limit)))
}

/// What a client wants to mount into a session that is open.
#[derive(Debug, Deserialize)]
pub(super) struct Added {
    #[serde(rename = "type")]
    kind: String,
    file_id: Option<String>,
}

pub(super) async fn add(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    Given(body): Given<Added>,
) -> Found<Value> {
    shared
        .database
        .run(move |transaction| find(transaction, &owner, &id))
        .await?;
    match (body.kind.as_str(), body.file_id) {
        ("file", Some(file)) => Err(ApiError::no_such("file", &file)),
        ("file", None) => Err(ApiError::invalid("file_id: missing")),
        (other, _) => Err(ApiError::invalid(format!(
            "type: `{}` cannot be added to a session that is open; memory stores are given when it is created",
            other.escape_debug()
        ))),
    }
}

/// Any resource that has an id: there is none.
pub(super) async fn none(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((id, resource)): Path<(String, String)>,
    Given(_): Given<Map<String, Value>>,
) -> Found<Value> {
    shared
        .database
        .run(move |transaction| find(transaction, &owner, &id))
        .await?;
    Err(ApiError::no_such("resource", &resource))
}

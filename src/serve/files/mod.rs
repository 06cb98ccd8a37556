//! Files that clients upload, kept in the database whole.
//!
//! They are kept, listed, mounted into sessions and read as rubrics; the embedded agent has no sandbox and
//! reads none of them, and it writes none. What always holds: a file never changes; the bytes of one that
//! has expired are given to nobody.
//!
//! Two things differ from the service on purpose. What was uploaded can be downloaded again, which the
//! service allows only for files that an agent has made. And a file has at most 32 MB, not 500.

mod list;
mod table;
mod upload;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::SignedDuration;

use super::{
    ApiError, Shared,
    body::{Answer, Deleted, Found},
    front::Caller,
};
use table::File;
use upload::Upload;

pub(super) use table::{find_kept, text};

/// The routes of this family.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/files", post(upload).get(list::list))
        .route("/v1/files/{file}", get(retrieve).delete(delete))
        .route("/v1/files/{file}/content", get(content))
}

async fn upload(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    upload: Upload,
) -> Found<File> {
    let now = shared.now();
    let file = File {
        number: 0,
        kind: "file",
        id: shared.id("file"),
        name: upload.name,
        media_type: upload.media_type,
        size: upload.content.len(),
        downloadable: true,
        created_at: now,
        expires_at: upload
            .lifetime
            .map(|seconds| now.saturating_add(SignedDuration::from_secs(seconds)))
            .transpose()
            .map_err(|error| ApiError::invalid(format!("expires_in_seconds: {error}")))?,
        scope: None,
        has_expired: false,
    };
    let kept = shared.database.run(move |transaction| {
        table::forget_expired(transaction, now)?;
        table::insert(transaction, &owner, &file, &upload.content)?;
        Ok(file)
    });
    kept.await.map(Answer)
}

async fn retrieve(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<File> {
    let now = shared.now();
    let found = shared
        .database
        .run(move |transaction| table::find(transaction, &owner, &id, now));
    found.await.map(Answer)
}

async fn content(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let now = shared.now();
    let found = shared.database.run(move |transaction| {
        let file = find_kept(transaction, &owner, &id, now)?;
        let content = table::content(transaction, &file)?;
        Ok((file.media_type, content))
    });
    let (media_type, content) = found.await?;
    let media_type = HeaderValue::from_str(&media_type)
        .unwrap_or(HeaderValue::from_static(upload::UNKNOWN_TYPE));
    Ok(([(header::CONTENT_TYPE, media_type)], content).into_response())
}

async fn delete(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Deleted> {
    let deleted = shared.database.run(move |transaction| {
        table::delete(transaction, &owner, &id)?;
        Ok(Deleted {
            id,
            kind: "file_deleted",
        })
    });
    deleted.await.map(Answer)
}

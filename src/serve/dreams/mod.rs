//! Dreams: a memory store and sessions in, the store as the embedded dreamer would have it out.
//!
//! What always holds: a dream goes from pending over running to an end, and no further; it writes into a
//! copy of its input, or into the input itself if it was asked to, one such dream at a time; an input
//! that goes away ends it. No model is asked, so that any name of one will do.

mod changes;
mod list;
mod order;
mod run;
mod shapes;
mod steps;
mod table;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use rusqlite::Transaction;

use super::{
    ApiError, ErrorKind, Shared,
    body::{Answer, Found, Given},
    front::Caller,
    memory_stores::find_store,
    page::Page,
    query::Parameters,
    sessions::{must_exist, written},
};
use list::Question;
use order::{DreamBody, Order};
use shapes::{Sent, Status};
use table::Ending;

pub(super) use run::{Dreams, resume};
pub(super) use table::{session_is_gone, store_is_gone};

/// The routes of this family.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/dreams", post(create).get(list))
        .route("/v1/dreams/{dream}", get(retrieve))
        .route("/v1/dreams/{dream}/cancel", post(cancel))
        .route("/v1/dreams/{dream}/archive", post(archive))
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Given(body): Given<DreamBody>,
) -> Found<Sent> {
    let order = Order::try_from(body)?;
    let (id, now) = (shared.id("drm"), shared.now());
    let made = shared.database.run(move |transaction| {
        check_inputs(transaction, &owner, &order)?;
        table::insert(transaction, &owner, &id, &order, now)?;
        table::find(transaction, &owner, &id)
    });
    let made = made.await?;
    shared.dreams.start(&shared, made.id.clone());
    Ok(Answer(made.into()))
}

fn check_inputs(transaction: &Transaction<'_>, owner: &str, order: &Order) -> Result<(), ApiError> {
    find_store(transaction, owner, &order.store)?.must_be_open()?;
    for session in &order.sessions {
        must_exist(transaction, owner, session)?;
    }
    if order.in_place && table::is_written(transaction, &order.store)? {
        return Err(ApiError::new(
            ErrorKind::Conflict,
            format!(
                "another dream writes into memory store `{}`; wait until it has ended, or cancel it",
                order.store
            ),
        ));
    }
    Ok(())
}

async fn list(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    parameters: Parameters,
) -> Found<Page<Sent>> {
    let question = Question::read(&parameters)?;
    let page = shared
        .database
        .run(move |transaction| question.page(transaction, &owner));
    let page = page.await?;
    Ok(Answer(Page {
        data: page.data.into_iter().map(Sent::from).collect(),
        next_page: page.next_page,
    }))
}

async fn retrieve(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Sent> {
    let found = shared
        .database
        .run(move |transaction| table::find(transaction, &owner, &id));
    Ok(Answer(found.await?.into()))
}

async fn cancel(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Sent> {
    let canceled = written(&shared, move |writer| {
        let dream = table::find(writer.transaction, &owner, &id)?;
        match dream.status {
            Status::Canceled => return Ok(dream),
            Status::Pending | Status::Running => {}
            Status::Completed | Status::Failed => {
                return Err(ApiError::invalid(format!(
                    "dream `{id}` is {} and cannot be canceled",
                    dream.status.as_str()
                )));
            }
        }
        table::end(writer, &dream, &Ending::Canceled)?;
        table::find(writer.transaction, &owner, &id)
    });
    let canceled = canceled.await?;
    shared.dreams.wake();
    Ok(Answer(canceled.into()))
}

async fn archive(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Sent> {
    let now = shared.now();
    let archived = shared.database.run(move |transaction| {
        let dream = table::find(transaction, &owner, &id)?;
        if dream.status.is_open() {
            return Err(ApiError::invalid(format!(
                "dream `{id}` is {} and cannot be archived; wait until it has ended, or cancel it",
                dream.status.as_str()
            )));
        }
        table::archive(transaction, &dream, now)?;
        table::find(transaction, &owner, &id)
    });
    Ok(Answer(archived.await?.into()))
}

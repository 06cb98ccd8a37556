//! Sessions: an agent, what it was told and what it did, as events.
//!
//! It is no agent itself: [`super::play`] says what the embedded agent does next, given the history. What
//! always holds: a session is what its rows say, and nothing of it is kept elsewhere, so that whatever
//! was running when the process ended goes on when it starts again; the history is only ever appended
//! to.
//!
//! `sent` are the events of clients, `events` takes them, `runner` plays sessions that run, turn by
//! `turn`, `compose` writes down what the agent does, `stream` shows it.

mod budget;
mod compose;
mod cost;
mod create;
mod events;
mod files;
mod history;
mod list;
mod listeners;
mod mounts;
mod outcomes;
mod past;
mod pipeline;
mod resources;
mod routes;
mod runner;
mod sent;
mod session;
mod shape;
mod stream;
mod threads;
mod turn;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use super::Shared;

pub(super) use history::Writer;
pub(super) use listeners::Listeners;
pub(super) use mounts::{Access, GivenStore};
pub(super) use past::{Past, PlaySettings, last_place, must_exist, past};
pub(super) use pipeline::{Pipeline, show_pipeline};
pub(super) use runner::{Runners, persistently, wake, written};
pub(super) use session::running;

/// The routes of this family.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/sessions", post(create::create).get(list::list))
        .route(
            "/v1/sessions/{session}",
            get(routes::retrieve)
                .post(routes::update)
                .delete(routes::delete),
        )
        .route("/v1/sessions/{session}/archive", post(routes::archive))
        .route(
            "/v1/sessions/{session}/events",
            post(events::send).get(events::list),
        )
        .route(
            "/v1/sessions/{session}/events/stream",
            get(stream::of_session),
        )
        .route(
            "/v1/sessions/{session}/resources",
            post(resources::add).get(resources::list),
        )
        .route(
            "/v1/sessions/{session}/resources/{resource}",
            get(resources::retrieve)
                .post(resources::update)
                .delete(resources::delete),
        )
        .route("/v1/sessions/{session}/threads", get(threads::list))
        .route(
            "/v1/sessions/{session}/threads/{thread}",
            get(threads::retrieve),
        )
        .route(
            "/v1/sessions/{session}/threads/{thread}/archive",
            post(threads::archive),
        )
        .route(
            "/v1/sessions/{session}/threads/{thread}/events",
            get(threads::events),
        )
        .route(
            "/v1/sessions/{session}/threads/{thread}/stream",
            get(stream::of_thread),
        )
}

#[cfg(test)]
mod tests;

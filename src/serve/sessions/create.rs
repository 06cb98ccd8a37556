//! A session is opened.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;

use super::{
    budget::{Budget, must_be_priced},
    history::Writer,
    mounts::{self, Resource},
    runner::{wake, written},
    sent::Sent,
    session::{Session, Status},
    shape,
};
use crate::{
    quantity::Milliseconds,
    serve::{
        ApiError, Shared,
        agents::{AgentReference, Pinned},
        body::{Answer, Found, Given},
        environments,
        front::Caller,
        patch::{Metadata, Patch, apply_metadata},
    },
    transcript::Usage,
};

/// The most events that a session is opened with.
const MAX_INITIAL_EVENTS: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    agent: AgentReference,
    environment_id: String,
    resources: Option<Vec<Resource>>,
    initial_events: Option<Vec<Value>>,
    budget: Option<Budget>,
    title: Option<String>,
    metadata: Option<Metadata>,
    vault_ids: Option<Vec<String>>,
}

pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Given(body): Given<Body>,
) -> Found<Value> {
    let initial = initial_events(body.initial_events)?;
    if let Some(vault) = body.vault_ids.iter().flatten().next() {
        return Err(ApiError::no_such("vault", vault));
    }
    let mut metadata = Metadata::new();
    let given = body.metadata.unwrap_or_default();
    let given = given.into_iter().map(|(key, value)| (key, Some(value)));
    apply_metadata(Patch::Set(given.collect()), &mut metadata)?;
    let budget = body.budget.map(|budget| budget.cents()).transpose()?;
    let (number, made) = written(&shared, move |writer| {
        let pinned = body.agent.pin(writer.transaction, &owner)?;
        environments::must_be_usable(writer.transaction, &owner, &body.environment_id)?;
        let mut session = writer.new_session(&owner, pinned, body.environment_id);
        session.title = body.title;
        session.metadata = metadata;
        session.budget = budget;
        if budget.is_some() {
            must_be_priced(&session, writer.prices)?;
        }
        session.insert(writer.transaction)?;
        let resources = body.resources.unwrap_or_default();
        mounts::attach(writer, &owner, session.number, resources)?;
        if !initial.is_empty() {
            writer.receive(&mut session, "initial_events", &initial)?;
            session.save(writer.transaction)?;
        }
        let made = shape::wire(writer.transaction, &session, writer.prices, writer.now)?;
        Ok((session.number, made))
    })
    .await?;
    wake(&shared, number);
    Ok(Answer(made))
}

/// The events that a session begins with: messages, and at most one outcome.
fn initial_events(events: Option<Vec<Value>>) -> Result<Vec<Sent>, ApiError> {
    let events = events.unwrap_or_default();
    if events.len() > MAX_INITIAL_EVENTS {
        return Err(ApiError::invalid(format!(
            "initial_events: {} events, and at most {MAX_INITIAL_EVENTS} are possible",
            events.len()
        )));
    }
    let events = Sent::read("initial_events", events)?;
    for (number, event) in events.iter().enumerate() {
        if !matches!(event, Sent::Message(_) | Sent::Outcome(_)) {
            return Err(ApiError::invalid(format!(
                "initial_events[{number}]: a session begins with `user.message` and `user.define_outcome` only"
            )));
        }
    }
    Ok(events)
}

impl Writer<'_> {
    /// A session in which nothing has happened. It is not kept yet.
    pub(super) fn new_session(&self, owner: &str, agent: Pinned, environment: String) -> Session {
        Session {
            number: 0,
            id: self.id("sesn"),
            owner: owner.to_owned(),
            thread: self.id("sthr"),
            agent: agent.snapshot,
            agent_id: agent.id,
            agent_version: agent.version,
            environment,
            title: None,
            metadata: Metadata::new(),
            budget: None,
            status: Status::Idle,
            awake: false,
            waiting: Vec::new(),
            capped: false,
            pipeline: false,
            opening: None,
            place: 0,
            usage: Usage::default(),
            active: Milliseconds::default(),
            created: self.now,
            updated: self.now,
            ended: None,
            archived: None,
        }
    }
}

//! The session of a dream: what the service does inside it, shown as a session that anybody can look at
//! and nobody talks to.

use std::sync::Arc;

use serde_json::json;

use super::{
    cost,
    history::{Entry, kind},
    listeners::News,
    mounts::{self, GivenStore, Resource},
    runner::written,
    session::{self, Status},
};
use crate::{
    quantity::Milliseconds,
    serve::{ApiError, Shared, agents::Pinned},
    transcript::Usage,
};

/// What a dream's session shows.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Pipeline {
    /// The id of the key that the dream belongs to.
    pub(in crate::serve) owner: String,
    /// The title of the session.
    pub(in crate::serve) title: String,
    /// The model of the dream.
    pub(in crate::serve) model: String,
    /// What the dreamer is told.
    pub(in crate::serve) instructions: Option<String>,
    /// The stores that it works on.
    pub(in crate::serve) stores: Vec<GivenStore>,
}

/// Opens the session of a dream, which runs from now on; gives its id.
pub(in crate::serve) async fn begin_pipeline(
    shared: &Arc<Shared>,
    pipeline: Pipeline,
) -> Result<String, ApiError> {
    written(shared, move |writer| {
        let id = writer.id("agent");
        let agent = Pinned {
            snapshot: json!({
                "type": "agent",
                "id": id,
                "version": 1,
                "name": "dream",
                "description": null,
                "system": pipeline.instructions,
                "model": {"id": pipeline.model, "speed": "standard"},
                "tools": [],
                "mcp_servers": [],
                "skills": [],
                "multiagent": null,
                "execution_identity": {"type": "service_account"},
            }),
            id,
            version: 1,
        };
        let environment = writer.id("env");
        let mut session = writer.new_session(&pipeline.owner, agent, environment);
        session.pipeline = true;
        session.title = Some(pipeline.title);
        session.status = Status::Running;
        session.insert(writer.transaction)?;
        let stores = pipeline.stores.into_iter().map(Resource::MemoryStore);
        mounts::attach(
            writer.transaction,
            &pipeline.owner,
            session.number,
            stores.collect(),
        )?;
        writer.say_running(&mut session)?;
        session.save(writer.transaction)?;
        Ok(session.id)
    })
    .await
}

/// Ends the session of a dream: a message that says what was done, what it took, and the session is
/// archived. A session that is no more is nobody's fault.
pub(in crate::serve) async fn end_pipeline(
    shared: &Arc<Shared>,
    owner: String,
    id: String,
    summary: String,
    usage: Usage,
    active: Milliseconds,
) -> Result<(), ApiError> {
    let number = written(shared, move |writer| {
        let mut session = session::find(writer.transaction, &owner, &id)?;
        if session.status != Status::Running {
            return Ok(session.number);
        }
        let start = Entry::new("span.model_request_start", json!({}));
        let start = writer.append(&mut session, &start)?;
        let message = json!({"content": [{"type": "text", "text": summary}]});
        writer.append(&mut session, &Entry::new(kind::SAID, message))?;
        let body = json!({
            "model_request_start_id": start,
            "is_error": false,
            "model_usage": cost::span_usage(&usage),
        });
        let end = Entry {
            active: Some(active),
            ..Entry::new(kind::REQUEST_END, body)
        };
        writer.append(&mut session, &end)?;
        session.usage += usage;
        session.active += active;
        writer.say_idle(&mut session, &json!({"type": "end_turn"}))?;
        session.status = Status::Idle;
        writer.archive(&mut session)?;
        Ok(session.number)
    })
    .await?;
    shared.listeners.tell(number, News::History);
    Ok(())
}

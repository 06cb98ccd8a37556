//! The session of a dream: what the service does inside it, shown as a session that anybody can look at
//! and nobody talks to.

use std::sync::Arc;

use serde_json::json;

use super::{
    cost,
    history::{Entry, Writer, kind},
    listeners::News,
    mounts::{self, GivenStore, Resource},
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

impl Writer<'_> {
    /// Opens the session of a dream, which runs from now on; gives its id.
    pub(in crate::serve) fn begin_pipeline(&self, pipeline: Pipeline) -> Result<String, ApiError> {
        let id = self.id("agent");
        let agent = Pinned {
            snapshot: json!({
                "type": "agent",
                "id": id,
                "version": 1,
                "name": "dream",
                "description": null,
                "system": pipeline.instructions,
                "model": {"id": pipeline.model, "effort": {"type": "high"}, "speed": "standard"},
                "tools": [],
                "mcp_servers": [],
                "skills": [],
                "multiagent": null,
                "execution_identity": {"type": "service_account"},
            }),
            id,
            version: 1,
        };
        let environment = self.id("env");
        let mut session = self.new_session(&pipeline.owner, agent, environment);
        session.pipeline = true;
        session.title = Some(pipeline.title);
        session.status = Status::Running;
        session.insert(self.transaction)?;
        let stores = pipeline.stores.into_iter().map(Resource::MemoryStore);
        mounts::attach(self, &pipeline.owner, session.number, stores.collect())?;
        self.say_running(&mut session)?;
        session.save(self.transaction)?;
        Ok(session.id)
    }

    /// Ends the session of a dream: a message that says what was done, what it took, and the session is
    /// archived.
    pub(in crate::serve) fn end_pipeline(
        &self,
        owner: &str,
        id: &str,
        summary: &str,
        usage: Usage,
        active: Milliseconds,
    ) -> Result<(), ApiError> {
        let mut session = session::find(self.transaction, owner, id)?;
        let start = Entry::new("span.model_request_start", json!({}));
        let start = self.append(&mut session, &start)?;
        let message = json!({"content": [{"type": "text", "text": summary}]});
        self.append(&mut session, &Entry::new(kind::SAID, message))?;
        let body = json!({
            "model_request_start_id": start,
            "is_error": false,
            "model_usage": cost::span_usage(&usage),
        });
        let end = Entry {
            active: Some(active),
            ..Entry::new(kind::REQUEST_END, body)
        };
        self.append(&mut session, &end)?;
        session.usage += usage;
        session.active += active;
        self.say_idle(&mut session, &json!({"type": "end_turn"}))?;
        session.status = Status::Idle;
        self.archive(&mut session)
    }
}

/// Wakes those who watch the session of a dream. To be called after what is new is kept.
pub(in crate::serve) async fn show_pipeline(
    shared: &Arc<Shared>,
    owner: String,
    id: String,
) -> Result<(), ApiError> {
    let found = shared.database.run(move |transaction| {
        session::find(transaction, &owner, &id).map(|session| session.number)
    });
    shared.listeners.tell(found.await?, News::History);
    Ok(())
}

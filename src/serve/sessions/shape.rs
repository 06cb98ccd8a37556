//! A session as it is sent.

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{cost, outcomes, resources, session::Session};
use crate::{price::PriceList, serve::ApiError};

/// A session with what is mounted into it and its outcomes.
pub(super) fn wire(
    transaction: &Transaction<'_>,
    session: &Session,
    prices: &PriceList,
    now: Timestamp,
) -> Result<Value, ApiError> {
    Ok(json!({
        "type": "session",
        "id": session.id,
        "status": session.status.as_str(),
        "title": session.title,
        "environment_id": session.environment,
        "deployment_id": null,
        "agent": session.agent,
        "metadata": session.metadata,
        "resources": resources::of(transaction, session.number)?,
        "outcome_evaluations": outcomes::wire(transaction, session.number)?,
        "budget": cost::budget(session.budget),
        "usage": cost::usage(session, prices),
        "stats": cost::stats(session, now),
        "vault_ids": [],
        "created_at": session.created,
        "updated_at": session.updated,
        "archived_at": session.archived,
    }))
}

//! Agents: definitions in versions.
//!
//! What always holds: a version never changes, versions are numbered from 1 without gaps, and an update
//! that changes nothing makes none.

mod definition;
mod pin;
mod tools;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::Serialize;

use super::{
    ApiError, ErrorKind, Shared,
    body::{Answer, Found, Given},
    database::{optional_time, time},
    front::Caller,
    listing::Listing,
    page::{List, Page},
    query::Parameters,
};
use definition::{AgentBody, Definition};

pub(super) use pin::{AgentReference, Pinned, equipped_anew};

/// An agent as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Agent {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    version: i64,
    #[serde(flatten)]
    definition: Definition,
    created_at: Timestamp,
    updated_at: Timestamp,
    archived_at: Option<Timestamp>,
}

/// The routes of this family.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/agents", post(create).get(list))
        .route("/v1/agents/{agent}", get(retrieve).post(update))
        .route("/v1/agents/{agent}/archive", post(archive))
        .route("/v1/agents/{agent}/versions", get(versions))
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Given(body): Given<AgentBody>,
) -> Found<Agent> {
    let definition = Definition::create(body)?;
    let (id, now) = (shared.id("agent"), shared.now());
    let made = shared.database.run(move |transaction| {
        transaction
            .prepare_cached(
                "INSERT INTO agents (id, owner, version, created) VALUES (?1, ?2, 1, ?3)",
            )?
            .execute(params![id, owner, now.as_microsecond()])?;
        insert_version(
            transaction,
            transaction.last_insert_rowid(),
            1,
            &definition,
            now,
        )?;
        find(transaction, &owner, &id, None)
    });
    made.await.map(Answer)
}

async fn list(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    parameters: Parameters,
) -> Found<Page<Agent>> {
    let listing = Listing::read("agents", &parameters)?;
    let page = shared.database.run(move |transaction| {
        listing.page(
            transaction,
            &owner,
            &format!(
                "SELECT {COLUMNS} FROM agents AS object
                JOIN agent_versions AS made ON made.agent = object.number
                    AND made.version = object.version"
            ),
            agent,
        )
    });
    page.await.map(Answer)
}

async fn retrieve(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Found<Agent> {
    let version = parameters.whole("version", 1..=usize::MAX)?;
    let version = version.map(|version| i64::try_from(version).unwrap_or(i64::MAX));
    let found = shared
        .database
        .run(move |transaction| find(transaction, &owner, &id, version));
    found.await.map(Answer)
}

async fn update(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    Given(body): Given<AgentBody>,
) -> Found<Agent> {
    let now = shared.now();
    let updated = shared.database.run(move |transaction| {
        let old = find(transaction, &owner, &id, None)?;
        if old.archived_at.is_some() {
            return Err(ApiError::invalid(format!(
                "agent `{id}` is archived and cannot be changed"
            )));
        }
        if let Some(version) = body.version
            && version != old.version
        {
            return Err(ApiError::new(
                ErrorKind::Conflict,
                format!(
                    "version: the agent is at version {}, not {version}; retrieve it and try again",
                    old.version
                ),
            ));
        }
        let mut definition = old.definition.clone();
        definition.apply(body)?;
        if definition == old.definition {
            return Ok(old);
        }
        let version = old.version + 1;
        let number: i64 = transaction
            .prepare_cached("UPDATE agents SET version = ?2 WHERE id = ?1 RETURNING number")?
            .query_row(params![id, version], |row| row.get(0))?;
        insert_version(transaction, number, version, &definition, now)?;
        find(transaction, &owner, &id, None)
    });
    updated.await.map(Answer)
}

async fn archive(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Agent> {
    let now = shared.now();
    let archived = shared.database.run(move |transaction| {
        transaction
            .prepare_cached(
                "UPDATE agents SET archived = ?3
                WHERE owner = ?1 AND id = ?2 AND archived IS NULL",
            )?
            .execute(params![owner, id, now.as_microsecond()])?;
        find(transaction, &owner, &id, None)
    });
    archived.await.map(Answer)
}

async fn versions(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Found<Page<Agent>> {
    let list = List::newest_first("agent_versions");
    let window = list.numbered(&parameters)?;
    let page = shared.database.run(move |transaction| {
        find(transaction, &owner, &id, None)?;
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM agents AS object
            JOIN agent_versions AS made ON made.agent = object.number
            WHERE object.owner = ?1 AND object.id = ?2 AND (?3 IS NULL OR made.version < ?3)
            ORDER BY made.version DESC LIMIT ?4"
        ))?;
        let mut rows = statement.query(params![owner, id, window.after, window.rows()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let agent = agent(row)?;
            found.push((agent.version, agent));
        }
        Ok(list.page(found, window.limit))
    });
    page.await.map(Answer)
}

/// What [`agent`] reads.
const COLUMNS: &str = "object.number, object.id, made.version, made.definition, object.created,
    made.made, object.archived";

fn agent(row: &Row<'_>) -> Result<Agent, ApiError> {
    let definition: String = row.get(3)?;
    Ok(Agent {
        kind: "agent",
        id: row.get(1)?,
        version: row.get(2)?,
        definition: serde_json::from_str(&definition)?,
        created_at: time(row, 4)?,
        updated_at: time(row, 5)?,
        archived_at: optional_time(row, 6)?,
    })
}

/// An agent at a version, the latest if none is named.
fn find(
    transaction: &Transaction<'_>,
    owner: &str,
    id: &str,
    version: Option<i64>,
) -> Result<Agent, ApiError> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM agents AS object
        JOIN agent_versions AS made ON made.agent = object.number
            AND made.version = coalesce(?3, object.version)
        WHERE object.owner = ?1 AND object.id = ?2"
    ))?;
    let found = statement
        .query_row(params![owner, id, version], |row| Ok(agent(row)))
        .optional()?;
    found.unwrap_or_else(|| {
        let what = version.map_or("agent".to_owned(), |version| {
            format!("version {version} of agent")
        });
        Err(ApiError::no_such(&what, id))
    })
}

fn insert_version(
    transaction: &Transaction<'_>,
    agent: i64,
    version: i64,
    definition: &Definition,
    now: Timestamp,
) -> Result<(), ApiError> {
    let definition = serde_json::to_string(definition)?;
    transaction
        .prepare_cached("INSERT INTO agent_versions VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![agent, version, definition, now.as_microsecond()])?;
    Ok(())
}

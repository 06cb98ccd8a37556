//! Environments: where an agent's tools would run. Nothing runs here; what is said of an environment is
//! kept and given back.

mod config;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::{
    ApiError, Shared,
    body::{Answer, Deleted, Found, Given},
    database::{optional_time, time},
    front::Caller,
    listing::Listing,
    page::Page,
    patch::{Metadata, MetadataPatch, Patch, apply_metadata, check_name, length},
    query::Parameters,
};
use config::{Config, GivenConfig};

/// The body that makes or changes an environment.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct EnvironmentBody {
    name: Patch<String>,
    description: Patch<String>,
    metadata: MetadataPatch,
    config: Patch<GivenConfig>,
    scope: Patch<Scope>,
}

/// What an environment is, as it is kept and sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Definition {
    name: String,
    description: Option<String>,
    metadata: Metadata,
    config: Config,
    scope: Scope,
}

/// Who may use an environment. Accounts are unknown here, so that there is one choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scope {
    #[default]
    Organization,
}

/// An environment as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Environment {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    #[serde(flatten)]
    definition: Definition,
    created_at: Timestamp,
    updated_at: Timestamp,
    archived_at: Option<Timestamp>,
}

/// The routes of this family.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/environments", post(create).get(list))
        .route(
            "/v1/environments/{environment}",
            get(retrieve).post(update).delete(delete),
        )
        .route("/v1/environments/{environment}/archive", post(archive))
}

impl Definition {
    fn apply(&mut self, body: EnvironmentBody) -> Result<(), ApiError> {
        body.name.apply("name", &mut self.name)?;
        body.description.apply_to_nullable(&mut self.description);
        self.config.apply(body.config)?;
        body.scope.apply_or_default(&mut self.scope);
        apply_metadata(body.metadata, &mut self.metadata)?;
        check_name("name", &self.name, 256)?;
        if let Some(description) = &self.description {
            length("description", "the text", description, 0, 2_048)?;
        }
        Ok(())
    }
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Given(body): Given<EnvironmentBody>,
) -> Found<Environment> {
    body.name.must_be_given("name")?;
    let mut definition = Definition::default();
    definition.apply(body)?;
    let (id, now) = (shared.id("env"), shared.now());
    let made = shared.database.run(move |transaction| {
        transaction
            .prepare_cached(
                "INSERT INTO environments (id, owner, definition, created, updated)
                VALUES (?1, ?2, ?3, ?4, ?4)",
            )?
            .execute(params![
                id,
                owner,
                serde_json::to_string(&definition)?,
                now.as_microsecond()
            ])?;
        find(transaction, &owner, &id)
    });
    made.await.map(Answer)
}

async fn list(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    parameters: Parameters,
) -> Found<Page<Environment>> {
    let listing = Listing::read("environments", &parameters)?;
    let page = shared.database.run(move |transaction| {
        let select = format!("SELECT {COLUMNS} FROM environments AS object");
        listing.page(transaction, &owner, &select, environment)
    });
    page.await.map(Answer)
}

async fn retrieve(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Environment> {
    let found = shared
        .database
        .run(move |transaction| find(transaction, &owner, &id));
    found.await.map(Answer)
}

async fn update(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    Given(body): Given<EnvironmentBody>,
) -> Found<Environment> {
    let now = shared.now();
    let updated = shared.database.run(move |transaction| {
        let old = find(transaction, &owner, &id)?;
        if old.archived_at.is_some() {
            return Err(ApiError::invalid(format!(
                "environment `{id}` is archived and cannot be changed"
            ))
            .coded("environment_archived"));
        }
        let mut definition = old.definition;
        definition.apply(body)?;
        transaction
            .prepare_cached("UPDATE environments SET definition = ?2, updated = ?3 WHERE id = ?1")?
            .execute(params![
                id,
                serde_json::to_string(&definition)?,
                now.as_microsecond()
            ])?;
        find(transaction, &owner, &id)
    });
    updated.await.map(Answer)
}

async fn delete(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Deleted> {
    let deleted = shared.database.run(move |transaction| {
        let deleted = transaction
            .prepare_cached("DELETE FROM environments WHERE owner = ?1 AND id = ?2")?
            .execute(params![owner, id])?;
        if deleted == 0 {
            return Err(unknown(&id));
        }
        Ok(Deleted {
            id,
            kind: "environment_deleted",
        })
    });
    deleted.await.map(Answer)
}

async fn archive(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
) -> Found<Environment> {
    let now = shared.now();
    let archived = shared.database.run(move |transaction| {
        transaction
            .prepare_cached(
                "UPDATE environments SET archived = ?3, updated = ?3
                WHERE owner = ?1 AND id = ?2 AND archived IS NULL",
            )?
            .execute(params![owner, id, now.as_microsecond()])?;
        find(transaction, &owner, &id)
    });
    archived.await.map(Answer)
}

/// What [`environment`] reads.
const COLUMNS: &str = "object.number, object.id, object.definition, object.created, object.updated,
    object.archived";

fn environment(row: &Row<'_>) -> Result<Environment, ApiError> {
    let definition: String = row.get(2)?;
    Ok(Environment {
        kind: "environment",
        id: row.get(1)?,
        definition: serde_json::from_str(&definition)?,
        created_at: time(row, 3)?,
        updated_at: time(row, 4)?,
        archived_at: optional_time(row, 5)?,
    })
}

fn find(transaction: &Transaction<'_>, owner: &str, id: &str) -> Result<Environment, ApiError> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM environments AS object
        WHERE object.owner = ?1 AND object.id = ?2"
    ))?;
    let found = statement
        .query_row(params![owner, id], |row| Ok(environment(row)))
        .optional()?;
    found.unwrap_or_else(|| Err(unknown(id)))
}

/// Refuses an environment that no session can be opened in: one that is none of this owner, or archived.
pub(super) fn must_be_usable(
    transaction: &Transaction<'_>,
    owner: &str,
    id: &str,
) -> Result<(), ApiError> {
    if find(transaction, owner, id)?.archived_at.is_none() {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "environment_id: environment `{id}` is archived and takes no new sessions"
    ))
    .coded("environment_archived"))
}

fn unknown(id: &str) -> ApiError {
    ApiError::no_such("environment", id).coded("environment_not_found")
}

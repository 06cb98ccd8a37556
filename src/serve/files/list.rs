//! Lists of files, the newest first, in the two shapes that the API has had: pages with a cursor, and
//! before that pages beside the file with an id.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use rusqlite::{Transaction, params};
use serde::Serialize;

use super::table::{self, COLUMNS, File, find};
use crate::serve::{
    ApiError, Shared,
    body::Answer,
    front::{Caller, FILES_BETA, MANAGED_AGENTS, betas},
    page::{DEFAULT_LIMIT, LONG_LIMIT, List, Page},
    query::Parameters,
};

/// The most files that are asked for by their ids.
const MAX_IDS: usize = 100;

const FILES: List = List::newest_first("files");

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let betas = betas(&headers);
    let is_scoped = parameters.one("scope_id")?.is_some();
    if is_scoped && !betas.contains(MANAGED_AGENTS) {
        return Err(ApiError::invalid(format!(
            "scope_id: needs `anthropic-beta: {MANAGED_AGENTS}`"
        )));
    }
    let files = Files {
        owner,
        is_scoped,
        now: shared.now(),
    };
    if betas.contains(FILES_BETA) {
        let beside = Beside::read(&parameters)?;
        let found = shared
            .database
            .run(move |transaction| beside.page(transaction, &files));
        return Ok(Answer(found.await?).into_response());
    }
    let question = Question::read(&parameters)?;
    let found = shared
        .database
        .run(move |transaction| question.page(transaction, &files));
    Ok(Answer(found.await?).into_response())
}

/// The files that can be listed.
struct Files {
    owner: String,
    /// Whether only those of a session are wanted: the embedded agent makes none.
    is_scoped: bool,
    now: Timestamp,
}

impl Files {
    /// The files with numbers between two, from the newest or the oldest on; `ids` is a JSON list, absent
    /// for all.
    fn between(
        &self,
        transaction: &Transaction<'_>,
        (above, below): (Option<i64>, Option<i64>),
        ids: Option<&str>,
        rows: i64,
    ) -> Result<Vec<(i64, File)>, ApiError> {
        if self.is_scoped {
            return Ok(Vec::new());
        }
        let direction = if above.is_some() { "ASC" } else { "DESC" };
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM files AS object WHERE object.owner = ?1
                AND (?2 IS NULL OR object.number > ?2)
                AND (?3 IS NULL OR object.number < ?3)
                AND (?4 IS NULL OR object.id IN (SELECT value FROM json_each(?4)))
            ORDER BY object.number {direction} LIMIT ?5"
        ))?;
        let found = statement.query_map(params![self.owner, above, below, ids, rows], |row| {
            Ok((row.get(0)?, table::read(row, self.now)?))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

/// Which files are asked for.
enum Question {
    /// A page of all.
    Page { limit: usize, after: Option<i64> },
    /// Those of a JSON list of ids.
    Ids(String),
}

impl Question {
    fn read(parameters: &Parameters) -> Result<Self, ApiError> {
        let mut ids: BTreeSet<&str> = parameters.all("ids[]").into_iter().collect();
        ids.extend(parameters.all("ids"));
        if ids.is_empty() {
            let window = FILES.numbered_up_to_long(parameters)?;
            return Ok(Self::Page {
                limit: window.limit,
                after: window.after,
            });
        }
        if ids.len() > MAX_IDS {
            return Err(ApiError::invalid(format!(
                "ids: {} ids, and at most {MAX_IDS} are possible",
                ids.len()
            )));
        }
        for name in ["limit", "page"] {
            if parameters.one(name)?.is_some() {
                return Err(ApiError::invalid(format!(
                    "{name}: not together with `ids`"
                )));
            }
        }
        Ok(Self::Ids(serde_json::to_string(&ids)?))
    }

    fn page(&self, transaction: &Transaction<'_>, files: &Files) -> Result<Page<File>, ApiError> {
        match self {
            Self::Page { limit, after } => {
                let found = files.between(transaction, (None, *after), None, one_more(*limit))?;
                Ok(FILES.page(found, *limit))
            }
            Self::Ids(ids) => {
                let found =
                    files.between(transaction, (None, None), Some(ids), one_more(MAX_IDS))?;
                Ok(FILES.page(found, MAX_IDS))
            }
        }
    }
}

/// How many rows are read for a page: one more says whether there is another page.
fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// A question in the older shape: the files beside one.
struct Beside {
    limit: usize,
    newer_than: Option<String>,
    older_than: Option<String>,
}

/// A page in the older shape.
#[derive(Debug, Serialize)]
struct OlderPage {
    data: Vec<File>,
    has_more: bool,
    first_id: Option<String>,
    last_id: Option<String>,
}

impl Beside {
    fn read(parameters: &Parameters) -> Result<Self, ApiError> {
        let id = |name: &str| Ok::<_, ApiError>(parameters.one(name)?.map(str::to_owned));
        let limit = parameters.whole("limit", 1..=LONG_LIMIT)?;
        let (newer_than, older_than) = (id("before_id")?, id("after_id")?);
        if newer_than.is_some() && older_than.is_some() {
            return Err(ApiError::invalid("before_id: not together with `after_id`"));
        }
        Ok(Self {
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            newer_than,
            older_than,
        })
    }

    fn page(&self, transaction: &Transaction<'_>, files: &Files) -> Result<OlderPage, ApiError> {
        let number = |id: &Option<String>| {
            let id = id.as_deref();
            id.map(|id| find(transaction, &files.owner, id, files.now).map(|file| file.number))
                .transpose()
        };
        let between = (number(&self.newer_than)?, number(&self.older_than)?);
        let mut found = files.between(transaction, between, None, one_more(self.limit))?;
        let has_more = found.len() > self.limit;
        found.truncate(self.limit);
        if self.newer_than.is_some() {
            found.reverse();
        }
        let data: Vec<File> = found.into_iter().map(|(_, file)| file).collect();
        Ok(OlderPage {
            has_more,
            first_id: data.first().map(|file| file.id.clone()),
            last_id: data.last().map(|file| file.id.clone()),
            data,
        })
    }
}

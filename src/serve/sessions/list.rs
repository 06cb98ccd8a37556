//! Lists of sessions, page by page in both directions.

use std::sync::Arc;

use axum::extract::State;
use rusqlite::{Transaction, params};
use serde::Serialize;
use serde_json::Value;

use super::{
    session::{self, Session},
    shape,
};
use crate::serve::{
    ApiError, Shared,
    body::{Answer, Found},
    front::Caller,
    page::{List, Order, Window},
    query::Parameters,
};

/// A page as it is sent.
#[derive(Debug, Serialize)]
pub(super) struct Pages {
    data: Vec<Value>,
    next_page: Option<String>,
    prev_page: Option<String>,
}

/// Which way a cursor leads from the session that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    On,
    Back,
}

/// A question for a list of sessions.
#[derive(Debug, Clone)]
struct Question {
    list: List,
    window: Window<String>,
    include_archived: bool,
    /// JSON list of the statuses that are asked for; absent: all.
    statuses: Option<String>,
    agent: Option<String>,
    version: Option<i64>,
    store: Option<String>,
    created: (i64, i64),
    /// Whether sessions of a deployment are asked for, of which there are none.
    of_deployment: bool,
}

impl Question {
    fn read(parameters: &Parameters) -> Result<Self, ApiError> {
        let list = List {
            name: "sessions",
            order: Order::read(parameters, Order::Descending)?,
        };
        let statuses: Vec<String> = parameters
            .all("statuses[]")
            .into_iter()
            .map(str::to_owned)
            .collect();
        session::check_statuses(&statuses)?;
        let version = parameters.whole("agent_version", 1..=usize::MAX)?;
        let text = |name| parameters.one(name).map(|text| text.map(str::to_owned));
        Ok(Self {
            list,
            window: list.window(parameters)?,
            include_archived: parameters.flag("include_archived")?,
            statuses: (!statuses.is_empty()).then(|| Value::from(statuses).to_string()),
            agent: text("agent_id")?,
            version: version.map(|version| i64::try_from(version).unwrap_or(i64::MAX)),
            store: text("memory_store_id")?,
            created: parameters.created()?,
            of_deployment: parameters.one("deployment_id")?.is_some(),
        })
    }

    /// Where the page begins, and which way it goes.
    fn start(&self) -> Result<(Way, Option<i64>), ApiError> {
        let Some(key) = &self.window.after else {
            return Ok((Way::On, None));
        };
        let (way, number) = match key.strip_prefix('-') {
            Some(number) => (Way::Back, number),
            None => (Way::On, key.as_str()),
        };
        match number.parse() {
            Ok(number) => Ok((way, Some(number))),
            Err(_) => Err(ApiError::invalid("page: not a cursor")),
        }
    }

    /// The sessions of a page with what else is sent of them, and the cursors.
    fn page(
        &self,
        transaction: &Transaction<'_>,
        owner: &str,
        wire: impl Fn(&Session) -> Result<Value, ApiError>,
    ) -> Result<Pages, ApiError> {
        let (way, start) = self.start()?;
        let mut found = if self.of_deployment {
            Vec::new()
        } else {
            self.found(transaction, owner, way, start)?
        };
        let more = found.len() > self.window.limit;
        found.truncate(self.window.limit);
        if way == Way::Back {
            found.reverse();
        }
        let (before, behind) = match way {
            Way::On => (start.is_some(), more),
            Way::Back => (more, true),
        };
        let next = found.last().filter(|_| behind);
        let previous = found.first().filter(|_| before);
        Ok(Pages {
            next_page: next.map(|last| self.list.cursor(&last.number.to_string())),
            prev_page: previous.map(|first| self.list.cursor(&format!("-{}", first.number))),
            data: found.iter().map(wire).collect::<Result<_, _>>()?,
        })
    }

    fn found(
        &self,
        transaction: &Transaction<'_>,
        owner: &str,
        way: Way,
        start: Option<i64>,
    ) -> Result<Vec<Session>, ApiError> {
        let (beyond, direction) = match (self.list.order, way) {
            (Order::Ascending, Way::On) | (Order::Descending, Way::Back) => (">", "ASC"),
            (Order::Descending, Way::On) | (Order::Ascending, Way::Back) => ("<", "DESC"),
        };
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT {} FROM sessions AS object WHERE object.owner = ?1
                AND (?2 IS NULL OR object.number {beyond} ?2)
                AND (?3 OR object.archived IS NULL)
                AND (?4 IS NULL OR object.status IN (SELECT value FROM json_each(?4)))
                AND (?5 IS NULL OR object.agent_id = ?5)
                AND (?6 IS NULL OR object.agent_version = ?6)
                AND (?7 IS NULL OR EXISTS (SELECT 1 FROM session_stores
                    WHERE session = object.number AND store = ?7))
                AND object.created BETWEEN ?8 AND ?9
            ORDER BY object.number {direction} LIMIT ?10",
            session::COLUMNS
        ))?;
        let found = statement.query_map(
            params![
                owner,
                start,
                self.include_archived,
                self.statuses,
                self.agent,
                self.version,
                self.store,
                self.created.0,
                self.created.1,
                self.window.rows(),
            ],
            Session::read,
        )?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    parameters: Parameters,
) -> Found<Pages> {
    let question = Question::read(&parameters)?;
    let (prices, now) = (Arc::clone(&shared.prices), shared.now());
    let page = shared.database.run(move |transaction| {
        question.page(transaction, &owner, |session| {
            shape::wire(transaction, session, &prices, now)
        })
    });
    page.await.map(Answer)
}

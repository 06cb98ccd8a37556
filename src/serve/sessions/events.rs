//! Events that are sent to a session, and lists of its history.

use std::sync::Arc;

use axum::extract::{Path, State};
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    history::{self, Stored, Writer, kind},
    listeners::News,
    outcomes,
    runner::{wake, written},
    sent::Sent,
    session::{Session, Status, find},
};
use crate::serve::{
    ApiError, Shared,
    body::{Answer, Found, Given},
    front::Caller,
    page::{List, Order, Page, Window},
    query::Parameters,
};

/// In lists, what was not processed yet comes behind all that was.
const BEHIND: i64 = 1 << 52;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsBody {
    events: Vec<Value>,
}

#[derive(Debug, Serialize)]
pub(super) struct Echo {
    data: Vec<Value>,
}

pub(super) async fn send(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    Given(body): Given<EventsBody>,
) -> Found<Echo> {
    let sent = Sent::read("events", body.events)?;
    if sent.is_empty() {
        return Err(ApiError::invalid("events: empty"));
    }
    let (number, data) = written(&shared, move |writer| {
        let mut session = find(writer.transaction, &owner, &id)?;
        let data = writer.receive(&mut session, "events", &sent)?;
        session.save(writer.transaction)?;
        Ok((session.number, data))
    })
    .await?;
    shared.listeners.tell(number, News::History);
    wake(&shared, number);
    Ok(Answer(Echo { data }))
}

impl Writer<'_> {
    /// Keeps what was sent to a session, all or nothing, and sets it running where that is something to do.
    /// Gives the events as they are sent back. `field` is what they are called in errors.
    pub(super) fn receive(
        &self,
        session: &mut Session,
        field: &str,
        sent: &[Sent],
    ) -> Result<Vec<Value>, ApiError> {
        session.must_be_alive()?;
        session.must_be_nobodys_dream()?;
        let mut pursues = !outcomes::open(self.transaction, session.number)?.is_empty();
        let mut events = Vec::new();
        for (number, event) in sent.iter().enumerate() {
            let located = |within: &str, error: ApiError| ApiError {
                message: format!("{field}[{number}]{within}: {}", error.message),
                ..error
            };
            self.check(session, event, &mut pursues)
                .map_err(|error| located("", error))?;
            let outcome = if let Sent::Outcome(defined) = event {
                let id = self.id("outc");
                let rubric = self
                    .rubric_in_file(session, defined)
                    .map_err(|error| located(".rubric", error))?;
                self.define_outcome(session.number, &id, &defined.description, rubric.as_deref())?;
                id
            } else {
                String::new()
            };
            let entry = event.entry(session, &outcome);
            events.push(self.queue(session, &entry, event.is_processed_at_once())?);
        }
        let data = events.iter().map(Stored::wire).collect();
        session.updated = self.now;
        let waits = sent.iter().all(Sent::is_answer) && !session.waiting.is_empty();
        if waits && session.status == Status::Idle {
            // Other answers are still to come.
            self.place(session, &events)?;
        } else {
            session.status = Status::Running;
        }
        Ok(data)
    }

    /// Refuses an event that the session does not take now.
    fn check(
        &self,
        session: &mut Session,
        event: &Sent,
        pursues: &mut bool,
    ) -> Result<(), ApiError> {
        match event {
            Sent::Message(_) | Sent::System(_) | Sent::OwnToolResult {} => {
                session.must_be_within_budget()
            }
            Sent::Interrupt(interrupt) => {
                if let Some(thread) = &interrupt.session_thread_id
                    && *thread != session.thread
                {
                    return Err(ApiError::no_such("thread", thread));
                }
                *pursues = false;
                Ok(())
            }
            Sent::Outcome(_) => {
                session.must_be_within_budget()?;
                if std::mem::replace(pursues, true) {
                    return Err(ApiError::invalid(
                        "the session works towards an outcome already; wait for its end or interrupt it",
                    ));
                }
                Ok(())
            }
            Sent::Result(result) => self.answered(session, &result.custom_tool_use_id, kind::CALL),
            Sent::Confirmation(confirmation) => {
                self.answered(session, &confirmation.tool_use_id, kind::TOOL_USE)
            }
        }
    }

    /// Takes an event of this kind off those that wait.
    fn answered(&self, session: &mut Session, id: &str, kind: &str) -> Result<(), ApiError> {
        let at = session.waiting.iter().position(|waiting| waiting == id);
        let made = history::find(self.transaction, session.number, id)?;
        match at {
            Some(at) if made.is_some_and(|made| made.kind == kind) => {
                session.waiting.remove(at);
                Ok(())
            }
            Some(_) | None => Err(ApiError::invalid(format!(
                "`{}` is no event of kind `{kind}` that waits for an answer",
                id.escape_debug()
            ))),
        }
    }
}

impl Session {
    fn must_be_within_budget(&self) -> Result<(), ApiError> {
        if !self.capped {
            return Ok(());
        }
        Err(ApiError::invalid(format!(
            "session `{}` has spent its budget; raise or remove it first",
            self.id
        )))
    }
}

/// A question for the events of a session.
#[derive(Debug, Clone)]
pub(super) struct Question {
    list: List,
    window: Window<i64>,
    /// JSON list of the kinds that are asked for; absent: all.
    kinds: Option<String>,
    created: (i64, i64),
}

impl Question {
    pub(super) fn read(parameters: &Parameters) -> Result<Self, ApiError> {
        let list = List {
            name: "events",
            order: Order::read(parameters, Order::Ascending)?,
        };
        let kinds = parameters.all("types[]");
        Ok(Self {
            list,
            window: list.numbered_long(parameters)?,
            kinds: (!kinds.is_empty()).then(|| Value::from(kinds).to_string()),
            created: parameters.created()?,
        })
    }

    pub(super) fn page(
        &self,
        transaction: &Transaction<'_>,
        session: i64,
    ) -> Result<Page<Value>, ApiError> {
        let (beyond, direction) = match self.list.order {
            Order::Ascending => (">", "ASC"),
            Order::Descending => ("<", "DESC"),
        };
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT {}, coalesce(place, {BEHIND} + number) AS key FROM session_events
            WHERE session = ?1
                AND (?2 IS NULL OR coalesce(place, {BEHIND} + number) {beyond} ?2)
                AND (?3 IS NULL OR kind IN (SELECT value FROM json_each(?3)))
                AND coalesce(processed, created) BETWEEN ?4 AND ?5
            ORDER BY key {direction} LIMIT ?6",
            history::COLUMNS
        ))?;
        let mut rows = statement.query(params![
            session,
            self.window.after,
            self.kinds,
            self.created.0,
            self.created.1,
            self.window.rows(),
        ])?;
        let mut found: Vec<(i64, Value)> = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((row.get("key")?, Stored::read(row)?.wire()));
        }
        let mut limit = self.window.limit;
        let placed = found.iter().filter(|(key, _)| *key < BEHIND).count();
        if self.list.order == Order::Ascending
            && found.len() > limit
            && (1..limit).contains(&placed)
        {
            // What waits gets a place before its key here, and a page behind it would pass over others.
            limit = placed;
        }
        Ok(self.list.page(found, limit))
    }
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Found<Page<Value>> {
    let question = Question::read(&parameters)?;
    let page = shared.database.run(move |transaction| {
        let session = find(transaction, &owner, &id)?;
        question.page(transaction, session.number)
    });
    page.await.map(Answer)
}

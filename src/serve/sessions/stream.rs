//! Streams of a session's events.
//!
//! A stream is a reader of the history: it is woken, and reads on from the last place that it has sent.
//! What always holds: whatever happened after it was opened is sent once and in order, however slowly it
//! is read. A stream ends when the session is deleted and all of it was sent, when the server stops, and
//! by a fault on demand.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    extract::{Path, State},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{
    history::{self, Stored, kind},
    listeners::{Listener, News},
    session::{Session, find},
    threads,
};
use crate::serve::{ApiError, Shared, front::Caller, query::Parameters};

/// After how much silence a comment is sent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How many events are read at once.
const BATCH: i64 = 64;

/// How many characters a piece of a message has when it is sent in pieces.
const PIECE: usize = 40;

/// Messages that are shown piece by piece before they are sent whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Previews {
    messages: bool,
}

impl Previews {
    fn read(parameters: &Parameters) -> Result<Self, ApiError> {
        let mut previews = Self { messages: false };
        for name in parameters.all("event_deltas[]") {
            match name {
                kind::SAID => previews.messages = true,
                // The embedded agent does not think aloud.
                "agent.thinking" => {}
                other => {
                    return Err(ApiError::invalid(format!(
                        "event_deltas[]: `{}` is not `agent.message` or `agent.thinking`",
                        other.escape_debug()
                    )));
                }
            }
        }
        Ok(previews)
    }

    /// What is sent before an event.
    fn of(self, event: &Value) -> Vec<Value> {
        if !self.messages || event["type"] != kind::SAID {
            return Vec::new();
        }
        let id = &event["id"];
        let mut previews = vec![json!({
            "type": "event_start",
            "event": {"type": event["type"], "id": id},
        })];
        let blocks = event["content"].as_array().map(Vec::as_slice);
        for (index, block) in blocks.unwrap_or_default().iter().enumerate() {
            let text: Vec<char> = block["text"].as_str().unwrap_or_default().chars().collect();
            previews.extend(text.chunks(PIECE).map(|piece| {
                let piece: String = piece.iter().collect();
                json!({
                    "type": "event_delta",
                    "event_id": id,
                    "delta": {
                        "type": "content_delta",
                        "index": index,
                        "content": {"type": "text", "text": piece},
                    },
                })
            }));
        }
        previews
    }
}

/// Where a stream is.
struct Reader {
    shared: Arc<Shared>,
    session: i64,
    listener: Listener,
    stopping: tokio::sync::watch::Receiver<bool>,
    previews: Previews,
    /// The last place that was read.
    place: i64,
    /// What was read and is not sent yet.
    ready: VecDeque<Value>,
    /// How many events may be sent before the stream is cut.
    until_cut: Option<u64>,
    ended: bool,
}

impl Reader {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            let is_cut = self.until_cut == Some(0);
            if is_cut || self.ended && self.ready.is_empty() {
                return None;
            }
            if let Some(event) = self.ready.pop_front() {
                if let Some(left) = &mut self.until_cut {
                    *left -= 1;
                }
                return Some((Ok(framed(&event)), self));
            }
            self.read_on().await;
        }
    }

    /// Has those of some events sent that are behind the last that was read.
    fn show(&mut self, events: &[Stored]) {
        for event in events {
            let Some(place) = event.place.filter(|place| *place > self.place) else {
                continue;
            };
            self.place = place;
            let event = event.wire();
            self.ready.extend(self.previews.of(&event));
            self.ready.push_back(event);
        }
    }

    /// Reads what is new, or waits for news.
    async fn read_on(&mut self) {
        // Seen before the history is read: news that come meanwhile are news.
        let news = self.listener.news.borrow_and_update().clone();
        let (session, place) = (self.session, self.place);
        let read = self
            .shared
            .database
            .run(move |transaction| history::after(transaction, session, place, BATCH));
        match read.await {
            Ok(events) if events.is_empty() => {}
            Ok(events) => {
                self.show(&events);
                self.listener.has_read(self.place);
                return;
            }
            Err(error) => {
                self.ready.push_back(json!({
                    "type": "error",
                    "error": {"type": "api_error", "message": error.message},
                }));
                self.ended = true;
                return;
            }
        }
        if let News::Deleted(rest) = news {
            self.show(&rest.unread);
            self.ready.push_back(rest.deleted.clone());
            self.ended = true;
            return;
        }
        let stopped = async {
            // Whoever may stop the server is gone: so is the server.
            let _ = self.stopping.wait_for(|stops| *stops).await;
        };
        tokio::select! {
            () = stopped => self.ended = true,
            changed = self.listener.news.changed() => self.ended = changed.is_err(),
        }
    }
}

fn framed(event: &Value) -> Event {
    Event::default()
        .event(event["type"].as_str().unwrap_or("message"))
        .data(event.to_string())
}

pub(super) async fn of_session(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let find = move |transaction: &Transaction<'_>| find(transaction, &owner, &id);
    open(shared, &parameters, find).await
}

pub(super) async fn of_thread(
    State(shared): State<Arc<Shared>>,
    Caller { owner }: Caller,
    Path((id, thread)): Path<(String, String)>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let find =
        move |transaction: &Transaction<'_>| threads::find(transaction, &owner, &id, &thread);
    open(shared, &parameters, find).await
}

async fn open(
    shared: Arc<Shared>,
    parameters: &Parameters,
    find: impl FnOnce(&Transaction<'_>) -> Result<Session, ApiError> + Send + 'static,
) -> Result<Response, ApiError> {
    let previews = Previews::read(parameters)?;
    let listeners = shared.listeners.clone();
    let opened = shared.database.run(move |transaction| {
        let session = find(transaction)?;
        // Nothing is kept between this and the look at the session: the database is held.
        Ok((listeners.listen(session.number, session.place), session))
    });
    let (listener, session) = opened.await?;
    let number = shared.streams.fetch_add(1, Ordering::Relaxed);
    let reader = Reader {
        session: session.number,
        listener,
        stopping: shared.stopping.subscribe(),
        previews,
        place: session.place,
        ready: VecDeque::new(),
        until_cut: shared.faults.cut_of(number),
        ended: false,
        shared,
    };
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive");
    Ok(Sse::new(stream::unfold(reader, Reader::next))
        .keep_alive(keep_alive)
        .into_response())
}

//! The events of a session, each once and in order, whatever becomes of the stream.
//!
//! A stream gives only what comes after it was opened. So one that broke off is opened again first, and
//! the history is read after that; whatever is there twice is known by its id.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use super::{Client, Event, Family, PlatformError};
use crate::http::{EventStream, StreamError};

/// How often in a row a stream is opened again that gives nothing.
const FRUITLESS: u32 = 8;

/// How long is waited before a stream is opened again that gave nothing, doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// A session's events.
pub struct Feed {
    client: Client,
    session: String,
    stream: Option<EventStream>,
    /// Events that are the caller's next.
    queue: VecDeque<Event>,
    /// The ids of events that were queued.
    seen: BTreeSet<String>,
    /// How often in a row the stream was opened again without anything new.
    fruitless: u32,
}

impl Feed {
    /// Opens the stream of a session that has had no event that matters.
    pub(super) async fn open(client: Client, session: String) -> Result<Self, PlatformError> {
        let stream = client.stream(&path(&session)).await?;
        Ok(Self {
            client,
            session,
            stream: Some(stream),
            queue: VecDeque::new(),
            seen: BTreeSet::new(),
            fruitless: 0,
        })
    }

    /// The next event that was processed. If the future is dropped, no event is lost.
    pub async fn next(&mut self) -> Result<Event, PlatformError> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                self.fruitless = 0;
                return Ok(event);
            }
            let Some(stream) = &mut self.stream else {
                self.reopen().await?;
                continue;
            };
            match stream.next().await {
                Ok(Some(data)) => match serde_json::from_str::<Event>(&data) {
                    Ok(event) => self.take(event),
                    // An event that is cut or garbled is in the history as it should be.
                    Err(_) => self.stream = None,
                },
                // Silence is no fault of the stream: an agent may think for long.
                Err(StreamError::Silent(_)) => {
                    self.stream = None;
                    self.fruitless = 0;
                }
                Ok(None) | Err(_) => self.stream = None,
            }
        }
    }

    /// Queues an event that was processed and not seen before.
    fn take(&mut self, event: Event) {
        // Events that are never stored have no id, and nothing that the stored ones have not.
        let counts = !event.id.is_empty() && event.processed_at.is_some();
        if counts && self.seen.insert(event.id.clone()) {
            self.queue.push_back(event);
        }
    }

    async fn reopen(&mut self) -> Result<(), PlatformError> {
        if self.fruitless > 0 {
            if self.fruitless > FRUITLESS {
                return Err(PlatformError::Unmet(format!(
                    "the stream of session `{}` broke off {FRUITLESS} times in a row without an event",
                    self.session
                )));
            }
            tokio::time::sleep(FIRST_WAIT * (1 << (self.fruitless - 1).min(6))).await;
        }
        self.fruitless += 1;
        let stream = self.client.stream(&path(&self.session)).await?;
        for event in history(&self.client, &self.session).await? {
            self.take(event);
        }
        self.stream = Some(stream);
        Ok(())
    }
}

fn path(session: &str) -> String {
    format!("/v1/sessions/{session}/events/stream")
}

/// All events of a session, those that wait included.
pub(super) async fn history(client: &Client, session: &str) -> Result<Vec<Event>, PlatformError> {
    let path = format!("/v1/sessions/{session}/events?limit=1000");
    client.list(Family::Agents, &path).await
}

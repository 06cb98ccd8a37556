//! A stream of events that stays open, one event at a time.
//!
//! Nothing is tried again here: what a stream missed is not sent again, so whoever reads it knows best
//! how to go on.

use std::{collections::VecDeque, time::Duration};

use reqwest::Response;
use tokio::time::timeout;

use super::{Progress, Wrong, client::root_cause, events::Events};

/// How a stream broke off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The connection ended within an event or before its end.
    #[error("the stream broke off: {0}")]
    Broken(String),
    /// Nothing came, not even a sign of life.
    #[error("nothing came for {0:?}")]
    Silent(Duration),
    /// What came is no stream of events.
    #[error("the stream is malformed: {0}")]
    Malformed(String),
}

/// A stream that is open.
#[derive(Debug)]
pub struct EventStream {
    response: Response,
    idle: Duration,
    events: Events,
    /// The data of events that were read and not given yet.
    read: VecDeque<String>,
}

impl EventStream {
    pub(super) fn new(response: Response, idle: Duration) -> Self {
        Self {
            response,
            idle,
            events: Events::default(),
            read: VecDeque::new(),
        }
    }

    /// The data of the next event; `None` at the end of the stream. If the future is dropped, nothing is
    /// lost.
    pub async fn next(&mut self) -> Result<Option<String>, StreamError> {
        loop {
            if let Some(data) = self.read.pop_front() {
                return Ok(Some(data));
            }
            let piece = timeout(self.idle, self.response.chunk())
                .await
                .map_err(|_| StreamError::Silent(self.idle))?
                .map_err(|error| StreamError::Broken(root_cause(&error)))?;
            let Some(piece) = piece else {
                return Ok(None);
            };
            let read = &mut self.read;
            self.events
                .read(&piece, |_, data| {
                    read.push_back(data.to_owned());
                    Ok(Progress::More)
                })
                .map_err(|wrong| match wrong {
                    Wrong::Malformed(problem) => StreamError::Malformed(problem),
                    Wrong::Reported { message, .. } => StreamError::Malformed(message),
                })?;
        }
    }
}

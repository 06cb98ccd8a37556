//! What is to be carried out once, even where an answer was lost: above all, events of a session.

use std::{collections::BTreeSet, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Client, Event, Family, PlatformError, feed::history};

/// How often something is sent of which nobody knows whether it arrived.
const ATTEMPTS: u32 = 5;

/// How long is waited before looking whether events arrived, doubled each time: a request whose answer
/// was lost may still be under way.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// How often the answer to a request was lost that is to be carried out once.
#[derive(Default)]
pub(super) struct Lost(u32);

impl Lost {
    /// After a failure: waits until it can be seen whether the request was carried out. The error is that
    /// it certainly was not, or that this has gone on for long enough.
    pub(super) async fn wait(&mut self, error: PlatformError) -> Result<(), PlatformError> {
        self.0 += 1;
        // An answer that cannot be read leaves open what was done, too.
        let is_lost = error.is_unsettled() || matches!(error, PlatformError::Content { .. });
        if !is_lost || self.0 >= ATTEMPTS {
            return Err(error);
        }
        tokio::time::sleep(FIRST_WAIT * (1 << (self.0 - 1))).await;
        Ok(())
    }
}

/// Sends events to one session.
pub(super) struct Sender {
    client: Client,
    session: String,
    /// The ids of events that were sent.
    sent: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Sent {
    data: Vec<Event>,
}

impl Sender {
    pub(super) fn new(client: Client, session: String) -> Self {
        Self {
            client,
            session,
            sent: BTreeSet::new(),
        }
    }

    /// Sends events, all or none.
    pub(super) async fn send(&mut self, events: &[Value]) -> Result<(), PlatformError> {
        let path = format!("/v1/sessions/{}/events", self.session);
        let body = json!({"events": events});
        let mut lost = Lost::default();
        loop {
            match self
                .client
                .post_once::<Sent>(Family::Agents, &path, &body)
                .await
            {
                Ok(sent) => {
                    self.sent
                        .extend(sent.data.into_iter().map(|event| event.id));
                    return Ok(());
                }
                Err(error) => lost.wait(error).await?,
            }
            if self.arrived(events).await? {
                return Ok(());
            }
        }
    }

    /// Whether events are in the history that are none of those sent before. They arrive all or none, so
    /// that the first one tells.
    async fn arrived(&mut self, events: &[Value]) -> Result<bool, PlatformError> {
        let Some(first) = events.first() else {
            return Ok(true);
        };
        let ours = history(&self.client, &self.session)
            .await?
            .into_iter()
            .filter(|event| event.kind.starts_with("user."))
            .filter(|event| !self.sent.contains(&event.id))
            .collect::<Vec<_>>();
        let is_there = ours.iter().any(|event| is_of(event, first));
        if is_there {
            self.sent.extend(ours.into_iter().map(|event| event.id));
        }
        Ok(is_there)
    }
}

/// Whether an event is the one that was to be sent.
fn is_of(event: &Event, sent: &Value) -> bool {
    let Some(sent) = sent.as_object() else {
        return false;
    };
    sent["type"] == event.kind.as_str()
        && ["content", "custom_tool_use_id", "description"]
            .iter()
            .all(|field| match sent.get(*field) {
                None => true,
                // The service may add fields to a block, so texts are compared.
                Some(Value::Array(blocks)) => {
                    let texts: Vec<&str> = blocks
                        .iter()
                        .filter_map(|block| block["text"].as_str())
                        .collect();
                    texts.join("\n") == event.content()
                }
                Some(value) => event.rest.get(*field) == Some(value),
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_known_by_what_it_says() {
        let event: Event = serde_json::from_value(json!({
            "type": "user.custom_tool_result", "id": "sevt_2", "processed_at": null,
            "custom_tool_use_id": "sevt_1", "is_error": false,
            "content": [{"type": "text", "text": "a", "citations": null}],
        }))
        .expect("an event");
        let sent = |call: &str, text: &str| {
            json!({"type": "user.custom_tool_result", "custom_tool_use_id": call,
                "content": [{"type": "text", "text": text}]})
        };
        assert!(is_of(&event, &sent("sevt_1", "a")));
        assert!(!is_of(&event, &sent("sevt_0", "a")));
        assert!(!is_of(&event, &sent("sevt_1", "b")));
        assert!(!is_of(&event, &json!({"type": "user.interrupt"})));
    }
}

//! Sessions as a client talks to them: opened, told something, listened to.

use std::pin::Pin;

use eventsource_stream::Eventsource as _;
use futures_util::{Stream, StreamExt as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Got, Local, json_body, send};

/// A task that the embedded agent works on.
pub(super) const TASK: &str = include_str!("../../conformance/task.txt");

/// What its document says.
const LETTER: &str =
    "Dear Dana,\n\nplease answer by 2026-03-16. We like to be addressed as Dear Northwind team.\n";

/// The tools that the agent of a trial has.
pub(super) fn tools() -> Value {
    let tool = |name: &str, properties: Value| {
        json!({
            "type": "custom", "name": name, "description": name,
            "input_schema": {"type": "object", "properties": properties}
        })
    };
    json!([
        tool("read_document", json!({"name": {"type": "string"}})),
        tool("ask_user", json!({"questions": {"type": "array"}})),
        tool(
            "submit",
            json!({"fields": {"type": "object"}, "body": {"type": "string"}})
        ),
    ])
}

pub(super) fn message(text: &str) -> Value {
    json!({"type": "user.message", "content": [{"type": "text", "text": text}]})
}

/// The answer to a use of a custom tool.
pub(super) fn answer(used: &Value, submitted: &str) -> Value {
    let text = match used["name"].as_str().unwrap() {
        "read_document" => LETTER,
        "ask_user" => "The deadline is 2026-03-16. The client is addressed as Dear Northwind team.",
        "submit" => submitted,
        other => panic!("{other}"),
    };
    json!({
        "type": "user.custom_tool_result", "custom_tool_use_id": used["id"],
        "content": [{"type": "text", "text": text}], "is_error": false
    })
}

pub(super) fn kinds(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

/// Why the session of these events is idle.
pub(super) fn stop(events: &[Value]) -> &str {
    let last = events.last().unwrap();
    assert_eq!(last["type"], "session.status_idle", "{last}");
    last["stop_reason"]["type"].as_str().unwrap()
}

/// A stream of events as a client reads it.
pub(super) struct Listening(Pin<Box<dyn Stream<Item = Value> + Send>>);

impl Listening {
    /// The events up to the next one of this kind.
    pub(super) async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.0.next().await;
            let event = event.unwrap_or_else(|| panic!("no {kind} after {:?}", kinds(&events)));
            let found = event["type"] == kind;
            events.push(event);
            if found {
                return events;
            }
        }
    }

    /// The events up to the end.
    pub(super) async fn rest(&mut self) -> Vec<Value> {
        self.0.by_ref().collect().await
    }
}

impl Local {
    /// The ids of a new agent with these tools and of a new environment.
    pub(super) async fn agent(&self, tools: Value) -> (String, String) {
        let body = json!({"name": "a", "model": "claude-sonnet-5-5", "tools": tools});
        let agent = self.post("/v1/agents", body).await.ok();
        let environment = self
            .post("/v1/environments", json!({"name": "e"}))
            .await
            .ok();
        let id = |object: &Value| object["id"].as_str().unwrap().to_owned();
        (id(&agent), id(&environment))
    }

    /// The path of a new session with these fields.
    pub(super) async fn session(&self, fields: Value) -> String {
        let (agent, environment) = self.agent(tools()).await;
        let mut body = json!({"agent": agent, "environment_id": environment});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        let session = self.post("/v1/sessions", body).await.ok();
        format!("/v1/sessions/{}", session["id"].as_str().unwrap())
    }

    pub(super) async fn say(&self, session: &str, events: Value) -> Got {
        self.post(&format!("{session}/events"), json!({"events": events}))
            .await
    }

    pub(super) async fn listen(&self, session: &str) -> Listening {
        self.listen_at(&format!("{session}/events/stream")).await
    }

    pub(super) async fn listen_at(&self, path: &str) -> Listening {
        let request = self.request_of("one", Method::GET, path);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let events = response.bytes_stream().eventsource().map(|event| {
            let event = event.unwrap();
            let data: Value = serde_json::from_str(&event.data).unwrap();
            assert_eq!(data["type"], event.event.as_str());
            data
        });
        Listening(Box::pin(events))
    }

    /// Says something and gives what follows until the session is idle.
    pub(super) async fn turn(&self, session: &str, events: Value) -> Vec<Value> {
        let mut listening = self.listen(session).await;
        self.say(session, events).await.ok();
        listening.until("session.status_idle").await
    }

    /// Says something, answers the agent's tools, and gives everything until the turn is over.
    pub(super) async fn converse(
        &self,
        session: &str,
        event: Value,
        submitted: &str,
    ) -> Vec<Value> {
        let mut seen = self.turn(session, json!([event])).await;
        while stop(&seen) == "requires_action" {
            let last = seen.last().unwrap()["stop_reason"]["event_ids"].clone();
            let answers: Vec<Value> = seen
                .iter()
                .filter(|event| last.as_array().unwrap().contains(&event["id"]))
                .map(|used| answer(used, submitted))
                .collect();
            seen.extend(self.turn(session, json!(answers)).await);
        }
        seen
    }

    /// The whole history of a session.
    pub(super) async fn history(&self, session: &str) -> Vec<Value> {
        self.pages(&format!("{session}/events"), 1000)
            .await
            .concat()
    }

    /// Waits until a session does not run.
    pub(super) async fn settled(&self, session: &str) -> Value {
        loop {
            let mut listening = self.listen(session).await;
            let found = self.get(session).await.ok();
            if found["status"] != "running" {
                return found;
            }
            listening.until("session.status_idle").await;
        }
    }

    /// A request with a body and another key.
    pub(super) async fn post_as(&self, key: &str, path: &str, body: &Value) -> Got {
        send(json_body(self.request_of(key, Method::POST, path), body)).await
    }
}

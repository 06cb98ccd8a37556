//! The local server, over HTTP, as clients meet it.

mod agents;
mod command;
mod dreams;
mod events;
mod files;
mod front;
mod malformed;
mod memories;
mod mounts;
mod opening;
mod outcomes;
mod process;
mod restarts;
mod sessions;
mod stores;
mod streams;
mod talk;

use std::{net::SocketAddr, num::NonZeroU32, sync::Arc};

use dreamtrial::{
    quantity::FixedClock,
    serve::{RateLimits, Server, Settings},
};
use reqwest::{
    Client, Method, RequestBuilder, StatusCode,
    header::{HeaderMap, HeaderValue},
};
use serde_json::{Value, json};
use tokio::{sync::oneshot, task::JoinSet};

pub(super) const AGENTS: &str = "managed-agents-2026-04-01";
pub(super) const DREAMS: &str = "dreaming-2026-04-21";
pub(super) const MEMORY: &str = "agent-memory-2026-07-22";

/// When it is, for a server of a test.
pub(super) const NOW: &str = "2026-11-20T09:00:00Z";

/// A server that runs until this is dropped, and a client.
pub(super) struct Local {
    address: SocketAddr,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    tasks: JoinSet<()>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Got {
    /// The object of an answer that is no error.
    #[track_caller]
    pub(super) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body
    }

    /// Status, type and message of an error, after a look at its envelope.
    #[track_caller]
    pub(super) fn error(self) -> (u16, String, String) {
        assert_eq!(self.body["type"], "error", "{}", self.body);
        assert_eq!(
            self.headers["request-id"].to_str().unwrap(),
            self.body["request_id"].as_str().unwrap()
        );
        let text = |name: &str| self.body["error"][name].as_str().unwrap().to_owned();
        (self.status.as_u16(), text("type"), text("message"))
    }

    /// Status and type of an error.
    #[track_caller]
    pub(super) fn refusal(self) -> (u16, String) {
        let (status, kind, _) = self.error();
        (status, kind)
    }
}

impl Local {
    /// A server with nothing in it, at a time that stands still.
    pub(super) async fn start() -> Self {
        Self::with(settings()).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        // Every client of this process speaks with the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Server::bind(settings).await.unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let stopped = async move {
                let _ = stopped.await;
            };
            server.serve(stopped).await.unwrap();
        });
        Self {
            address,
            client: Client::builder().no_proxy().build().unwrap(),
            stop: Some(stop),
            tasks,
        }
    }

    /// A server that somebody else has started.
    pub(super) fn at(address: SocketAddr) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            address,
            client: Client::builder().no_proxy().build().unwrap(),
            stop: None,
            tasks: JoinSet::new(),
        }
    }

    /// Stops the server and waits until its database is closed.
    pub(super) async fn stop(mut self) {
        drop(self.client);
        drop(self.stop.take());
        self.tasks.join_next().await.unwrap().unwrap();
    }

    /// A request without any header.
    pub(super) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.address))
    }

    /// A request as a client of the family sends it, with a key.
    pub(super) fn request_of(&self, key: &str, method: Method, path: &str) -> RequestBuilder {
        let beta = if path.starts_with("/v1/memory_stores") {
            MEMORY
        } else if path.starts_with("/v1/dreams") {
            DREAMS
        } else {
            AGENTS
        };
        self.bare(method, path)
            .header("x-api-key", key)
            .header("anthropic-version", "2026-10-21")
            .header("anthropic-beta", beta)
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Got {
        send(json_body(self.request_of("one", Method::POST, path), &body)).await
    }

    pub(super) async fn get(&self, path: &str) -> Got {
        send(self.request_of("one", Method::GET, path)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Got {
        send(self.request_of("one", Method::DELETE, path)).await
    }

    /// All objects of a list, by pages of so many.
    pub(super) async fn pages(&self, path: &str, limit: usize) -> Vec<Vec<Value>> {
        let join = if path.contains('?') { '&' } else { '?' };
        let mut pages = Vec::new();
        let mut page = String::new();
        loop {
            let got = self
                .get(&format!("{path}{join}limit={limit}{page}"))
                .await
                .ok();
            pages.push(got["data"].as_array().unwrap().clone());
            match &got["next_page"] {
                Value::String(cursor) => page = format!("&page={cursor}"),
                Value::Null => return pages,
                other => panic!("{other}"),
            }
        }
    }

    /// The path of a new memory store.
    pub(super) async fn store(&self, name: &str) -> String {
        let store = self
            .post("/v1/memory_stores", json!({"name": name}))
            .await
            .ok();
        format!("/v1/memory_stores/{}", store["id"].as_str().unwrap())
    }
}

pub(super) fn settings() -> Settings {
    Settings {
        clock: Arc::new(FixedClock(NOW.parse().unwrap())),
        ..Settings::default()
    }
}

/// So many objects made and read in a minute.
pub(super) fn limits(creates: u32, reads: u32) -> RateLimits {
    RateLimits {
        creates: NonZeroU32::new(creates).unwrap(),
        reads: NonZeroU32::new(reads).unwrap(),
    }
}

pub(super) fn json_body(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request
        .header("content-type", "application/json")
        .body(body.to_string())
}

pub(super) async fn send(request: RequestBuilder) -> Got {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    assert_eq!(
        headers.get("content-type"),
        Some(&HeaderValue::from_static("application/json"))
    );
    let id = headers["request-id"].to_str().unwrap();
    assert!(id.starts_with("req_"), "{id}");
    Got {
        status,
        body: serde_json::from_slice(&response.bytes().await.unwrap()).unwrap(),
        headers,
    }
}

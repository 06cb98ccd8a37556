//! Load for `dreamtrial serve`: streams that stay open, objects made at a steady rate, reads in between.
//!
//! `serve_load URL [STREAMS [CREATES_A_SECOND [SECONDS]]]`. It opens a session for each stream, sends each
//! session messages all along, and makes objects in turn: a memory store, a memory, a session. Requests
//! begin when they are due, whether earlier ones are answered or not, so that a server that falls behind
//! shows it. At the end every stream is held against the history of its session.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a program for measurements keeps its own time, says what it found, and does one thing after another"
)]

use std::{
    collections::BTreeSet,
    error::Error,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::task::JoinSet;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Reads a second, beside everything else.
const READS: u64 = 200;

/// Messages a second, over all sessions with a stream.
const MESSAGES: u64 = 50;

/// How long streams are given at the end for what is still on its way.
const AFTERMATH: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Api {
    client: Client,
    url: String,
}

impl Api {
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().await?;
        let status = response.status();
        let bytes = response.bytes().await?;
        if !status.is_success() {
            return Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&bytes)).into());
        }
        Ok(serde_json::from_slice(&bytes)?)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let beta = if path.starts_with("/v1/memory_stores") {
            "agent-memory-2026-07-22"
        } else {
            "managed-agents-2026-04-01"
        };
        self.client
            .request(method, format!("{}{path}", self.url))
            .header("x-api-key", "load")
            .header("anthropic-version", "2026-10-21")
            .header("anthropic-beta", beta)
    }

    async fn id(&self, path: &str, body: Value) -> Result<String> {
        let made = self.ask(Method::POST, path, Some(body)).await?;
        Ok(made["id"].as_str().ok_or("no id")?.to_owned())
    }
}

/// How long requests of a kind took.
#[derive(Default)]
struct Times(Mutex<Vec<Duration>>);

impl Times {
    fn add(&self, time: Duration) {
        if let Ok(mut all) = self.0.lock() {
            all.push(time);
        }
    }

    fn words(&self) -> String {
        let mut all = self.0.lock().map(|all| all.clone()).unwrap_or_default();
        all.sort_unstable();
        let at = |share: usize| {
            let place = (all.len() * share / 1_000).min(all.len().saturating_sub(1));
            all.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        format!(
            "{} requests: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
            all.len(),
            at(500),
            at(990),
            at(1_000)
        )
    }
}

/// The ids of the events that a stream gave, until it ends.
async fn listen(api: Api, session: String, seen: Arc<Mutex<BTreeSet<String>>>) -> Result<()> {
    let path = format!("/v1/sessions/{session}/events/stream");
    let response = api.request(Method::GET, &path).send().await?;
    let mut bytes = response.error_for_status()?.bytes_stream();
    let mut text = String::new();
    while let Some(piece) = bytes.next().await {
        text.push_str(&String::from_utf8_lossy(&piece?));
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            let data = event.lines().find_map(|line| line.strip_prefix("data: "));
            let id = data
                .and_then(|data| serde_json::from_str::<Value>(data).ok())
                .and_then(|event| Some(event["id"].as_str()?.to_owned()));
            if let (Some(id), Ok(mut seen)) = (id, seen.lock()) {
                seen.insert(id);
            }
        }
    }
    Ok(())
}

/// Begins something `rate` times a second for some seconds, whether the ones before have ended or not.
async fn steadily<F: Future<Output = Result<()>> + Send + 'static>(
    rate: u64,
    seconds: u64,
    failed: Arc<AtomicU64>,
    mut begin: impl FnMut(u64) -> F,
) -> Duration {
    let start = Instant::now();
    let mut running = JoinSet::new();
    for number in 0..rate * seconds {
        let due = Duration::from_micros(number * 1_000_000 / rate.max(1));
        if let Some(early) = due.checked_sub(start.elapsed()) {
            tokio::time::sleep(early).await;
        }
        running.spawn(begin(number));
    }
    while let Some(ended) = running.join_next().await {
        if !matches!(ended, Ok(Ok(()))) {
            failed.fetch_add(1, Ordering::Relaxed);
            if let Ok(Err(error)) = ended {
                eprintln!("{error}");
            }
        }
    }
    start.elapsed()
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments
        .next()
        .ok_or("usage: serve_load URL [STREAMS [CREATES_A_SECOND [SECONDS]]]")?;
    let mut number = |default: u64| -> Result<u64> {
        Ok(arguments
            .next()
            .map_or(Ok(default), |text| text.parse::<u64>())?)
    };
    let (streams, creates, seconds) = (number(500)?, number(1_000)?, number(30)?);
    // It fails when a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let api = Api {
        client: Client::builder().no_proxy().build()?,
        url,
    };
    let agent = api
        .id(
            "/v1/agents",
            json!({"name": "load", "model": "claude-sonnet-5-5"}),
        )
        .await?;
    let environment = api.id("/v1/environments", json!({"name": "load"})).await?;
    let store = api.id("/v1/memory_stores", json!({"name": "load"})).await?;
    let session = json!({"agent": agent, "environment_id": environment});

    let mut sessions = Vec::new();
    let mut listening = JoinSet::new();
    for _ in 0..streams {
        let id = api.id("/v1/sessions", session.clone()).await?;
        let seen: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        listening.spawn(listen(api.clone(), id.clone(), Arc::clone(&seen)));
        sessions.push((id, seen));
    }
    // Only what comes after a stream was opened is on it.
    tokio::time::sleep(Duration::from_secs(2)).await;

    let failed: Arc<AtomicU64> = Arc::default();
    let (made, read): (Arc<Times>, Arc<Times>) = Default::default();
    let making = {
        let (api, made, store) = (api.clone(), Arc::clone(&made), store.clone());
        let session = session.clone();
        steadily(creates, seconds, Arc::clone(&failed), move |number| {
            let (api, made, store, session) = (
                api.clone(),
                Arc::clone(&made),
                store.clone(),
                session.clone(),
            );
            async move {
                let began = Instant::now();
                let (path, body) = match number % 3 {
                    0 => ("/v1/memory_stores".to_owned(), json!({"name": "made"})),
                    // A store holds 2,000 memories.
                    1 if number < 6_000 => (
                        format!("/v1/memory_stores/{store}/memories"),
                        json!({"path": format!("/{number}.md"), "content": "- made"}),
                    ),
                    _ => ("/v1/sessions".to_owned(), session),
                };
                api.ask(Method::POST, &path, Some(body)).await?;
                made.add(began.elapsed());
                Ok(())
            }
        })
    };
    let reading = {
        let (api, read) = (api.clone(), Arc::clone(&read));
        let ids: Vec<String> = sessions.iter().map(|(id, _)| id.clone()).collect();
        steadily(READS, seconds, Arc::clone(&failed), move |number| {
            let (api, read) = (api.clone(), Arc::clone(&read));
            let at = usize::try_from(number).unwrap_or(0) % ids.len().max(1);
            let path = match number % 4 {
                0 => "/v1/memory_stores?limit=100".to_owned(),
                1 => format!("/v1/sessions/{}/events", ids[at]),
                2 => "/v1/sessions?limit=20".to_owned(),
                _ => format!("/v1/sessions/{}", ids[at]),
            };
            async move {
                let began = Instant::now();
                api.ask(Method::GET, &path, None).await?;
                read.add(began.elapsed());
                Ok(())
            }
        })
    };
    let talking = {
        let api = api.clone();
        let ids: Vec<String> = sessions.iter().map(|(id, _)| id.clone()).collect();
        steadily(MESSAGES, seconds, Arc::clone(&failed), move |number| {
            let api = api.clone();
            let at = usize::try_from(number).unwrap_or(0) % ids.len().max(1);
            let path = format!("/v1/sessions/{}/events", ids[at]);
            let text = format!("message {number}");
            let body = json!({"events": [
                {"type": "user.message", "content": [{"type": "text", "text": text}]},
            ]});
            async move { api.ask(Method::POST, &path, Some(body)).await.map(|_| ()) }
        })
    };
    let (took, _, _) = tokio::join!(making, reading, talking);
    tokio::time::sleep(AFTERMATH).await;

    let (mut events, mut lost) = (0, 0);
    for (id, seen) in &sessions {
        let history = api
            .ask(
                Method::GET,
                &format!("/v1/sessions/{id}/events?limit=1000"),
                None,
            )
            .await?;
        let seen = seen.lock().map(|seen| seen.clone()).unwrap_or_default();
        for event in history["data"].as_array().into_iter().flatten() {
            events += 1;
            lost += u64::from(!seen.contains(event["id"].as_str().unwrap_or_default()));
        }
    }
    let ended = listening.try_join_next().is_some();
    println!(
        "{streams} streams, {creates} creates a second for {seconds} s\n  creates  {}, all done after {:.1} s\n  reads    {}\n  events   {events} on streams, {lost} lost{}\n  failed   {}",
        made.words(),
        took.as_secs_f64(),
        read.words(),
        if ended { ", a stream ended early" } else { "" },
        failed.load(Ordering::Relaxed),
    );
    Ok(())
}

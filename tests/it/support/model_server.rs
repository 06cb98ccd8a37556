//! A server that speaks both wire formats on loopback and plays the reference agent, the embedded
//! dreamer and the embedded grader behind them.
//!
//! It holds no conversation: whatever it answers, it makes of the request alone, as a model does. It
//! knows the plan, so that it can tell from the seed of a request which session it is of, and insists
//! that the texts of that session stand in the request.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::{get, post},
};
use dreamtrial::{
    experiment::live::Provider,
    model::Stop,
    plan::Plan,
    quantity::{Seed, Tokens},
    transcript::Usage,
};

use super::{
    played::{Played, World, is_check},
    wire_formats::{Answer, SeenRequest, read_request, write_answer},
};

/// What the server has counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: AtomicU64,
    pub(crate) usage: Mutex<Usage>,
    /// Values of the headers that carry keys, as they came.
    pub(crate) keys: Mutex<Vec<String>>,
    /// Requests that could not be played, and why.
    pub(crate) refused: Mutex<Vec<String>>,
}

/// A server that runs until this is dropped.
pub(crate) struct ModelServer {
    pub(crate) address: SocketAddr,
    pub(crate) counts: Arc<Counts>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What a judge says of a criterion, by the request's seed and the criterion's place, where the checks say
/// whether it is met.
pub(crate) type Noise = fn(Seed, u64, bool) -> bool;

struct Shared {
    world: World,
    counts: Arc<Counts>,
}

impl ModelServer {
    /// Serves the sessions of a plan.
    pub(crate) fn start(plan: Arc<Plan>) -> Self {
        Self::start_noisy(plan, |_, _, met| met)
    }

    /// Serves them with a judge that is wrong in a known way.
    pub(crate) fn start_noisy(plan: Arc<Plan>, noise: Noise) -> Self {
        let counts: Arc<Counts> = Arc::default();
        let shared = Arc::new(Shared {
            world: World::new(plan, noise),
            counts: Arc::clone(&counts),
        });
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (told, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                told.send(listener.local_addr().unwrap()).unwrap();
                let app = Router::new()
                    .route("/v1/models", get(models))
                    .route("/v1/messages", post(messages))
                    .route("/v1/chat/completions", post(chat))
                    .with_state(shared);
                axum::serve(listener, app)
                    .with_graceful_shutdown(async {
                        let _ = stopped.await;
                    })
                    .await
                    .unwrap();
            });
        });
        Self {
            address: address.recv().unwrap(),
            counts,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// What goes into an experiment as `base_url`.
    pub(crate) fn base_url(&self, provider: Provider) -> String {
        match provider {
            Provider::Anthropic => format!("http://{}", self.address),
            Provider::Openai => format!("http://{}/v1", self.address),
        }
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The models that the server says it has.
const MODELS: [&str; 3] = ["local", "local-mini", "remote"];

/// The list, which is the same below the addresses of both formats.
async fn models() -> Response {
    let data: Vec<_> = MODELS
        .iter()
        .map(|id| serde_json::json!({"id": id, "max_input_tokens": 200_000, "max_tokens": 8_192}))
        .collect();
    Response::builder()
        .header("content-type", "application/json")
        .body(Body::from(serde_json::json!({"data": data}).to_string()))
        .unwrap()
}

fn error(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = serde_json::json!({"error": {"type": kind, "message": message}});
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

async fn messages(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.answer(Provider::Anthropic, &headers, &body)
}

async fn chat(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.answer(Provider::Openai, &headers, &body)
}

impl Shared {
    fn answer(&self, provider: Provider, headers: &HeaderMap, body: &[u8]) -> Response {
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
        for name in ["authorization", "x-api-key"] {
            if let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) {
                self.counts.keys.lock().unwrap().push(value.to_owned());
            }
        }
        let seen = read_request(provider, body);
        if is_check(&seen) && !MODELS.contains(&seen.model.as_str()) {
            let message = format!("model: {}", seen.model);
            return error(StatusCode::NOT_FOUND, "not_found_error", &message);
        }
        let played =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.world.play(&seen)));
        let played = match played {
            Ok(played) => played,
            Err(panic) => {
                let why = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()))
                    .unwrap_or_default();
                let why = format!("cannot play a request of seed {:?}: {why}", seen.seed);
                self.counts.refused.lock().unwrap().push(why.clone());
                return error(StatusCode::BAD_REQUEST, "invalid_request_error", &why);
            }
        };
        let answer = written(provider, &seen, played, body.len());
        *self.counts.usage.lock().unwrap() += answer.usage;
        let (kind, pieces) = write_answer(provider, &answer, seen.stream);
        let pieces = pieces
            .into_iter()
            .map(|piece| Ok::<_, std::convert::Infallible>(Bytes::from(piece)));
        Response::builder()
            .header("content-type", kind)
            .header("request-id", "req_local")
            .body(Body::from_stream(futures_util::stream::iter(pieces)))
            .unwrap()
    }
}

/// An answer with tokens that follow from the sizes of request and answer.
fn written(provider: Provider, seen: &SeenRequest, played: Played, sent: usize) -> Answer {
    let calls: Vec<_> = played
        .calls
        .into_iter()
        .enumerate()
        .map(|(number, (name, arguments))| {
            (
                format!("call_{}_{number}", seen.turns.len()),
                name,
                arguments,
            )
        })
        .collect();
    let sent = sent as u64 / 4;
    let read = if seen.turns.len() > 1 {
        sent * 3 / 4
    } else {
        0
    };
    let written = if provider == Provider::Anthropic {
        (sent - read) / 2
    } else {
        0
    };
    let output: usize = played.text.len()
        + calls
            .iter()
            .map(|(_, name, arguments)| name.len() + arguments.to_string().len())
            .sum::<usize>();
    Answer {
        stop: if calls.is_empty() {
            Stop::End
        } else {
            Stop::Calls
        },
        text: played.text,
        calls,
        usage: Usage {
            uncached_input: Tokens(sent - read - written),
            cache_write: Tokens(written),
            cache_read: Tokens(read),
            output: Tokens(output as u64 / 4 + 1),
        },
        model: "reference-behind-the-wire".to_owned(),
    }
}

/// The seeds of all sessions of a plan, as a request carries them, by label.
pub(super) fn seeds(plan: &Plan, label: &str) -> BTreeMap<u64, (usize, u32, u32)> {
    let mut seeds = BTreeMap::new();
    for trial in &plan.trials {
        let sessions = plan.scenarios[trial.scenario].scenario.sessions.len();
        for session in 1..=u32::try_from(sessions).unwrap() {
            let seed = plan.seed(trial, session).derive(label);
            // A dreamer's calls have seeds of their own.
            let calls = (0..8).map(|call| seed.derive_number(call));
            for seed in std::iter::once(seed).chain(calls) {
                let place = (trial.scenario, trial.repetition, session);
                seeds.insert(seed.0 & ((1 << 53) - 1), place);
            }
        }
    }
    seeds
}

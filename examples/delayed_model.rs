//! A model server for measurements of throughput: it waits as long as it is told, answers by a fixed
//! script, and counts.
//!
//! It is no model and judges nothing. To a task it asks one question, to whatever comes back it hands in
//! one deliverable, and to the end of a session it says a word. It reads no more of a request than the
//! head of its last message, so that a small machine can serve thousands of requests a second beside the
//! program that is measured. It speaks chat completions and the Messages API, streamed or not.
//!
//! `cargo run --release --example delayed_model -- 127.0.0.1:8090 200` waits 200 milliseconds;
//! `GET /stats` tells what was counted and begins anew.
#![expect(
    clippy::disallowed_methods,
    clippy::format_collect,
    reason = "a server for measurements keeps its own time, and writes its few frames once"
)]

use std::{
    error::Error,
    io::Write as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderValue, header::CONTENT_TYPE},
    response::Response,
    routing::{get, post},
};
use serde_json::{Value, json};

/// Words of a last message that is a task, and of one that ends a session.
const TASK: &[u8] = b"Fields to hand in:";
const OVER: &[u8] = b"The session is over.";
/// What each message has. Within a text the quotes would be escaped.
const ROLE: &[u8] = b"\"role\":";

#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    bytes: AtomicU64,
    in_flight: AtomicU64,
    most_in_flight: AtomicU64,
    /// When the first request was there, and when the last answer went.
    span: Mutex<Option<(Instant, Instant)>>,
}

struct Server {
    delay: Duration,
    counts: Counts,
}

/// What is answered.
enum Reply {
    Call(&'static str, &'static str),
    Word,
}

/// The last message and what stands behind it: settings, and in chat completions the tools.
fn end_of(body: &[u8]) -> &[u8] {
    let role = body.windows(ROLE.len()).rposition(|window| window == ROLE);
    &body[role.unwrap_or(0)..]
}

fn reply(last: &[u8]) -> Reply {
    if find(last, OVER) {
        Reply::Word
    } else if find(last, TASK) {
        Reply::Call("ask_user", r#"{"questions":["Which way do you want it?"]}"#)
    } else {
        Reply::Call(
            "submit",
            r#"{"fields":{},"body":"Here is what you asked for."}"#,
        )
    }
}

fn find(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|window| window == words)
}

impl Server {
    async fn answer(
        &self,
        body: Bytes,
        whole: fn(u64, u64, &Reply) -> Value,
        frames: fn(u64, u64, &Reply) -> String,
    ) -> Response {
        let counts = &self.counts;
        let now = Instant::now();
        let number = counts.requests.fetch_add(1, Ordering::Relaxed);
        let length = body.len() as u64;
        counts.bytes.fetch_add(length, Ordering::Relaxed);
        let in_flight = counts.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        counts
            .most_in_flight
            .fetch_max(in_flight, Ordering::Relaxed);
        let end = end_of(&body);
        let reply = reply(end);
        let stream = find(end, b"\"stream\":true") || find(end, b"\"stream\": true");
        drop(body);
        tokio::time::sleep_until((now + self.delay).into()).await;
        let (kind, text) = if stream {
            ("text/event-stream", frames(number, length / 4, &reply))
        } else {
            (
                "application/json",
                whole(number, length / 4, &reply).to_string(),
            )
        };
        counts.in_flight.fetch_sub(1, Ordering::Relaxed);
        let ended = Instant::now();
        let mut span = counts.span.lock().unwrap_or_else(PoisonError::into_inner);
        *span = Some((span.map_or(now, |(begun, _)| begun), ended));
        drop(span);
        let mut response = Response::new(Body::from(text));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }

    /// What was counted since the last time.
    fn stats(&self) -> String {
        let counts = &self.counts;
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        let (requests, bytes) = (take(&counts.requests), take(&counts.bytes));
        let mut span = counts.span.lock().unwrap_or_else(PoisonError::into_inner);
        let (seconds, since) = span.take().map_or((0.0, 0.0), |(begun, ended)| {
            ((ended - begun).as_secs_f64(), ended.elapsed().as_secs_f64())
        });
        json!({
            "requests": requests,
            "most_in_flight": take(&counts.most_in_flight),
            "mean_request_bytes": bytes / requests.max(1),
            "seconds_from_first_request_to_last_answer": seconds,
            "seconds_since_last_answer": since,
        })
        .to_string()
            + "\n"
    }
}

fn chat(number: u64, read: u64, reply: &Reply) -> Value {
    let (message, stop) = match reply {
        Reply::Word => (json!({"role": "assistant", "content": "Done."}), "stop"),
        Reply::Call(name, arguments) => {
            let call = json!({
                "id": format!("call_{number}"),
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            });
            (
                json!({"role": "assistant", "content": null, "tool_calls": [call]}),
                "tool_calls",
            )
        }
    };
    json!({
        "id": format!("chatcmpl-{number}"), "object": "chat.completion", "created": 1_795_000_000,
        "model": "delayed",
        "choices": [{"index": 0, "message": message, "finish_reason": stop}],
        "usage": {"prompt_tokens": read, "completion_tokens": 20, "total_tokens": read + 20},
    })
}

fn chat_frames(number: u64, read: u64, reply: &Reply) -> String {
    let mut whole = chat(number, read, reply);
    let mut delta = whole["choices"][0]["message"].take();
    if let Some(call) = delta.pointer_mut("/tool_calls/0") {
        call["index"] = 0.into();
    }
    let chunk = |choices: Value, usage: &Value| {
        json!({
            "id": whole["id"], "object": "chat.completion.chunk", "created": whole["created"],
            "model": whole["model"], "choices": choices, "usage": usage,
        })
    };
    let said = json!([{"index": 0, "delta": delta, "finish_reason": null}]);
    let stop = &whole["choices"][0]["finish_reason"];
    let end = json!([{"index": 0, "delta": {}, "finish_reason": stop}]);
    format!(
        "data: {}\n\ndata: {}\n\ndata: {}\n\ndata: [DONE]\n\n",
        chunk(said, &Value::Null),
        chunk(end, &Value::Null),
        chunk(json!([]), &whole["usage"]),
    )
}

fn message(number: u64, read: u64, reply: &Reply) -> Value {
    let (block, stop) = match reply {
        Reply::Word => (json!({"type": "text", "text": "Done."}), "end_turn"),
        Reply::Call(name, arguments) => {
            let input: Value = serde_json::from_str(arguments).unwrap_or_default();
            let id = format!("toolu_{number}");
            let block = json!({"type": "tool_use", "id": id, "name": name, "input": input});
            (block, "tool_use")
        }
    };
    json!({
        "id": format!("msg_{number}"), "type": "message", "role": "assistant", "model": "delayed",
        "content": [block], "stop_reason": stop, "stop_sequence": null,
        "usage": {"input_tokens": read, "output_tokens": 20},
    })
}

fn message_frames(number: u64, read: u64, reply: &Reply) -> String {
    let mut whole = message(number, read, reply);
    let mut block = whole["content"][0].take();
    let stop = whole["stop_reason"].take();
    whole["content"] = json!([]);
    let delta = match reply {
        Reply::Word => {
            block["text"] = "".into();
            json!({"type": "text_delta", "text": "Done."})
        }
        Reply::Call(_, arguments) => {
            block["input"] = json!({});
            json!({"type": "input_json_delta", "partial_json": arguments})
        }
    };
    [
        json!({"type": "message_start", "message": whole}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({
            "type": "message_delta",
            "delta": {"stop_reason": stop, "stop_sequence": null},
            "usage": {"output_tokens": 20},
        }),
        json!({"type": "message_stop"}),
    ]
    .iter()
    .map(|event| {
        let name = event["type"].as_str().unwrap_or_default();
        format!("event: {name}\ndata: {event}\n\n")
    })
    .collect()
}

type Shared = State<Arc<Server>>;

/// One thread is enough, and leaves the others to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:8090".to_owned());
    let delay: u64 = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let server = Arc::new(Server {
        delay: Duration::from_millis(delay),
        counts: Counts::default(),
    });
    let app = Router::new()
        .route(
            "/v1/chat/completions",
            post(|State(server): Shared, body: Bytes| async move {
                server.answer(body, chat, chat_frames).await
            }),
        )
        .route(
            "/v1/messages",
            post(|State(server): Shared, body: Bytes| async move {
                server.answer(body, message, message_frames).await
            }),
        )
        .route(
            "/stats",
            get(|State(server): Shared| async move { server.stats() }),
        )
        .layer(DefaultBodyLimit::disable())
        .with_state(server);
    let listener = tokio::net::TcpListener::bind(&address).await?;
    writeln!(
        std::io::stdout(),
        "listening on {}, {delay} ms to each answer",
        listener.local_addr()?
    )?;
    axum::serve(listener, app).await?;
    Ok(())
}

//! A service that does wrong on purpose, byte by byte, over plain HTTP/1.1.
//!
//! Each request is answered by the next script; the last script answers every further request. What the
//! server saw and wrote can be asked for. Everything ends when the server is dropped.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

/// One thing that the server does.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes so many times, as fast as they are taken.
    Flood(Vec<u8>, usize),
    /// Sends these bytes over and over, with a time between, until they are not taken any more.
    Drip(Vec<u8>, Duration),
    /// Sends these bytes so many times, with a time between.
    Repeat(Vec<u8>, Duration, usize),
    /// Sends nothing more, for ever.
    Stall,
    /// Waits until the server has seen so many requests.
    UntilRequests(usize),
    /// Ends the connection in good order.
    Close,
    /// Ends the connection with a reset.
    Reset,
}

pub(crate) type Script = Vec<Step>;

#[derive(Debug, Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    /// With each request, how many were in flight, itself included.
    beside: Mutex<Vec<u64>>,
    in_flight: AtomicU64,
    connections: AtomicU64,
    written: AtomicU64,
    requested: Notify,
}

/// The server.
#[derive(Debug)]
pub(crate) struct FaultServer {
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    seen: Arc<Seen>,
    _running: JoinSet<()>,
}

impl FaultServer {
    pub(crate) async fn start(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Seen::default());
        let mut running = JoinSet::new();
        running.spawn(accept(listener, scripts, Arc::clone(&seen)));
        Self {
            url: format!("http://{address}"),
            seen,
            _running: running,
        }
    }

    /// The requests in order, each with its head and its body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// How many requests were in flight when each came, itself included.
    pub(crate) fn beside(&self) -> Vec<u64> {
        self.seen.beside.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> u64 {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// How many bytes of answers were handed to the network.
    pub(crate) fn written(&self) -> u64 {
        self.seen.written.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, scripts: Vec<Script>, seen: Arc<Seen>) {
    let scripts = Arc::new(scripts);
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        seen.connections.fetch_add(1, Ordering::SeqCst);
        connections.spawn(serve(stream, Arc::clone(&scripts), Arc::clone(&seen)));
    }
}

async fn serve(mut stream: TcpStream, scripts: Arc<Vec<Script>>, seen: Arc<Seen>) {
    stream.set_nodelay(true).unwrap();
    let mut unread = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut unread).await {
        let number = {
            let mut requests = seen.requests.lock().unwrap();
            requests.push(request);
            let beside = seen.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            seen.beside.lock().unwrap().push(beside);
            requests.len()
        };
        seen.requested.notify_waiters();
        let script = &scripts[(number - 1).min(scripts.len() - 1)];
        let (last, before) = script.split_last().unwrap();
        let mut open = true;
        for step in before {
            open = open && play(step, &mut stream, &seen).await;
        }
        // An answer that is on its way is no request any more: the next one may be faster than this task.
        seen.in_flight.fetch_sub(1, Ordering::SeqCst);
        if !(open && play(last, &mut stream, &seen).await) {
            return;
        }
    }
}

/// Does one thing; `false` when the connection is over.
async fn play(step: &Step, stream: &mut TcpStream, seen: &Seen) -> bool {
    match step {
        Step::Send(bytes) => send(stream, bytes, seen).await,
        Step::Flood(bytes, times) => {
            for _ in 0..*times {
                if !send(stream, bytes, seen).await {
                    return false;
                }
            }
            true
        }
        Step::Drip(bytes, every) => {
            while send(stream, bytes, seen).await {
                tokio::time::sleep(*every).await;
            }
            false
        }
        Step::Repeat(bytes, every, times) => {
            for _ in 0..*times {
                if !send(stream, bytes, seen).await {
                    return false;
                }
                tokio::time::sleep(*every).await;
            }
            true
        }
        Step::Stall => std::future::pending().await,
        Step::UntilRequests(count) => loop {
            let requested = seen.requested.notified();
            if seen.requests.lock().unwrap().len() >= *count {
                return true;
            }
            requested.await;
        },
        Step::Close => {
            let _ = stream.shutdown().await;
            false
        }
        Step::Reset => {
            stream.set_zero_linger().unwrap();
            false
        }
    }
}

async fn send(stream: &mut TcpStream, bytes: &[u8], seen: &Seen) -> bool {
    if stream.write_all(bytes).await.is_err() {
        return false;
    }
    seen.written.fetch_add(bytes.len() as u64, Ordering::SeqCst);
    true
}

/// Reads one request whole; `None` when there is none any more.
pub(crate) async fn read_request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(head) = find(unread, b"\r\n\r\n") {
            let length = String::from_utf8_lossy(&unread[..head])
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length:")?
                        .trim()
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            let end = head + 4 + length;
            if unread.len() >= end {
                let rest = unread.split_off(end);
                let request = std::mem::replace(unread, rest);
                return Some(String::from_utf8_lossy(&request).into_owned());
            }
        }
        match stream.read_buf(unread).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// A whole answer: its status line without the version, further headers, its body.
pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: &str) -> Script {
    let mut text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        text.push_str("content-type: application/json\r\n");
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    vec![Step::Send(format!("{text}\r\n{body}").into_bytes())]
}

/// The head of a stream of events that comes in chunks.
pub(crate) fn stream_head() -> Step {
    Step::Send(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_vec(),
    )
}

/// One chunk of an answer that comes in chunks.
pub(crate) fn chunk(text: &str) -> Step {
    Step::Send(format!("{:x}\r\n{text}\r\n", text.len()).into_bytes())
}

/// The end of an answer that comes in chunks.
pub(crate) fn last_chunk() -> Step {
    Step::Send(b"0\r\n\r\n".to_vec())
}

/// A whole stream of these pieces.
pub(crate) fn stream(pieces: &[&str]) -> Script {
    let mut script = vec![stream_head()];
    script.extend(pieces.iter().map(|piece| chunk(piece)));
    script.push(last_chunk());
    script
}

//! A proxy in front of a model server that passes requests on and, where a rule says so, does wrong
//! instead: before the answer, in the midst of it, or in its place.
//!
//! Each request has a connection of its own, so that a fault is of one request and of no other.

use std::{
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::fault_server::read_request;

/// What is done to a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// These bytes are the whole answer; the request goes no further.
    Answer(Vec<u8>),
    /// A reset before the head of the answer.
    Reset,
    /// The answer of the server up to its middle, then a reset.
    ResetInTheMiddle,
    /// The answer of the server up to its middle, then an end as if it were whole.
    CutInTheMiddle,
    /// No answer, for as long as the other side waits.
    Stall,
    /// An answer to nobody: it is sent when the other side has given up.
    Late,
    /// The answer of the server byte by byte, for as long as the other side waits.
    Drip,
    /// The head of a stream, and then this many bytes of comments.
    Flood(usize),
}

/// Says what is done to a request, by its number from 1 and its body; `None`: it is passed on.
pub(crate) type Rule = Box<dyn Fn(usize, &str) -> Option<Fault> + Send + Sync>;

#[derive(Default)]
struct Seen {
    bodies: Vec<String>,
    faults: usize,
    /// Answers that were passed on whole.
    passed: usize,
}

struct Shared {
    upstream: SocketAddr,
    rule: Mutex<Arc<Rule>>,
    seen: Mutex<Seen>,
    came: Condvar,
}

/// The proxy; it ends with this value.
pub(crate) struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<tokio::runtime::Runtime>,
}

/// What a proxy has seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) requests: usize,
    pub(crate) faults: usize,
    pub(crate) passed: usize,
}

impl FaultProxy {
    pub(crate) fn start(upstream: SocketAddr, rule: Rule) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream,
            rule: Mutex::new(Arc::new(rule)),
            seen: Mutex::default(),
            came: Condvar::new(),
        });
        let serving = Arc::clone(&shared);
        runtime.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self {
            address,
            shared,
            runtime: Some(runtime),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on every request is passed on.
    pub(crate) fn heal(&self) {
        *self.shared.rule.lock().unwrap() = Arc::new(Box::new(|_, _| None));
    }

    pub(crate) fn sums(&self) -> Sums {
        let seen = self.shared.seen.lock().unwrap();
        Sums {
            requests: seen.bodies.len(),
            faults: seen.faults,
            passed: seen.passed,
        }
    }

    /// The bodies of all requests, in the order in which they came.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap().bodies.clone()
    }

    /// Waits until so many requests have come.
    pub(crate) fn wait_for(&self, requests: usize) {
        let seen = self.shared.seen.lock().unwrap();
        let seen = self
            .shared
            .came
            .wait_while(seen, |seen| seen.bodies.len() < requests)
            .unwrap();
        drop(seen);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some(request) = read_request(&mut stream, &mut Vec::new()).await else {
        return;
    };
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    // Whoever counts requests while the rule is asked sees this one too.
    let number = {
        let mut seen = shared.seen.lock().unwrap();
        seen.bodies.push(body.to_owned());
        seen.bodies.len()
    };
    let rule = Arc::clone(&shared.rule.lock().unwrap());
    let fault = rule(number, body);
    if fault.is_some() {
        shared.seen.lock().unwrap().faults += 1;
    }
    shared.came.notify_all();
    match fault {
        None => {
            let Some(answer) = upstream(shared.upstream, head, body).await else {
                return;
            };
            shared.seen.lock().unwrap().passed += 1;
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
        Some(fault) => play(fault, stream, shared.upstream, head, body).await,
    }
}

pub(super) async fn play(
    fault: Fault,
    mut stream: TcpStream,
    to: SocketAddr,
    head: &str,
    body: &str,
) {
    match fault {
        Fault::Answer(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Fault::Reset => stream.set_zero_linger().unwrap(),
        Fault::ResetInTheMiddle | Fault::CutInTheMiddle => {
            let answer = upstream(to, head, body).await.unwrap_or_default();
            let _ = stream.write_all(&answer[..answer.len() / 2]).await;
            if matches!(fault, Fault::ResetInTheMiddle) {
                stream.set_zero_linger().unwrap();
            } else {
                let _ = stream.shutdown().await;
            }
        }
        Fault::Stall => {
            let _ = stream.read(&mut [0]).await;
        }
        Fault::Late => {
            let answer = upstream(to, head, body).await.unwrap_or_default();
            let _ = stream.read(&mut [0]).await;
            let _ = stream.write_all(&answer).await;
        }
        Fault::Drip => {
            let answer = upstream(to, head, body).await.unwrap_or_default();
            for byte in answer {
                let (mut gone, written) = ([0], stream.write_all(&[byte]).await);
                let pause = std::time::Duration::from_millis(100);
                let left = tokio::time::timeout(pause, stream.read(&mut gone)).await;
                if written.is_err() || left.is_ok() {
                    return;
                }
            }
        }
        Fault::Flood(bytes) => {
            let piece = format!(": {}\n", "x".repeat(65_533));
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {bytes}\r\n\r\n"
            );
            let mut open = stream.write_all(head.as_bytes()).await.is_ok();
            let mut sent = 0;
            while open && sent < bytes {
                open = stream.write_all(piece.as_bytes()).await.is_ok();
                sent += piece.len();
            }
        }
    }
}

/// The whole answer of the server, up to the end of its connection.
pub(super) async fn upstream(to: SocketAddr, head: &str, body: &str) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(to).await.ok()?;
    let request = format!("{head}\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    Some(answer)
}

/// A whole answer with this status line, these headers and this body.
pub(crate) fn status(line: &str, headers: &[(&str, &str)], body: &str) -> Fault {
    let mut text = format!(
        "HTTP/1.1 {line}\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    Fault::Answer(format!("{text}\r\n{body}").into_bytes())
}

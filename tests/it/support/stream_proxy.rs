//! A proxy in front of a server whose answers include streams of events: whole answers go through the
//! faults of `fault_proxy`, streams are passed on as they come and cut where a rule says so.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{
    fault_proxy::{Fault, play, upstream},
    fault_server::read_request,
};

/// A request as a rule sees it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Its number from 1, streams not counted.
    pub(crate) number: usize,
    /// Method and path: `POST /v1/sessions`.
    pub(crate) line: String,
    pub(crate) body: String,
}

/// Says what is done to a request that is no stream.
pub(crate) type Faults = Box<dyn Fn(&Asked) -> Option<Fault> + Send + Sync>;

/// Says whether a stream is cut behind an event of this kind.
pub(crate) type Cuts = Box<dyn Fn(&str) -> bool + Send + Sync>;

struct Shared {
    upstream: SocketAddr,
    faults: Faults,
    cuts: Cuts,
    seen: Mutex<Vec<Asked>>,
}

/// The proxy; it ends with this value.
pub(crate) struct StreamProxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl StreamProxy {
    pub(crate) fn start(upstream: SocketAddr, faults: Faults, cuts: Cuts) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream,
            faults,
            cuts,
            seen: Mutex::default(),
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

    /// The requests that came, streams aside.
    pub(crate) fn seen(&self) -> Vec<Asked> {
        self.shared.seen.lock().unwrap().clone()
    }
}

impl Drop for StreamProxy {
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
    let line = head.lines().next().unwrap_or_default();
    let line = line.rsplit_once(' ').map_or(line, |(line, _)| line);
    if line.starts_with("GET ") && line.ends_with("/stream") {
        pass_on(stream, &shared, head).await;
        return;
    }
    let asked = {
        let mut seen = shared.seen.lock().unwrap();
        let asked = Asked {
            number: seen.len() + 1,
            line: line.to_owned(),
            body: body.to_owned(),
        };
        seen.push(asked.clone());
        asked
    };
    if let Some(fault) = (shared.faults)(&asked) {
        play(fault, stream, shared.upstream, head, body).await;
    } else if let Some(answer) = upstream(shared.upstream, head, body).await {
        let _ = stream.write_all(&answer).await;
        let _ = stream.shutdown().await;
    }
}

/// Passes a stream on, up to the end of an event behind which it is to be cut.
async fn pass_on(mut client: TcpStream, shared: &Shared, head: &str) {
    let Ok(mut server) = TcpStream::connect(shared.upstream).await else {
        return;
    };
    let request = format!("{head}\r\nconnection: close\r\n\r\n");
    if server.write_all(request.as_bytes()).await.is_err() {
        return;
    }
    let mut text = String::new();
    let (mut looked, mut gone, mut piece) = (0, [0], vec![0; 16_384]);
    loop {
        let read = tokio::select! {
            read = server.read(&mut piece) => read,
            _ = client.read(&mut gone) => return,
        };
        let Ok(read @ 1..) = read else {
            return;
        };
        text.push_str(&String::from_utf8_lossy(&piece[..read]));
        // Whole events that were not looked at yet.
        let mut cut = None;
        while let Some(end) = text[looked..].find("\n\n").map(|at| looked + at + 2) {
            let kind = text[looked..end]
                .lines()
                .find_map(|line| line.strip_prefix("event: "));
            if kind.is_some_and(|kind| (shared.cuts)(kind)) {
                cut = Some(end);
                break;
            }
            looked = end;
        }
        let before = text.len() - read;
        let end = cut.map_or(read, |end| end.saturating_sub(before));
        if client.write_all(&piece[..end]).await.is_err() {
            return;
        }
        if cut.is_some() {
            // Without the end that a stream of chunks has: the connection broke.
            client.set_zero_linger().unwrap();
            return;
        }
    }
}

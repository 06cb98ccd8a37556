//! HTTP by hand: what no client would send, and answers read from their bytes.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

/// A request, whatever is wrong with it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// How many bytes are promised beyond those that are sent.
    pub(super) missing: usize,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// A connection, opened anew when the server has closed it.
pub(super) struct Connection {
    address: SocketAddr,
    open: Option<TcpStream>,
}

impl Request {
    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!(
            "host: local\r\ncontent-length: {}\r\n\r\n",
            self.body.len() + self.missing
        ));
        [head.into_bytes(), self.body.clone()].concat()
    }

    /// Whether an HTTP server may refuse it before anybody reads it: it is none of the API's.
    pub(super) fn is_no_http(&self) -> bool {
        let token = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
        };
        !token(&self.method)
            || self.method == "CONNECT"
            || !self.target.starts_with('/')
            || self.target.len() > 60_000
            || self
                .target
                .bytes()
                .any(|byte| !(0x21..=0x7e).contains(&byte) || b"\"<>\\^`{|}#".contains(&byte))
            || self.headers.len() > 90
            || self.headers.iter().any(|(name, value)| {
                !token(name)
                    || value
                        .bytes()
                        .any(|byte| byte != b'\t' && (byte < 0x20 || byte == 0x7f))
            })
    }
}

impl Answer {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Connection {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            open: None,
        }
    }

    /// Sends a request and reads the answer; `None` where the server closes the connection without one.
    pub(super) fn send(&mut self, request: &Request) -> Option<Answer> {
        let reused = self.open.is_some();
        let mut stream = match self.open.take() {
            Some(stream) => stream,
            None => self.connect(),
        };
        let bytes = request.bytes();
        let half = request.missing > 0;
        let mut answer = exchange(&mut stream, &bytes, half, &request.method);
        if reused && answer.is_none() {
            // The server had closed it behind the answer before.
            stream = self.connect();
            answer = exchange(&mut stream, &bytes, half, &request.method);
        }
        let closed = half
            || answer.as_ref().is_none_or(|answer| {
                answer.header("connection") == Some("close")
                    || answer.header("content-length").is_none()
            });
        if !closed {
            self.open = Some(stream);
        }
        answer
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }
}

fn exchange(stream: &mut TcpStream, bytes: &[u8], half: bool, method: &str) -> Option<Answer> {
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    if half {
        let _ = stream.shutdown(Shutdown::Write);
    }
    read(stream, method).ok()
}

fn read(stream: &mut TcpStream, method: &str) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8192];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&chunk[..count]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
    let mut answer = Answer {
        status: status.ok_or(io::ErrorKind::InvalidData)?,
        head,
        body: bytes.split_off(end),
    };
    let length = answer
        .header("content-length")
        .and_then(|text| text.parse().ok());
    // A stream of events has no length, and no end that is waited for.
    let length: usize = if method == "HEAD" {
        0
    } else {
        length.unwrap_or(0)
    };
    while answer.body.len() < length {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        answer.body.extend_from_slice(&chunk[..count]);
    }
    Ok(answer)
}

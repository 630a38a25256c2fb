//! A client that sees every byte of an answer and how its body ended.

use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::sse::{self, Event};
use super::wire::{BodyState, Framing, Head, Piece, Wire, find};

/// How long an answer may take. Long: it only ends a test that fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a body ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// As the framing promised: the last chunk, or all of `content-length`.
    Complete,
    /// The connection ended before that.
    Broken(String),
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
    /// The body as it was read, piece by piece.
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) end: End,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; panics with the answer if it is not.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {} {}", self.status, self.text()))
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        sse::parse(&self.body)
    }

    /// Everything that came, for searching it: head and body.
    pub(crate) fn everything(&self) -> Vec<u8> {
        let mut all = self.head.line.clone().into_bytes();
        for (name, value) in &self.head.headers {
            all.extend_from_slice(format!("\n{name}: {value}").as_bytes());
        }
        all.extend_from_slice(b"\n\n");
        all.extend_from_slice(&self.body);
        all
    }
}

/// An exchange whose answer is being read. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Exchange {
    reply: Reply,
    state: BodyState,
    wire: Wire<OwnedReadHalf>,
    /// Kept so that the connection stays open in both directions.
    _write: OwnedWriteHalf,
    told: usize,
    ended: bool,
}

/// Sends a request and reads the whole answer.
pub(crate) async fn post(base: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    send(base, "POST", target, headers, body).await
}

/// Sends a request without a body and reads the whole answer.
pub(crate) async fn get(base: &str, target: &str) -> Reply {
    send(base, "GET", target, &[], b"").await
}

/// Sends a Messages request as Claude Code does.
pub(crate) async fn messages(base: &str, body: &Value) -> Reply {
    let headers = messages_headers();
    post(
        base,
        "/v1/messages?beta=true",
        &headers,
        body.to_string().as_bytes(),
    )
    .await
}

/// The same, with the answer left to be read.
pub(crate) async fn open_messages(base: &str, body: &Value) -> Exchange {
    let headers = messages_headers();
    let body = body.to_string();
    open(
        base,
        "POST",
        "/v1/messages?beta=true",
        &headers,
        body.as_bytes(),
    )
    .await
}

fn messages_headers() -> [(&'static str, &'static str); 3] {
    [
        ("x-api-key", "client-key-of-the-harness"),
        ("anthropic-version", "2023-06-01"),
        ("user-agent", "claude-cli/2.1.330 (external, sdk-cli)"),
    ]
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(
    base: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    open(base, method, target, headers, body)
        .await
        .finish()
        .await
}

/// Sends a request and reads the head of the answer. A `host` among `headers` replaces ours.
pub(crate) async fn open(
    base: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Exchange {
    let address = base.strip_prefix("http://").expect("an http base URL");
    let head = request_head(address, method, target, headers, body.len());
    let upload = Upload::connect(address, &format!("{method} {target}")).await;
    upload.finish(&[head.as_bytes(), body].concat()).await
}

/// A Messages request whose body is sent as the test says.
pub(crate) async fn begin_messages(base: &str, length: usize) -> Upload {
    let address = base.strip_prefix("http://").expect("an http base URL");
    let target = "/v1/messages?beta=true";
    let head = request_head(address, "POST", target, &messages_headers(), length);
    let mut upload = Upload::connect(address, &format!("POST {target}")).await;
    upload.send(head.as_bytes()).await;
    upload
}

/// A request that is being sent.
#[derive(Debug)]
pub(crate) struct Upload {
    what: String,
    wire: Wire<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

impl Upload {
    async fn connect(address: &str, what: &str) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .unwrap_or_else(|error| panic!("connect {address}: {error}"));
        stream.set_nodelay(true).expect("TCP_NODELAY on loopback");
        let (read, write) = stream.into_split();
        Self {
            what: what.to_owned(),
            wire: Wire::new(read),
            write,
        }
    }

    /// Sends these bytes.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let sent = self.write.write_all(bytes).await;
        sent.unwrap_or_else(|error| panic!("{}: {error}", self.what));
    }

    /// Sends the last bytes and reads the head of the answer.
    pub(crate) async fn finish(mut self, bytes: &[u8]) -> Exchange {
        // A server may answer and close before it has read everything: its answer is what counts.
        let sending = async {
            let _ = self.write.write_all(bytes).await;
        };
        let receiving = tokio::time::timeout(PATIENCE, self.wire.head());
        let ((), head) = tokio::join!(sending, receiving);
        let head = head
            .unwrap_or_else(|_| panic!("no answer to {}", self.what))
            .unwrap_or_else(|error| panic!("{}: {error}", self.what))
            .unwrap_or_else(|| panic!("{}: closed without an answer", self.what));
        let status = head.line.split(' ').nth(1).and_then(|s| s.parse().ok());
        let framing = if self.what.starts_with("HEAD ") {
            Framing::Length(0)
        } else {
            head.framing(Framing::UntilClose)
        };
        Exchange {
            reply: Reply {
                status: status.expect("a status"),
                head,
                body: Vec::new(),
                pieces: Vec::new(),
                end: End::Broken("not read to its end".to_owned()),
            },
            state: BodyState::new(framing),
            wire: self.wire,
            _write: self.write,
            told: 0,
            ended: false,
        }
    }
}

fn request_head(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    length: usize,
) -> String {
    let mut lines = vec![format!("{method} {target} HTTP/1.1")];
    if !headers.iter().any(|(name, _)| *name == "host") {
        lines.push(format!("host: {address}"));
    }
    if method == "POST" {
        lines.push("content-type: application/json".to_owned());
    }
    for (name, value) in headers {
        lines.push(format!("{name}: {value}"));
    }
    lines.push(format!("content-length: {length}\r\n\r\n"));
    lines.join("\r\n")
}

impl Exchange {
    pub(crate) fn status(&self) -> u16 {
        self.reply.status
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.reply.header(name)
    }

    /// Reads one piece of the body; false at its end, however it came.
    pub(crate) async fn read(&mut self) -> bool {
        if self.ended {
            return false;
        }
        let piece = tokio::time::timeout(PATIENCE, self.wire.piece(&mut self.state));
        match piece.await.expect("the body goes on") {
            Ok(Piece::Data(data)) => {
                self.reply.body.extend_from_slice(&data);
                self.reply.pieces.push(data);
                return true;
            }
            Ok(Piece::End) => self.reply.end = End::Complete,
            Err(error) => self.reply.end = End::Broken(error.to_string()),
        }
        self.ended = true;
        false
    }

    /// Reads until the body holds these bytes; panics with it if it ends before.
    pub(crate) async fn read_until(&mut self, bytes: &[u8]) {
        // Pings may go on for ever.
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while find(&self.reply.body, bytes).is_none() {
            let read = tokio::time::timeout_at(deadline, self.read()).await;
            let wanted = String::from_utf8_lossy(bytes);
            assert_eq!(read, Ok(true), "no {wanted:?} in {}", self.reply.text());
        }
    }

    /// The next event, pings included; none at the end of the body.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.reply.events().into_iter().nth(self.told) {
                self.told += 1;
                return Some(event);
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// Reads what is left.
    pub(crate) async fn finish(mut self) -> Reply {
        while self.read().await {}
        self.reply
    }
}

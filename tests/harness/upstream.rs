//! A scripted upstream on loopback: it answers as told, byte by byte, and keeps every request.
//!
//! It knows HTTP/1.1 framing and nothing of any provider; the strict upstreams stand on it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::wire::{Framing, Head, Wire};
use answer::Step;
pub(crate) use answer::{Answer, Gate};

mod answer;

/// How long a test waits for something that must come. Long: it only ends a test that fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Counted from 0 over the life of the upstream.
    pub(crate) number: usize,
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn method(&self) -> &str {
        self.head.line.split(' ').next().unwrap_or_default()
    }

    /// Path and query as sent.
    pub(crate) fn target(&self) -> &str {
        self.head.line.split(' ').nth(1).unwrap_or_default()
    }

    /// The path without its query.
    pub(crate) fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The body as JSON; null if it is not.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Steps are still being played.
    Running,
    /// Every step was played.
    Played,
    /// The peer closed its side before every step was played.
    PeerClosed,
}

/// A request and what became of its answer.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) request: Request,
    pub(crate) outcome: Outcome,
    /// Bytes written before the answer ended, head included.
    pub(crate) sent: usize,
}

/// The upstream. Dropping it closes the listener and every connection.
#[derive(Debug)]
pub(crate) struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

type Answerer = dyn Fn(&Request) -> Answer + Send + Sync;

struct Shared {
    answer: Box<Answerer>,
    records: Mutex<Vec<Recorded>>,
    changed: watch::Sender<()>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl Upstream {
    /// Listens and answers every request by `answer`.
    pub(crate) async fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("bind loopback");
        let address = listener.local_addr().expect("bound address");
        let shared = Arc::new(Shared {
            answer: Box::new(answer),
            records: Mutex::default(),
            changed: watch::Sender::new(()),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            task,
        }
    }

    /// The same answer to every request.
    pub(crate) async fn always(answer: Answer) -> Self {
        Self::start(move |_| answer.clone()).await
    }

    /// These answers in turn; the last one for every further request.
    pub(crate) async fn in_turn(answers: Vec<Answer>) -> Self {
        assert!(!answers.is_empty(), "an upstream needs an answer");
        Self::start(move |request| answers[request.number.min(answers.len() - 1)].clone()).await
    }

    /// A base URL where nothing listens: connections are refused.
    pub(crate) async fn refused() -> String {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("bind loopback");
        let address = listener.local_addr().expect("bound address");
        format!("http://{address}")
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    pub(crate) fn records(&self) -> Vec<Recorded> {
        self.shared.lock().clone()
    }

    /// Every request so far, without what became of the answers.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let records = self.records();
        records.into_iter().map(|record| record.request).collect()
    }

    /// Waits until the records satisfy `wanted`; panics with them if that never comes.
    pub(crate) async fn wait_until(
        &self,
        what: &str,
        wanted: impl Fn(&[Recorded]) -> bool,
    ) -> Vec<Recorded> {
        let mut changed = self.shared.changed.subscribe();
        let waiting = async {
            loop {
                let records = self.records();
                if wanted(&records) {
                    return records;
                }
                changed.changed().await.expect("the upstream runs");
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("never came: {what}; records: {:#?}", self.records()))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Recorded>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, number: usize, change: impl FnOnce(&mut Recorded)) {
        change(&mut self.lock()[number]);
        self.changed.send_replace(());
    }

    /// Numbers a request and keeps it.
    fn record(&self, connection: usize, head: Head, body: Vec<u8>) -> Request {
        let mut records = self.lock();
        let request = Request {
            number: records.len(),
            connection,
            head,
            body,
        };
        records.push(Recorded {
            request: request.clone(),
            outcome: Outcome::Running,
            sent: 0,
        });
        drop(records);
        self.changed.send_replace(());
        request
    }
}

/// Accepts until aborted; its connections live in the set and end with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    let mut count = 0;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        stream.set_nodelay(true).expect("TCP_NODELAY on loopback");
        connections.spawn(serve(stream, count, Arc::clone(&shared)));
        count += 1;
    }
}

/// One connection: requests in turn until either side closes.
async fn serve(stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    let (read, mut write) = stream.into_split();
    let mut wire = Wire::new(read);
    while let Ok(Some(head)) = wire.head().await {
        let framing = head.framing(Framing::Length(0));
        let Ok(body) = wire.body(framing).await else {
            return;
        };
        let request = shared.record(connection, head, body);
        let answer = (shared.answer)(&request);
        let open = play(answer, wire.reader(), &mut write, &shared, request.number).await;
        if !open {
            return;
        }
    }
}

/// Plays the steps; false when the connection must not be used again.
async fn play(
    answer: Answer,
    read: &OwnedReadHalf,
    write: &mut OwnedWriteHalf,
    shared: &Shared,
    number: usize,
) -> bool {
    for step in answer.steps {
        let going_on = tokio::select! {
            biased;
            result = take(step, write, shared, number) => result,
            () = peer_closed(read) => {
                shared.update(number, |record| record.outcome = Outcome::PeerClosed);
                return false;
            }
        };
        match going_on {
            Ok(true) => {}
            Ok(false) => {
                shared.update(number, |record| record.outcome = Outcome::Played);
                return false;
            }
            Err(_) => {
                shared.update(number, |record| record.outcome = Outcome::PeerClosed);
                return false;
            }
        }
    }
    shared.update(number, |record| record.outcome = Outcome::Played);
    true
}

/// One step; false when it ended the connection.
async fn take(
    step: Step,
    write: &mut OwnedWriteHalf,
    shared: &Shared,
    number: usize,
) -> std::io::Result<bool> {
    match step {
        Step::Write(bytes) => {
            write.write_all(&bytes).await?;
            shared.update(number, |record| record.sent += bytes.len());
        }
        Step::Pause(pause) => tokio::time::sleep(pause).await,
        Step::Gate(mut gate) => {
            // An error means the test dropped the gate: nothing more will come.
            if gate.wait_for(|open| *open).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        Step::Silence => std::future::pending().await,
        Step::Reset => {
            write.as_ref().set_zero_linger()?;
            return Ok(false);
        }
        Step::Close => {
            write.shutdown().await?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns when the peer has closed its side. A client does not send before it has its answer, so
/// whatever makes the socket readable while an answer is played is the end.
async fn peer_closed(read: &OwnedReadHalf) {
    loop {
        let Ok(ready) = read.ready(Interest::READABLE).await else {
            return;
        };
        if ready.is_read_closed() || ready.is_error() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::client::{self, End};

    #[tokio::test]
    async fn an_answer_is_written_as_scripted_and_the_request_kept() {
        let upstream = Upstream::always(Answer::stream().chunks_of(2, b"data: 1\n\n").end()).await;
        let reply = client::post(&upstream.url(), "/v1/x?y=1", &[("x-a", "b")], b"{\"n\":1}").await;
        assert_eq!((reply.status, reply.end.clone()), (200, End::Complete));
        assert_eq!(reply.body, b"data: 1\n\n");
        let request = &upstream.requests()[0];
        assert_eq!((request.method(), request.path()), ("POST", "/v1/x"));
        assert_eq!(request.header("x-a"), Some("b"));
        assert_eq!(request.json()["n"], 1);
    }

    #[tokio::test]
    async fn cuts_and_resets_are_not_ends() {
        for answer in [
            Answer::stream().chunk(b"data: 1\n\n").cut(),
            Answer::stream().chunk(b"data: 1\n\n").reset(),
        ] {
            let upstream = Upstream::always(answer).await;
            let reply = client::post(&upstream.url(), "/", &[], b"").await;
            assert!(matches!(reply.end, End::Broken(_)), "{:?}", reply.end);
        }
    }

    #[tokio::test]
    async fn a_client_that_leaves_is_seen() {
        let answer = Answer::stream().chunk(b"data: 1\n\n").silence();
        let upstream = Upstream::always(answer).await;
        let mut exchange = client::open(&upstream.url(), "POST", "/", &[], b"").await;
        exchange.event().await.expect("an event");
        drop(exchange);
        let closed = |records: &[Recorded]| records[0].outcome == Outcome::PeerClosed;
        let records = upstream.wait_until("the client's close", closed).await;
        assert!(records[0].sent > 0);
    }

    #[tokio::test]
    async fn a_gate_holds_back_what_stands_behind_it() {
        let gate = Gate::new();
        let answer = Answer::stream().chunk(b"data: 1\n\n").gate(&gate);
        let upstream = Upstream::always(answer.chunk(b"data: 2\n\n").end()).await;
        let mut exchange = client::open(&upstream.url(), "POST", "/", &[], b"").await;
        assert_eq!(exchange.event().await.expect("first").data, "1");
        gate.open();
        assert_eq!(exchange.event().await.expect("second").data, "2");
        assert_eq!(exchange.finish().await.end, End::Complete);
    }
}

//! What passes untouched is not copied: the buffers that came are the buffers that go. And no client
//! is left without a word while a whole answer is read.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::{Manners, Relay, Source};
use crate::config::{OnBroken, Secret};
use crate::record::Record;
use crate::upstream::{Secrets, UpstreamBody};
use crate::wasm::bindings::Head;

const EVENTS: [&str; 5] = [
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0}\n\nevent: ping\nda",
    "ta: {\"type\":\"ping\"}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":3}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];

/// Reads as an HTTP client gives them: each a buffer of its own.
fn reads() -> Vec<Bytes> {
    let copy = |event: &&str| Bytes::copy_from_slice(event.as_bytes());
    EVENTS.iter().map(copy).collect()
}

/// A body whose reads come one at a time, or all at once.
fn body(reads: &[Bytes], apart: bool) -> UpstreamBody {
    let secrets = Secrets::new(&[Secret::new("csk-a-key-that-is-not-in-the-stream")]);
    let reads = futures_util::stream::iter(reads.to_vec()).then(move |read| async move {
        if apart {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(read)
    });
    UpstreamBody::from_stream(Box::pin(reads), Duration::from_mins(1), secrets.scrubber())
}

fn manners(patience: Duration) -> Manners {
    Manners {
        hold: patience,
        ping: patience,
        on_broken: OnBroken::Cut,
        silent: None,
    }
}

fn source(body: UpstreamBody) -> Source {
    let head = Head {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/event-stream".to_owned())],
    };
    Source::untouched(body, head, 1 << 20)
}

fn record() -> Record {
    Record::new("0123456789abcdefghijABCD".to_owned(), Arc::default())
}

async fn relay(body: UpstreamBody) -> (Relay, Record) {
    let manners = manners(Duration::from_mins(1));
    let relay = Relay::start(source(body), manners).await.unwrap();
    (relay, record())
}

async fn relayed(body: UpstreamBody) -> Vec<Bytes> {
    let (relay, record) = relay(body).await;
    let pieces: Vec<_> = relay.into_stream(record).collect().await;
    pieces.into_iter().map(Result::unwrap).collect()
}

/// A body whose reads come when they are sent.
fn fed() -> (mpsc::UnboundedSender<Bytes>, UpstreamBody) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let secrets = Secrets::new(&[Secret::new("csk-a-key-that-is-not-in-the-stream")]);
    let reads = futures_util::stream::unfold(receiver, |mut receiver| async {
        let read: Bytes = receiver.recv().await?;
        Some((Ok(read), receiver))
    });
    let hour = Duration::from_hours(1);
    (
        sender,
        UpstreamBody::from_stream(Box::pin(reads), hour, secrets.scrubber()),
    )
}

fn place(bytes: &Bytes) -> Range<*const u8> {
    bytes.as_ptr_range()
}

#[tokio::test]
async fn every_buffer_of_a_passthrough_stream_is_given_on_as_it_is() {
    for apart in [false, true] {
        let reads = reads();
        let sent = relayed(body(&reads, apart)).await;
        let came: Vec<_> = reads.iter().map(place).collect();
        let gone: Vec<_> = sent.iter().map(place).collect();
        assert_eq!(gone, came, "apart: {apart}");
    }
}

#[tokio::test]
async fn a_last_event_without_its_blank_line_is_closed() {
    let whole = EVENTS.concat();
    for end in ["", "\n"] {
        let stream = whole.trim_end().to_owned() + end;
        let sent = relayed(body(&[stream.clone().into()], false)).await;
        assert_eq!(sent.concat(), format!("{stream}\n\n").into_bytes());
    }
}

#[tokio::test]
async fn an_error_is_told_with_what_came_of_its_body_soon() {
    let (sender, mut body) = fed();
    sender.send("abx".into()).unwrap();
    sender.send("def".into()).unwrap();
    // More may come: nobody says that it ends.
    assert_eq!(body.prefix(4, Duration::from_mins(1)).await, "abxd");
    let (sender, mut body) = fed();
    sender.send("abx".into()).unwrap();
    assert_eq!(body.prefix(99, Duration::from_millis(20)).await, "abx");
}

#[tokio::test]
async fn a_whole_answer_that_takes_its_time_is_a_stream_that_pings() {
    let (sender, body) = fed();
    let message = r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#;
    let (begin, rest) = message.split_at(40);
    sender.send(begin.into()).unwrap();
    let manners = manners(Duration::from_millis(5));
    // Not ended by the answer, of which only the beginning is there.
    let relay = Relay::start(source(body), manners).await.unwrap();
    let mut stream = Box::pin(relay.into_stream(record()));
    for _ in 0..3 {
        assert_eq!(stream.next().await.unwrap().unwrap(), crate::sse::PING);
    }
    sender.send(Bytes::from_static(rest.as_bytes())).unwrap();
    drop(sender);
    let events: Vec<_> = stream.map(Result::unwrap).collect().await;
    let events = String::from_utf8(events.concat()).unwrap();
    let events = events.replace(std::str::from_utf8(crate::sse::PING).unwrap(), "");
    assert!(events.starts_with("event: message_start\n"), "{events}");
    assert!(events.contains(r#""text":"hi""#), "{events}");
    assert!(
        events.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
        "{events}"
    );
}

#[tokio::test]
async fn a_whole_answer_that_is_an_error_keeps_its_status_while_headers_are_held() {
    let (sender, body) = fed();
    let error = r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#;
    sender.send(error.into()).unwrap();
    drop(sender);
    let error = Relay::start(source(body), manners(Duration::from_mins(1)))
        .await
        .err()
        .unwrap();
    assert_eq!((error.status, error.message.as_str()), (429, "slow down"));
}

/// Answers one request over the socket: an event a chunk, a large one among them, some together.
async fn answer(mut socket: TcpStream) {
    let mut request = vec![0; 4096];
    let count = socket.read(&mut request).await.unwrap();
    assert!(request[..count].ends_with(b"\r\n\r\n"), "one small read");
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let large = format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{}\"}}}}\n\n",
        "x".repeat(200_000)
    );
    let (begin, end) = EVENTS.split_at(3);
    for piece in begin
        .iter()
        .copied()
        .chain([large.as_str()])
        .chain(end.iter().copied())
    {
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        socket.write_all(chunk.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    socket.write_all(b"0\r\n\r\n").await.unwrap();
}

/// The body of an answer that reqwest reads from a socket. Its reads are kept in `came`, and so
/// are not freed: no later buffer can lie in the same place.
async fn body_from_a_socket(came: Arc<Mutex<Vec<Bytes>>>) -> UpstreamBody {
    drop(rustls::crypto::ring::default_provider().install_default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { answer(listener.accept().await.unwrap().0).await });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(url).send().await.unwrap();
    let reads = response.bytes_stream().inspect(move |read| {
        came.lock().unwrap().extend(read.as_ref().ok().cloned());
    });
    let secrets = Secrets::new(&[Secret::new("csk-a-key-that-is-not-in-the-stream")]);
    UpstreamBody::from_stream(Box::pin(reads), Duration::from_mins(1), secrets.scrubber())
}

#[tokio::test]
async fn every_buffer_that_reqwest_reads_from_a_socket_is_a_frame_of_the_body_that_axum_serves() {
    let came = Arc::default();
    let (relay, record) = relay(body_from_a_socket(Arc::clone(&came)).await).await;
    let mut body = axum::body::Body::from_stream(relay.into_stream(record));
    let mut gone = Vec::new();
    while let Some(frame) = body.frame().await {
        gone.push(frame.unwrap().into_data().unwrap());
    }
    let came = came.lock().unwrap();
    let total: usize = came.iter().map(Bytes::len).sum();
    assert!(
        total > 200_000 && came.len() > EVENTS.len(),
        "{total} bytes in {}",
        came.len()
    );
    let places = |all: &[Bytes]| all.iter().map(place).collect::<Vec<_>>();
    assert_eq!(places(&gone), places(&came));
}

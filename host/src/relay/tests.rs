//! What passes untouched is not copied: the buffers that came are the buffers that go.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

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

async fn relayed(body: UpstreamBody) -> Vec<Bytes> {
    let (relay, record) = relay(body).await;
    let pieces: Vec<_> = relay.into_stream(record).collect().await;
    pieces.into_iter().map(Result::unwrap).collect()
}

async fn relay(body: UpstreamBody) -> (Relay, Record) {
    let head = Head {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/event-stream".to_owned())],
    };
    let manners = Manners {
        hold: Duration::from_mins(1),
        ping: Duration::from_mins(1),
        on_broken: OnBroken::Cut,
    };
    let source = Source::untouched(body, head, 1 << 20);
    let relay = Relay::start(source, manners).await.unwrap();
    let record = Record::new("0123456789abcdefghijABCD".to_owned(), Arc::default());
    (relay, record)
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

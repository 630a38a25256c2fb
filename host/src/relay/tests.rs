//! What passes untouched is not copied: the buffers that came are the buffers that go.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;

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
    let pieces: Vec<_> = relay.into_stream(record).collect().await;
    pieces.into_iter().map(Result::unwrap).collect()
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

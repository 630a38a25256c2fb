//! However a stream is cut, the client gets the same events, and they follow the grammar of the Messages API.
#![no_main]

use fuzz::sse::Framing;
use fuzz::{ask, cut, exchange, frames, ok};
use libfuzzer_sys::fuzz_target;
use sdk::{Ending, Next, edits};

fuzz_target!(|input: &[u8]| {
    let Some((choice, sizes, stream)) = cut(input) else {
        return;
    };
    let (name, whole, complete) = converted(choice, stream, &[]);
    for sizes in [&sizes[..], &[1]] {
        let (_, cut, ended) = converted(choice, stream, sizes);
        // Of a CRLF that ends the last frame the LF may come with the next one, or not at all; and bytes that
        // are no UTF-8 may be passed on as they are.
        let text = |stream: &[u8]| String::from_utf8_lossy(stream.trim_ascii_end()).into_owned();
        let (one, other) = (text(&whole), text(&cut));
        assert_eq!((one, complete), (other, ended), "{name}: cut by {sizes:?}");
    }
    // That side of the Messages API is the upstream's own.
    if name != "zai" {
        let judged = fixtures::stream_grammar(&whole, complete);
        assert!(
            judged.is_ok(),
            "{name}: {judged:?}\n{}",
            String::from_utf8_lossy(&whole)
        );
    }
});

/// What the client gets, and whether the answer is complete.
fn converted(choice: u8, stream: &[u8], sizes: &[usize]) -> (&'static str, Vec<u8>, bool) {
    let (name, mut converter) = exchange(choice, true);
    let framing = if name == "ollama" {
        Framing::JsonLines
    } else {
        Framing::Sse
    };
    ask(converter.as_mut());
    let mut out = Vec::new();
    if converter.begin(ok()).is_err() {
        return (name, out, false);
    }
    let Some(blocks) = frames(stream, framing, sizes) else {
        return (name, out, false);
    };
    let mut take = |input: &[u8], pushed: sdk::Pushed| {
        out.extend(edits::apply(&pushed.out, input).expect("edits that fit"));
        pushed.next
    };
    for block in blocks {
        match take(&block, converter.push(block.to_vec(), 0)) {
            Next::Done => return (name, out, true),
            Next::Failed(_) => return (name, out, false),
            Next::More | Next::WakeAfter(_) => {}
        }
    }
    let next = take(b"", converter.finish(Ending::Complete));
    (name, out, matches!(next, Next::Done))
}

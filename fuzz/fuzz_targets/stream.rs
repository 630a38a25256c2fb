//! The stream machine: no frames make it panic, and whatever they are the events follow the grammar of a stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sdk::{Ending, Exchange as _, Head, Next, Output, Pushed, Transformer as _, sse};
use serde_json::Value;

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, bytes) = input;
    let options = sdk::options::parse(chat::Overrides::default(), br#"{"think_tags":"parse"}"#)
        .expect("options");
    let (transformer, _) = openai::Transformer::configure(options).expect("options that fit");
    let mut exchange = transformer.exchange(sdk::test_context("m", true));
    exchange
        .begin(Head {
            status: 200,
            headers: Vec::new(),
        })
        .expect("it begins");
    let mut out = Vec::new();
    let mut over = false;
    let mut take = |pushed: Pushed, over: &mut bool| {
        if let Output::Replace(bytes) = pushed.out {
            out.extend(bytes);
        }
        *over |= matches!(pushed.next, Next::Done | Next::Failed(_));
    };
    let (before, after) = bytes.split_at(usize::from(cut) % (bytes.len() + 1));
    for piece in [before, after] {
        if !over {
            take(exchange.push(piece.to_vec(), 0), &mut over);
        }
    }
    if !over {
        take(exchange.finish(Ending::Complete), &mut over);
    }
    well_formed(&String::from_utf8(out).expect("text"));
});

/// One message, blocks one after another, nothing behind the end.
fn well_formed(text: &str) {
    let (mut started, mut open, mut next, mut ended) = (false, None, 0, false);
    for frame in sse::frames(text) {
        let Some(data) = frame.data.as_deref() else {
            continue;
        };
        let data: Value = serde_json::from_str(data).expect("JSON");
        assert!(!ended, "{text}");
        match frame.event {
            "message_start" => assert!(!std::mem::replace(&mut started, true), "{text}"),
            "content_block_start" => {
                assert!(started && open.is_none() && data["index"] == next, "{text}");
                open = Some(next);
            }
            "content_block_delta" => assert!(open.is_some() && data["index"] == next, "{text}"),
            "content_block_stop" => {
                assert!(open.take().is_some() && data["index"] == next, "{text}");
                next += 1;
            }
            "message_delta" => assert!(started && open.is_none(), "{text}"),
            "message_stop" => ended = true,
            _ => {}
        }
    }
}

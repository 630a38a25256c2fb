//! Properties of the stream machine, through the interface a host uses.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use chat::{Chat, Dialect, Profile};
use proptest::prelude::*;
use sdk::{Context, Ending, Exchange as _, Head, Next, Output, Pushed, Transformer as _};

struct Plain;

impl Dialect for Plain {
    const NAME: &'static str = "plain";
    const VERSION: &'static str = "1";

    fn profile() -> Profile {
        Profile::default()
    }
}

fn stream() -> chat::Exchange {
    let (chat, _) = Chat::<Plain>::configure(chat::Overrides::default()).unwrap();
    let mut exchange = chat.exchange(Context {
        exchange_id: "0123456789abcdefghijABCD".to_owned(),
        provider: "p".to_owned(),
        model: "m".to_owned(),
        requested_model: "p,m".to_owned(),
        operation: "messages".to_owned(),
        streaming: true,
        input_estimate: 1,
        headers: Vec::new(),
        limits: Vec::new(),
        extra: Vec::new(),
    });
    let head = Head {
        status: 200,
        headers: Vec::new(),
    };
    exchange.begin(head).unwrap();
    exchange
}

/// What one answer gives: the bytes, and how it ended.
fn answer<'g>(groups: impl Iterator<Item = &'g [String]>) -> (String, Next) {
    let mut exchange = stream();
    let mut out = Vec::new();
    let mut take = |pushed: Pushed| {
        if let Output::Replace(bytes) = pushed.out {
            out.extend(bytes);
        }
        pushed.next
    };
    for group in groups {
        let next = take(exchange.push(group.concat().into_bytes(), 0));
        if matches!(next, Next::Done | Next::Failed(_)) {
            return (String::from_utf8(out).unwrap(), next);
        }
    }
    let next = take(exchange.finish(Ending::Complete));
    (String::from_utf8(out).unwrap(), next)
}

/// A delta of any kind; calls in pieces, with and without names, ids and indices.
fn delta() -> impl Strategy<Value = String> {
    let call = (0..3_u8, 0..3_u8, 0..3_u8, "[{}:\\[\\]\",a1 ]{0,6}").prop_map(
        |(index, id, name, arguments)| {
            let mut call = serde_json::json!({"function": {"arguments": arguments}});
            if index > 0 {
                call["index"] = (index - 1).into();
            }
            if id > 0 {
                call["id"] = format!("id{id}").into();
            }
            if name > 0 {
                call["function"]["name"] = format!("N{name}").into();
            }
            serde_json::json!({"tool_calls": [call]})
        },
    );
    let delta = prop_oneof![
        "[a-z\"\\\\\n ]{0,6}".prop_map(|text| serde_json::json!({"content": text})),
        "[a-z ]{0,6}".prop_map(|text| serde_json::json!({"reasoning": text})),
        call,
        Just(serde_json::json!({})),
    ];
    delta.prop_map(|delta| {
        let chunk = serde_json::json!({"choices": [{"index": 0, "delta": delta}]});
        format!("data: {chunk}\n\n")
    })
}

fn ended(mut frames: Vec<String>) -> Vec<String> {
    let finish = serde_json::json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
    frames.push(format!("data: {finish}\n\n"));
    frames.push("data: [DONE]\n\n".to_owned());
    frames
}

/// Blocks come one after another, each started and stopped, with indices 0, 1, 2, …
fn well_formed(out: &str) -> bool {
    let mut open: Option<u64> = None;
    let mut next = 0;
    sdk::sse::frames(out).all(|frame| {
        let data: serde_json::Value = serde_json::from_str(&frame.data.unwrap()).unwrap();
        let index = data["index"].as_u64();
        match frame.event {
            "content_block_start" => {
                open.is_none() && index == Some(next) && {
                    open = index;
                    next += 1;
                    true
                }
            }
            "content_block_delta" => index.is_some() && open == index,
            "content_block_stop" => index.is_some() && open.take() == index,
            _ => open.is_none(),
        }
    })
}

proptest! {
    #[test]
    fn any_deltas_give_a_well_formed_stream(frames in proptest::collection::vec(delta(), 0..24)) {
        let frames = ended(frames);
        let (out, next) = answer(frames.chunks(1));
        let unfit = ["arguments", "without naming it"];
        let unfit = |message: &str| unfit.iter().any(|words| message.contains(words));
        let failed = matches!(&next, Next::Failed(failure) if unfit(&failure.message));
        prop_assert!(failed || next == Next::Done, "{:?}", next);
        prop_assert!(well_formed(&out), "{}", out);
    }

    #[test]
    fn any_grouping_of_frames_gives_the_same_stream(
        frames in proptest::collection::vec(delta(), 0..24),
        size in 2..6_usize,
    ) {
        let frames = ended(frames);
        prop_assert_eq!(answer(frames.chunks(1)), answer(frames.chunks(size)));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut exchange = stream();
        exchange.push(bytes, 0);
        exchange.finish(Ending::Complete);
    }

    #[test]
    fn arbitrary_json_never_panics(data in "[\\[\\]{}:,\"a-z0-9 ]{0,60}") {
        let mut exchange = stream();
        let data = format!("data: {{\"choices\":[{{\"delta\":{data}}}]}}\n\n");
        exchange.push(data.into_bytes(), 0);
        exchange.finish(Ending::Complete);
    }
}

#[test]
fn a_stop_without_usage_is_told_after_a_grace() {
    let mut exchange = stream();
    let chunk = r#"data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
    let pushed = exchange.push(format!("{chunk}\n\n").into_bytes(), 0);
    assert_eq!(pushed.next, Next::WakeAfter(2000));
    let woken = exchange.wake();
    assert_eq!(woken.next, Next::Done);
    let Output::Replace(out) = woken.out else {
        panic!("nothing was written");
    };
    assert!(String::from_utf8(out).unwrap().contains("message_stop"));
}

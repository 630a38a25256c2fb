//! What the tests of components share: the components' bytes, good and spoilt, and a conversation
//! in which every piece of text can be told from every other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::harness::sse::Event;

const MARKER: usize = 64;
const MARKER_START: &[u8] = b"transom-fault=";

/// The bytes of a component that `just guests` built.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let path = guests_folder().join(format!("{name}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `just guests`", path.display()))
}

fn guests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests/target/wasm32-wasip2/release")
}

/// The guest `faulty`, with the fault written into the marker in its data.
pub(crate) fn faulty(fault: &str) -> Vec<u8> {
    let mut bytes = guest("faulty");
    let at = bytes
        .windows(MARKER_START.len())
        .position(|window| window == MARKER_START)
        .expect("faulty has its marker");
    let mut marker = [b' '; MARKER];
    let text = [MARKER_START, fault.as_bytes()].concat();
    marker[..text.len()].copy_from_slice(&text);
    bytes[at..at + MARKER].copy_from_slice(&marker);
    bytes
}

/// A component that does the same and has other bytes: one more section that says nothing.
pub(crate) fn same_but_other(bytes: &[u8]) -> Vec<u8> {
    // A custom section: its id, its size, a name of four bytes, nothing else.
    [bytes, b"\x00\x05\x04same"].concat()
}

/// Every `old` in the bytes replaced by a `new` of the same length.
pub(crate) fn patched(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len(), "a patch must not move anything");
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    let mut count = 0;
    while at + old.len() <= bytes.len() {
        if &bytes[at..at + old.len()] == old.as_bytes() {
            bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
            count += 1;
        }
        at += 1;
    }
    assert!(count > 0, "`{old}` does not occur");
    bytes
}

/// Lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}

/// Puts a file in place by rename, as compilers and editors do.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    let fresh = path.with_extension("fresh");
    std::fs::write(&fresh, bytes).expect("write beside the file");
    std::fs::rename(&fresh, path).expect("rename over the file");
}

/// A request for a stream.
pub(crate) fn ask(model: &str, prompt: &str) -> Value {
    json!({
        "model": model,
        "max_tokens": 1024,
        "messages": [{ "role": "user", "content": prompt }],
        "stream": true,
    })
}

/// The same for a whole message.
pub(crate) fn ask_whole(model: &str, prompt: &str) -> Value {
    let mut body = ask(model, prompt);
    body["stream"] = Value::Bool(false);
    body
}

/// Pieces of text of which each names its place and its answer.
pub(crate) fn pieces(who: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("{who} says piece {number} of {count}. "))
        .collect()
}

/// A provider with a chain of transformers, `name` being its model's name too.
pub(crate) fn chain(name: &str, base_url: &str, stages: &Value) -> Value {
    let mut provider = crate::harness::host::provider(name, base_url, "", name);
    provider["transformer"] = stages.clone();
    provider
}

/// A stage of a chain: the guest `faulty` as a link of this name, with more options.
pub(crate) fn link(mark: &str, more: Value) -> Value {
    let mut options = more;
    options["mark"] = mark.into();
    json!({ "name": "faulty", "options": options })
}

/// A chat completion in a stream, an event each.
pub(crate) fn chat_events(pieces: &[String]) -> Vec<Vec<u8>> {
    let chunk = |delta: Value| {
        json!({
            "id": "chatcmpl-0123456789abcdef", "object": "chat.completion.chunk",
            "created": 1_760_000_000, "model": "gpt-oss-120b",
            "choices": [{ "index": 0, "delta": delta }],
        })
    };
    let mut chunks = vec![chunk(json!({ "role": "assistant" }))];
    chunks.extend(pieces.iter().map(|text| chunk(json!({ "content": text }))));
    let mut last = chunk(json!({}));
    last["choices"][0]["finish_reason"] = "stop".into();
    last["usage"] = json!({ "prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16 });
    chunks.push(last);
    let events = chunks.iter().map(|chunk| format!("data: {chunk}\n\n"));
    events
        .chain(["data: [DONE]\n\n".to_owned()])
        .map(String::into_bytes)
        .collect()
}

/// A stream of Ollama's: lines of text, and the last one.
pub(crate) fn lines(pieces: &[String]) -> Vec<Vec<u8>> {
    let line = |text: &str, done: bool| {
        let message = json!({ "role": "assistant", "content": text });
        let mut line = json!({ "model": "gpt-oss:20b", "message": message, "done": done });
        if done {
            line["done_reason"] = "stop".into();
            line["eval_count"] = 9.into();
        }
        format!("{line}\n").into_bytes()
    };
    let texts = pieces.iter().map(|text| line(text, false));
    texts.chain([line("", true)]).collect()
}

/// A stream of Gemini's: a chunk for each text, and the last one.
pub(crate) fn gemini_events(pieces: &[String]) -> Vec<Vec<u8>> {
    let chunk = |text: &str, last: bool| {
        let content = json!({ "role": "model", "parts": [{ "text": text }] });
        let mut chunk = json!({ "candidates": [{ "content": content, "index": 0 }] });
        if last {
            chunk["candidates"][0]["finishReason"] = "STOP".into();
            chunk["usageMetadata"] = json!({ "promptTokenCount": 7, "candidatesTokenCount": 9 });
        }
        format!("data: {chunk}\r\n\r\n").into_bytes()
    };
    let texts = pieces.iter().map(|text| chunk(text, false));
    texts.chain([chunk("", true)]).collect()
}

/// A stream of the Responses API: a message in as many pieces.
pub(crate) fn response_events(pieces: &[String]) -> Vec<Vec<u8>> {
    let event = |mut data: Value, kind: &str| {
        data["type"] = kind.into();
        format!("event: {kind}\ndata: {data}\n\n").into_bytes()
    };
    let item = json!({ "id": "msg_0123456789abcdef", "type": "message", "role": "assistant", "content": [] });
    let begun = json!({ "output_index": 0, "item": item });
    let response =
        json!({ "status": "completed", "usage": { "input_tokens": 7, "output_tokens": 9 } });
    let texts = pieces.iter().map(|text| {
        let delta = json!({ "output_index": 0, "item_id": "msg_0123456789abcdef", "delta": text });
        event(delta, "response.output_text.delta")
    });
    let mut events = vec![event(begun, "response.output_item.added")];
    events.extend(texts);
    events.push(event(json!({ "response": response }), "response.completed"));
    events
}

/// A whole chat completion.
pub(crate) fn chat_whole(pieces: &[String]) -> Value {
    json!({
        "id": "chatcmpl-0123456789abcdef", "object": "chat.completion",
        "created": 1_760_000_000, "model": "gpt-oss-120b",
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": pieces.concat() },
        }],
        "usage": { "prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16 },
    })
}

/// A message in a stream, an event each: two before the first piece of text, three after the last.
pub(crate) fn message_events(pieces: &[String]) -> Vec<Vec<u8>> {
    let usage = json!({ "input_tokens": 7, "output_tokens": 1 });
    let start = json!({ "type": "message_start", "message": {
        "id": "msg_0123456789abcdef", "type": "message", "role": "assistant", "model": "m",
        "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage,
    } });
    let block = json!({ "type": "content_block_start", "index": 0,
        "content_block": { "type": "text", "text": "" } });
    let mut events = vec![start, block];
    events.extend(pieces.iter().map(|text| {
        json!({ "type": "content_block_delta", "index": 0,
            "delta": { "type": "text_delta", "text": text } })
    }));
    events.push(json!({ "type": "content_block_stop", "index": 0 }));
    events.push(json!({ "type": "message_delta",
        "delta": { "stop_reason": "end_turn", "stop_sequence": null },
        "usage": { "output_tokens": 9 } }));
    events.push(json!({ "type": "message_stop" }));
    let event = |data: &Value| Event::new(data["type"].as_str().unwrap_or_default(), data);
    events.iter().map(|data| event(data).to_bytes()).collect()
}

/// A whole message.
pub(crate) fn message_whole(pieces: &[String]) -> Value {
    json!({
        "id": "msg_0123456789abcdef", "type": "message", "role": "assistant", "model": "m",
        "content": [{ "type": "text", "text": pieces.concat() }],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": { "input_tokens": 7, "output_tokens": 9 },
    })
}

//! What a provider signed or sealed comes back to it: long conversations with tools, thinking and images to
//! upstreams that refuse what was changed, lost or put elsewhere.

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::grammar;
use crate::harness::host::{Builder, Host, provider};
use crate::strict::gemini::Gemini;
use crate::strict::responses::Responses;
use crate::strict::{Delivery, Dialect, Seen, Strict, Turn};

/// Answers of the model.
const TURNS: usize = 30;
const KEY: &str = "upstream-key-0123456789";
const PICTURE: &str = "iVBORw0KGgo=";

/// What the model answers for the time of this number: every kind of turn again and again.
fn turn(number: usize) -> Turn {
    let read = |part: &str| json!({ "file_path": format!("/work/{number}-{part} \"ü\".txt") });
    let said = format!("Words {number}: 读 “it”.");
    let thought = format!("Thought {number}.");
    match number % 6 {
        0 => Turn::call("Read", &read("one")).reasoning(&thought),
        1 => Turn::call("Read", &read("one"))
            .and_call("Bash", &json!({ "command": "ls\n" }))
            .saying(&said)
            .reasoning(&thought),
        2 => Turn::call("Bash", &json!({ "command": format!("echo {number}") })).saying(&said),
        3 => Turn::call("Read", &read("one"))
            .and_call("Read", &read("two"))
            .and_call(
                "Bash",
                &json!({ "command": "", "more": [1, { "a": null }] }),
            )
            .delivered(Delivery::Interleaved),
        4 => Turn::call(
            "mcp__a_server_with_a_long_name__and_a_tool_whose_name_is_even_longer",
            &json!({}),
        )
        .reasoning(&thought),
        _ => Turn::text(&said).reasoning(&thought),
    }
}

/// A conversation as a client holds it.
struct Talk {
    host: Host,
    model: String,
    messages: Vec<Value>,
}

impl Talk {
    /// The body of the next request; what a client of 2026 sends.
    fn body(&self, stream: bool) -> Value {
        let tool = |name: &str| {
            json!({
                "name": name, "description": name,
                "input_schema": {
                    "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
                    "properties": {
                        "file_path": { "type": "string" }, "command": { "type": "string" },
                        "limit": { "type": "integer", "exclusiveMinimum": 0 },
                    },
                    "additionalProperties": false,
                },
            })
        };
        json!({
            "model": self.model, "max_tokens": 32_000, "stream": stream,
            "system": [{ "type": "text", "text": "You are a careful helper." }],
            "thinking": { "type": "adaptive" },
            "output_config": { "effort": "medium" },
            "tools": [
                tool("Read"), tool("Bash"),
                tool("mcp__a_server_with_a_long_name__and_a_tool_whose_name_is_even_longer"),
            ],
            "messages": self.messages,
        })
    }

    /// One answer of the model, taken into the conversation as it came.
    async fn ask(&mut self, stream: bool) -> Value {
        let reply = client::messages(self.host.base(), &self.body(stream)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let message = if stream {
            grammar::check(&reply).assert_clean().message.clone()
        } else {
            reply.json()
        };
        self.messages
            .push(json!({ "role": "assistant", "content": message["content"] }));
        message
    }

    /// What the client does then: it runs the tools, else the user goes on.
    fn answer(&mut self, number: usize, message: &Value) {
        let blocks = message["content"].as_array().into_iter().flatten();
        let mut results: Vec<Value> = blocks
            .filter(|block| block["type"] == "tool_use")
            .enumerate()
            .map(|(at, block)| result(number, at, &block["id"]))
            .collect();
        // Tools finish in any order.
        results.reverse();
        if results.is_empty() {
            assert_eq!(message["stop_reason"], "end_turn", "{number}");
            results = vec![
                json!({ "type": "text", "text": format!("Go on from {number}.") }),
                picture(),
            ];
        } else {
            assert_eq!(message["stop_reason"], "tool_use", "{number}");
        }
        self.messages
            .push(json!({ "role": "user", "content": results }));
        if number % 8 == 7 {
            let text = format!("Rule {number}.");
            self.messages
                .push(json!({ "role": "system", "content": text }));
        }
    }
}

fn picture() -> Value {
    let source = json!({ "type": "base64", "media_type": "image/png", "data": PICTURE });
    json!({ "type": "image", "source": source })
}

/// The result of a call: text, a list, a failure, a picture.
fn result(number: usize, at: usize, id: &Value) -> Value {
    let said = format!("Result {number}.{at}");
    let mut result = json!({ "type": "tool_result", "tool_use_id": id, "content": said });
    match (number + at) % 4 {
        1 => result["content"] = json!([{ "type": "text", "text": said }]),
        2 => result["is_error"] = json!(true),
        3 => result["content"] = json!([{ "type": "text", "text": said }, picture()]),
        _ => {}
    }
    result
}

/// Thirty turns. Returns the last request that the upstream got.
async fn thirty_turns(dialect: impl Dialect, name: &str, (path, model): (&str, &str)) -> Value {
    let script = |seen: &Seen| turn(seen.answers).delivered(Delivery::Interleaved);
    let strict = Strict::start(dialect, script).await;
    let mut config = provider(name, &format!("{}{path}", strict.url()), name, model);
    config["api_key"] = KEY.into();
    let mut talk = Talk {
        host: Builder::new().provider(config).start(),
        model: format!("{name},{model}"),
        messages: vec![json!({ "role": "user", "content": "Begin." })],
    };
    for number in 0..TURNS {
        // Claude Code asks again for a whole answer when a stream failed.
        let message = talk.ask(number % 5 != 4).await;
        talk.answer(number, &message);
    }
    talk.ask(true).await;
    strict.assert_no_violation();
    let seen = strict.seen();
    assert_eq!(seen.len(), TURNS + 1);
    let last = seen.last().expect("the last request").body.clone();
    nothing_is_lost(&last);
    last
}

/// All that was said, by whom and however it is written now.
fn nothing_is_lost(body: &Value) {
    let text = body.to_string();
    let missing = |words: &str| !text.contains(words);
    for number in 0..TURNS {
        let turn = turn(number);
        let said = format!("Words {number}: 读");
        assert!(turn.text.is_empty() || !missing(&said), "{said}");
        for at in 0..turn.calls.len() {
            let result = format!("Result {number}.{at}");
            assert!(!missing(&result), "{result}");
        }
        if turn.calls.is_empty() {
            let words = format!("Go on from {number}.");
            assert!(!missing(&words), "{words}");
        }
        if number % 8 == 7 {
            let rule = format!("Rule {number}.");
            assert!(!missing(&rule), "{rule}");
        }
    }
}

/// How many pictures the client sent.
fn pictures() -> usize {
    let of = |number: usize| match turn(number).calls.len() {
        0 => 1,
        calls => (0..calls).filter(|at| (number + at) % 4 == 3).count(),
    };
    (0..TURNS).map(of).sum()
}

/// How many steps of the model called tools, and how many calls those were.
fn calls() -> (usize, usize) {
    let calls = (0..TURNS).map(|number| turn(number).calls.len());
    let calls: Vec<usize> = calls.filter(|calls| *calls > 0).collect();
    (calls.len(), calls.iter().sum())
}

fn count(body: &Value, words: &str) -> usize {
    body.to_string().matches(words).count()
}

#[tokio::test]
async fn thirty_turns_to_gemini_keep_every_signature_on_the_call_that_it_came_with() {
    let model = "gemini-3.8-flash";
    let gemini = Gemini::new(KEY, &[model]);
    let last = thirty_turns(gemini, "gemini", ("/v1beta", model)).await;
    let (steps, all) = calls();
    assert_eq!(count(&last, "\"thoughtSignature\""), steps);
    assert_eq!(count(&last, "skip_thought_signature_validator"), 0);
    assert_eq!(count(&last, "\"functionCall\""), all);
    assert_eq!(count(&last, PICTURE), pictures());
}

#[tokio::test]
async fn thirty_turns_to_gemini_before_signatures_have_a_response_for_each_call() {
    let model = "gemini-2.5-pro";
    let gemini = Gemini::new(KEY, &[model]);
    let last = thirty_turns(gemini, "gemini", ("/v1beta", model)).await;
    let (_, all) = calls();
    assert_eq!(count(&last, "\"thoughtSignature\""), 0);
    assert_eq!(count(&last, "\"functionResponse\""), all);
    assert_eq!(count(&last, PICTURE), pictures());
}

#[tokio::test]
async fn thirty_turns_to_responses_give_everything_back_that_was_thought() {
    let model = "gpt-5.4";
    let responses = Responses::new(KEY, &[model]);
    let last = thirty_turns(responses, "responses", ("/v1", model)).await;
    let (_, all) = calls();
    assert_eq!(count(&last, "\"encrypted_content\""), TURNS);
    assert_eq!(count(&last, "\"function_call_output\""), all);
    assert_eq!(count(&last, PICTURE), pictures());
}

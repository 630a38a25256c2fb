//! Thirty turns with thinking, tools, images and system messages through every transformer to an upstream that refuses
//! whatever its provider is known to refuse: no request breaks a rule, and nothing is lost on the way that it could carry.

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::grammar;
use crate::harness::host::{self, Builder};
use crate::strict::anthropic::Anthropic;
use crate::strict::cerebras::Cerebras;
use crate::strict::chat::{Chat, PROVIDERS};
use crate::strict::compatible::{Compatible, ENDPOINTS};
use crate::strict::ollama::Ollama;
use crate::strict::zai::{Mood, Zai};
use crate::strict::{Delivery, Seen, Strict, Turn};

const KEY: &str = "upstream-key-0123456789";
const TURNS: usize = 30;

/// One pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// An upstream, and how a host reaches it.
struct Way {
    what: String,
    strict: Strict,
    provider: Value,
    model: String,
    /// Images arrive as they are.
    images: bool,
    /// The member that earlier thinking comes back in; none: it does not come back.
    replays: Option<&'static str>,
    /// Messages of the system amid the conversation keep their role.
    sends_temperature: bool,
}

/// What the model says in each turn: it thinks, talks, and calls one tool, two, or none.
fn script(together: Delivery) -> impl Fn(&Seen) -> Turn + Send + Sync + 'static {
    move |seen| turn(seen.answers, together)
}

/// `together`: how the pieces of two calls come.
fn turn(at: usize, together: Delivery) -> Turn {
    let input = json!({ "path": format!("/tmp/{at} \"ü\" \\ 🙂"), "limit": at });
    let turn = Turn::text(&format!("Answer number {at}."));
    let turn = if at % 3 == 0 {
        turn
    } else {
        turn.reasoning(&format!("Thought number {at}."))
    };
    match at % 4 {
        0 => turn,
        1 => turn.and_call("Read", &input),
        2 => turn
            .and_call("Read", &input)
            .and_call(
                "mcp__a_server_with_a_rather_long_name__and_a_tool_whose_name_is_longer_still",
                &json!({}),
            )
            .delivered(together),
        _ => turn
            .and_call("Read", &json!({}))
            .delivered(Delivery::Characters)
            .byte_by_byte(),
    }
}

async fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    for provider in &PROVIDERS {
        let strict = Strict::start(
            Chat::new(KEY, provider.profile),
            script(Delivery::Interleaved),
        )
        .await;
        let mut entry = host::provider(
            "p",
            &format!("{}/v1", strict.url()),
            "openai",
            provider.model,
        );
        entry["options"] = json!({ "profile": provider.profile });
        ways.push(Way {
            what: format!("openai, profile {}", provider.profile),
            strict,
            provider: entry,
            model: provider.model.to_owned(),
            images: provider.images,
            replays: provider.replays,
            sends_temperature: true,
        });
    }
    for endpoint in &ENDPOINTS {
        let strict = Strict::start(
            Compatible::new(KEY, endpoint.profile),
            script(Delivery::Characters),
        )
        .await;
        let mut entry = host::provider("p", &strict.url(), "compatible", endpoint.model);
        entry["options"] = json!({ "profile": endpoint.profile });
        ways.push(Way {
            what: format!("compatible, profile {}", endpoint.profile),
            strict,
            provider: entry,
            model: endpoint.model.to_owned(),
            images: endpoint.media,
            replays: Some("thinking"),
            sends_temperature: true,
        });
    }
    let own = [
        ("cerebras", "gpt-oss-120b", true, Some("reasoning")),
        ("ollama", "gpt-oss:20b", true, Some("thinking")),
        ("zai", "glm-4.7", true, Some("thinking")),
        ("anthropic", "model-1", true, Some("thinking")),
    ];
    for (name, model, images, replays) in own {
        let script = script(Delivery::Characters);
        let strict = match name {
            "cerebras" => Strict::start(Cerebras::new(KEY, &[model]), script).await,
            "ollama" => Strict::start(Ollama::new(KEY, &[model]), script).await,
            "zai" => Strict::start(Zai::new(KEY, Mood::Takes), script).await,
            _ => Strict::start(Anthropic::new(KEY), script).await,
        };
        let base = if name == "cerebras" {
            format!("{}/v1", strict.url())
        } else {
            strict.url()
        };
        ways.push(Way {
            what: name.to_owned(),
            strict,
            provider: host::provider("p", &base, name, model),
            model: model.to_owned(),
            images,
            replays,
            sends_temperature: name != "ollama",
        });
    }
    for way in &mut ways {
        way.provider["api_key"] = KEY.into();
        // What the catalog knows of a model by its name is not what is tried here.
        way.provider["models"] = json!([{ "id": way.model, "vision": true, "max_output": 32000 }]);
    }
    ways
}

fn text(text: impl Into<String>) -> Value {
    json!({ "type": "text", "text": text.into() })
}

fn image() -> Value {
    json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": PNG } })
}

/// What the user says to an answer: the results of its calls, or something new, with an image now and then.
fn said(at: usize, answer: &[Value]) -> Value {
    let calls = answer.iter().filter(|block| block["type"] == "tool_use");
    let mut content: Vec<Value> = calls
        .enumerate()
        .map(|(number, call)| {
            let words = format!("result {number} of answer {at}");
            let content = match at % 5 {
                0 => json!(words),
                1 => json!([text(words), image()]),
                _ => json!([text(words)]),
            };
            json!({ "type": "tool_result", "tool_use_id": call["id"], "content": content, "is_error": at % 7 == 6 })
        })
        .collect();
    // Other calls come in another order than they were made.
    content.reverse();
    if content.is_empty() || at % 6 == 1 {
        content.push(text(format!("words of the user behind answer {at}")));
    }
    if at % 8 == 4 {
        content.push(image());
    }
    json!({ "role": "user", "content": content })
}

fn request(way: &Way, messages: &[Value], at: usize) -> Value {
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
        "properties": { "path": { "type": "string" }, "limit": { "type": "integer" } },
    });
    let long = "mcp__a_server_with_a_rather_long_name__and_a_tool_whose_name_is_longer_still";
    let mut body = json!({
        "model": format!("p,{}", way.model),
        "max_tokens": 16000,
        "stream": at % 5 != 3,
        "system": [text("x-anthropic-billing-header: cc_version=2; cch=abcde;"), {
            "type": "text", "text": "You are tried.", "cache_control": { "type": "ephemeral" },
        }],
        "messages": messages,
        "tools": [
            { "name": "Read", "description": "Reads.", "input_schema": schema },
            { "name": long, "description": "Long.", "input_schema": { "type": "object", "properties": {} } },
        ],
        "thinking": { "type": "adaptive" },
        "output_config": { "effort": "high" },
        "metadata": { "user_id": "{\"device_id\":\"d\",\"account_uuid\":\"\",\"session_id\":\"s\"}" },
    });
    if at % 9 == 2 {
        body["tool_choice"] = json!({ "type": "auto", "disable_parallel_tool_use": true });
    }
    if way.sends_temperature && at % 10 == 7 {
        body["temperature"] = json!(0);
        body["stop_sequences"] = json!(["END", "STOP"]);
    }
    body
}

/// The content of an answer, streamed or whole.
fn content(reply: &client::Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    if reply.header("content-type") == Some("application/json") {
        return reply.json()["content"]
            .as_array()
            .cloned()
            .unwrap_or_default();
    }
    grammar::check(reply).assert_clean();
    let mut blocks: Vec<Value> = Vec::new();
    let mut input = String::new();
    for event in reply.events() {
        let data = event.json();
        match data["type"].as_str().unwrap_or_default() {
            "content_block_start" => {
                blocks.push(data["content_block"].clone());
                input.clear();
            }
            "content_block_delta" => {
                let block = blocks.last_mut().expect("a block is open");
                let delta = &data["delta"];
                for member in ["text", "thinking", "signature"] {
                    if let Some(piece) = delta[member].as_str() {
                        let so_far = block[member].as_str().unwrap_or_default();
                        block[member] = format!("{so_far}{piece}").into();
                    }
                }
                if let Some(piece) = delta["partial_json"].as_str() {
                    input.push_str(piece);
                    if let Ok(whole) = serde_json::from_str(&input) {
                        block["input"] = whole;
                    }
                }
            }
            _ => {}
        }
    }
    blocks
}

async fn converse(way: &Way) {
    let host = Builder::new().provider(way.provider.clone()).start();
    let mut messages =
        vec![json!({ "role": "user", "content": [text("words of the user to begin with")] })];
    for at in 0..TURNS {
        if at % 11 == 5 {
            messages.push(
                json!({ "role": "system", "content": format!("System words before answer {at}.") }),
            );
        }
        let reply = client::messages(host.base(), &request(way, &messages, at)).await;
        way.strict.assert_no_violation();
        let answer = content(&reply);
        let whole: String = answer
            .iter()
            .filter_map(|block| block["text"].as_str())
            .collect();
        assert_eq!(whole.trim(), format!("Answer number {at}."), "{}", way.what);
        let calls: Vec<&Value> = answer
            .iter()
            .filter(|block| block["type"] == "tool_use")
            .collect();
        let wanted = [0, 1, 2, 1][at % 4];
        assert_eq!(calls.len(), wanted, "{}: answer {at}", way.what);
        if at % 4 == 2 {
            assert!(
                calls[1]["name"]
                    .as_str()
                    .is_some_and(|name| name.len() > 64),
                "{}",
                way.what
            );
        }
        if at % 3 != 0 {
            let thought = answer.iter().find_map(|block| block["thinking"].as_str());
            assert_eq!(
                thought.map(str::trim),
                Some(&*format!("Thought number {at}.")),
                "{}",
                way.what
            );
        }
        messages.push(json!({ "role": "assistant", "content": answer }));
        messages.push(said(at, &answer));
    }
    let seen = way.strict.seen();
    assert_eq!(seen.len(), TURNS, "{}", way.what);
    nothing_is_lost(way, &seen[TURNS - 1].body.to_string());
}

/// All that was said before the last request stands in it.
fn nothing_is_lost(way: &Way, last: &str) {
    let has = |words: &str| assert!(last.contains(words), "{}: `{words}` is lost", way.what);
    has("You are tried.");
    assert!(
        !last.contains("x-anthropic-billing-header")
            || way.what == "anthropic"
            || way.what.contains("openrouter")
    );
    for at in 0..TURNS - 1 {
        has(&format!("Answer number {at}."));
        for number in 0..[0, 1, 2, 1][at % 4] {
            has(&format!("result {number} of answer {at}"));
        }
        if at % 4 == 0 || at % 6 == 1 {
            has(&format!("words of the user behind answer {at}"));
        }
        if at % 11 == 5 {
            has(&format!("System words before answer {at}."));
        }
        let thought = format!("Thought number {at}.");
        if way.replays.is_some() && at % 3 != 0 {
            has(&thought);
        }
    }
    let images = last.matches(PNG).count();
    let sent = (0..TURNS - 1)
        .map(|at| [0, 1, 2, 1][at % 4] * usize::from(at % 5 == 1) + usize::from(at % 8 == 4))
        .sum::<usize>();
    assert_eq!(images, if way.images { sent } else { 0 }, "{}", way.what);
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_turns_with_tools_thinking_and_images_break_no_rule_and_lose_nothing() {
    for way in ways().await {
        converse(&way).await;
    }
}

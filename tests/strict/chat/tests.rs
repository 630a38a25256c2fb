//! Each special rule fires on the request that breaks it, and none on a proper one.

use serde_json::{Value, json};

use super::{Chat, House, houses};
use crate::strict::{broken_rules, request};

const TARGET: &str = "/v1/chat/completions";
const BEARER: (&str, &str) = ("authorization", "Bearer k");

fn rules(house: &'static House, body: &Value) -> Vec<&'static str> {
    broken_rules(&Chat::new(house, "k"), &request(TARGET, &[BEARER], body))
}

/// The rules that fire once `change` was made to a proper request.
fn after(house: &'static House, change: impl FnOnce(&mut Value)) -> Vec<&'static str> {
    let mut body = json!({
        "model": house.model,
        "messages": [{ "role": "system", "content": "s" }, { "role": "user", "content": "hi" }],
        "stream": true,
    });
    change(&mut body);
    rules(house, &body)
}

/// A turn with a call, whose reasoning is put where the house has it.
fn turn(house: &House, id: &str, reasoning: &str) -> Value {
    let mut message = json!({ "role": "assistant", "content": "I look." });
    if let Some(thinking) = house
        .thinking
        .filter(|_| house.takes_thinking && !reasoning.is_empty())
    {
        thinking.put(&mut message, reasoning);
    }
    message["tool_calls"] = json!([
        { "id": id, "type": "function", "function": { "name": "Read", "arguments": "{}" } }
    ]);
    message
}

fn with_turn(house: &'static House, reasoning: &str, given: &str) -> Vec<&'static str> {
    let id = format!("{}{}", house.id_prefix, super::thinking::call_id(reasoning));
    let turn = turn(house, &id, given);
    after(house, |body| {
        let messages = body["messages"].as_array_mut().expect("messages");
        messages.push(turn);
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": "1" }));
    })
}

#[test]
fn a_proper_conversation_breaks_no_rule_of_any_house() {
    for house in houses::ALL {
        let given = if house.takes_thinking { "hm" } else { "" };
        let broken = with_turn(house, "hm", given);
        assert!(broken.is_empty(), "{}: {broken:?}", house.name);
    }
}

#[test]
fn what_a_house_does_not_know_is_refused_everywhere() {
    let changes: [fn(&mut Value); 2] = [
        |body| body["context_management"] = json!({}),
        |body| body["messages"][1]["cache_control"] = json!({}),
    ];
    for house in houses::ALL {
        for change in changes {
            assert_eq!(after(house, change), ["unknown-property"], "{}", house.name);
        }
    }
}

#[test]
fn reasoning_that_does_not_come_back_as_it_was_is_refused_where_it_must() {
    for (house, missing) in [
        (
            &houses::DEEPSEEK,
            &["reasoning-content", "reasoning-content-missing"][..],
        ),
        (&houses::KIMI, &["reasoning-content"]),
        (&houses::OPENROUTER, &["reasoning-details"]),
        (&houses::MINIMAX, &["thinking"]),
        (&houses::VLLM, &[]),
    ] {
        assert_eq!(with_turn(house, "hm", ""), missing, "{}", house.name);
        let other = with_turn(house, "hm", "something else");
        assert_eq!(other.is_empty(), missing.is_empty(), "{}", house.name);
    }
}

fn tools() -> Value {
    json!([{ "type": "function", "function": { "name": "a", "parameters": { "type": "object" } } }])
}

fn force_a_tool(body: &mut Value, choice: Value) {
    body["tools"] = tools();
    body["tool_choice"] = choice;
}

/// A house, what is done to a good request, and the rule that it breaks.
type Breach = (&'static House, fn(&mut Value), &'static str);

#[test]
fn each_special_rule_fires() {
    let cases: [Breach; 13] = [
        (
            &houses::OPENAI,
            |body| body["temperature"] = json!(0.5),
            "reasoning-models",
        ),
        (
            &houses::OPENAI,
            |body| body["reasoning_effort"] = json!("max"),
            "effort",
        ),
        (
            &houses::OPENROUTER,
            |body| body["reasoning"] = json!({ "effort": "low", "max_tokens": 1 }),
            "effort-or-budget",
        ),
        (
            &houses::GROQ,
            |body| {
                let tool = json!({ "type": "function", "function": {
                    "name": "a", "parameters": { "type": "object", "$schema": "x" },
                } });
                body["tools"] = json!([tool]);
            },
            "schema",
        ),
        (
            &houses::GROQ,
            |body| body["reasoning_effort"] = json!("none"),
            "reasoning-format",
        ),
        (
            &houses::MISTRAL,
            |body| body["messages"][1] = json!({ "role": "assistant", "content": "so" }),
            "order",
        ),
        (
            &houses::DEEPSEEK,
            |body| body["thinking"] = json!({ "type": "adaptive" }),
            "thinking",
        ),
        (
            &houses::KIMI,
            |body| body["temperature"] = json!(1),
            "temperature",
        ),
        (
            &houses::MINIMAX,
            |body| body["temperature"] = json!(0),
            "temperature",
        ),
        (
            &houses::QWEN,
            |body| body["thinking_budget"] = json!(0),
            "thinking",
        ),
        (
            &houses::SILICONFLOW,
            |body| body["thinking_budget"] = json!(64),
            "thinking-budget",
        ),
        (
            &houses::LLAMA_CPP,
            |body| body["messages"][1] = json!({ "role": "system", "content": "again" }),
            "system-place",
        ),
        (
            &houses::DEEPSEEK,
            |body| {
                let image = json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==" } });
                body["messages"][1]["content"] = json!([image]);
            },
            "type",
        ),
    ];
    for (house, change, rule) in cases {
        assert_eq!(after(house, change), [rule], "{}", house.name);
    }
}

#[test]
fn what_does_not_go_beside_tools_or_thinking_is_refused() {
    let cases: [Breach; 5] = [
        (
            &houses::OPENAI_NEWER,
            |body| body["tools"] = tools(),
            "effort-with-tools",
        ),
        (
            &houses::OPENAI_NEWER,
            |body| {
                body["tools"] = tools();
                body["reasoning_effort"] = json!("low");
            },
            "effort-with-tools",
        ),
        (
            &houses::DEEPSEEK,
            |body| force_a_tool(body, json!("required")),
            "forced-tool",
        ),
        (
            &houses::KIMI,
            |body| force_a_tool(body, json!("required")),
            "forced-tool",
        ),
        (
            &houses::QWEN,
            |body| {
                force_a_tool(
                    body,
                    json!({ "type": "function", "function": { "name": "a" } }),
                );
            },
            "forced-tool",
        ),
    ];
    for (house, change, rule) in cases {
        assert_eq!(after(house, change), [rule], "{}", house.name);
    }
}

#[test]
fn ids_of_calls_are_checked_where_they_have_a_form() {
    let long = "c".repeat(41);
    for (house, id) in [
        (&houses::MISTRAL, "toolu_0123456789"),
        (&houses::OPENAI, long.as_str()),
        (&houses::OPENAI_NEWER, "functions.Read:0"),
    ] {
        let turn = turn(house, id, "");
        let broken = after(house, |body| {
            let messages = body["messages"].as_array_mut().expect("messages");
            messages.push(turn);
            messages.push(json!({ "role": "tool", "tool_call_id": id, "content": "1" }));
        });
        assert_eq!(broken, ["tool-id", "tool-id"], "{id}");
    }
}

#[test]
fn a_tool_may_be_forced_where_thinking_is_off() {
    let broken = after(&houses::DEEPSEEK, |body| {
        force_a_tool(body, json!("required"));
        body["thinking"] = json!({ "type": "disabled" });
    });
    assert_eq!(broken, Vec::<&str>::new());
}

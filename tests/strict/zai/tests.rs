//! Both moods, with the body that was seen.

use serde_json::{Value, json};

use super::{Mood, Zai};
use crate::harness::client;
use crate::strict::{Strict, Turn, broken_rules, request};

const TARGET: &str = "/v1/messages";
const HEADERS: [(&str, &str); 2] = [
    ("authorization", "Bearer k"),
    ("anthropic-version", "2023-06-01"),
];

fn body(messages: &Value) -> Value {
    json!({ "model": "glm-4.7", "max_tokens": 10, "messages": messages })
}

#[test]
fn one_mood_takes_a_system_message_and_the_other_refuses_it() {
    let messages =
        json!([{ "role": "user", "content": "hi" }, { "role": "system", "content": "s" }]);
    let request = request(TARGET, &HEADERS, &body(&messages));
    assert!(broken_rules(&Zai::new("k", Mood::Takes), &request).is_empty());
    assert_eq!(
        broken_rules(&Zai::new("k", Mood::Refuses), &request),
        ["system-role"]
    );
}

#[test]
fn either_credential_will_do_but_not_both() {
    let rules = |headers: &[_]| {
        let proper = body(&json!([{ "role": "user", "content": "hi" }]));
        broken_rules(
            &Zai::new("k", Mood::Takes),
            &request(TARGET, headers, &proper),
        )
    };
    assert!(rules(&[("x-api-key", "k"), HEADERS[1]]).is_empty());
    assert_eq!(
        rules(&[HEADERS[0], HEADERS[1], ("x-api-key", "k")]),
        ["auth"]
    );
    assert_eq!(rules(&HEADERS[1..]), ["auth"]);
}

#[tokio::test]
async fn it_refuses_with_the_body_that_was_observed() {
    let strict = Strict::turns(Zai::new("k", Mood::Refuses), vec![Turn::text("x")]).await;
    let mut body =
        body(&json!([{ "role": "system", "content": "s" }, { "role": "user", "content": "hi" }]));
    body["tools"] = json!([{ "type": "function", "function": { "name": "Bash" } }]);
    let reply = client::post(&strict.url(), TARGET, &HEADERS, body.to_string().as_bytes()).await;
    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.json(),
        json!({ "detail": [
            {
                "type": "literal_error",
                "loc": ["body", "messages", 0, "role"],
                "msg": "Input should be 'user' or 'assistant'",
                "input": "system",
            },
            { "type": "missing", "loc": ["body", "tools", 0, "name"], "msg": "Field required" },
        ] })
    );
}

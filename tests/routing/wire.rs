//! What a provider gets: without the subagent's tag, and without images if the model reads text only.

use serde_json::{Value, json};

use super::{builder, send, upstream};

#[tokio::test(flavor = "multi_thread")]
async fn the_tag_is_not_sent_whichever_rule_decides() {
    let upstream = upstream().await;
    let host = builder(&upstream).start();
    let tag = "<CCR-SUBAGENT-MODEL>main,agent-m</CCR-SUBAGENT-MODEL>";
    for (model, to) in [("claude-x", "agent-m"), ("main,other-m", "other-m")] {
        let body = json!({
            "model": model, "max_tokens": 8, "system": [{ "type": "text", "text": format!("a{tag}b") }],
            "messages": [{ "role": "user", "content": "hi" }, { "role": "system", "content": [{ "type": "text", "text": tag }] }],
        });
        let reply = send(&host, &body, &[]).await;
        assert_eq!(reply.header("x-transom-model"), Some(to));
        let sent = upstream.requests().pop().unwrap().json();
        assert_eq!(sent["system"][0]["text"], "ab");
        assert!(!sent.to_string().contains("CCR-SUBAGENT"), "{sent}");
    }
}

fn with_image(model: &str) -> Value {
    let image = json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo=" } });
    json!({
        "model": model, "max_tokens": 8,
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "what is this?" }, image] }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_reads_text_only_gets_words_in_place_of_an_image() {
    let upstream = upstream().await;
    let host = builder(&upstream)
        .edit(|config| {
            config["router"].as_object_mut().unwrap().remove("image");
        })
        .start();
    for model in ["main,blind-m", "main,BLIND-M"] {
        let reply = send(&host, &with_image(model), &[]).await;
        assert_eq!(reply.status, 200);
        let sent = upstream.requests().pop().unwrap().json();
        assert_eq!(sent["model"], "blind-m");
        let block = &sent["messages"][0]["content"][1];
        assert_eq!(block["type"], "text");
        let words = block["text"].as_str().unwrap();
        assert!(words.contains("blind-m reads text only") && words.contains("tell the user"));
    }
    // A model about which nothing is known gets what came.
    send(&host, &with_image("main,other-m"), &[]).await;
    let sent = upstream.requests().pop().unwrap().json();
    assert_eq!(sent["messages"][0]["content"][1]["type"], "image");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_images_of_a_conversation_are_named_in_words_too() {
    let upstream = upstream().await;
    let host = builder(&upstream).start();
    let mut body = with_image("main,blind-m");
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({ "role": "assistant", "content": "a cat" }));
    messages.push(json!({ "role": "user", "content": "and now?" }));
    let reply = send(&host, &body, &[]).await;
    assert_eq!(reply.header("x-transom-route"), Some("explicit"));
    let sent = upstream.requests().pop().unwrap().json();
    assert_eq!(sent["messages"][0]["content"][1]["type"], "text");
}

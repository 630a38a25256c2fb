//! Routes of a project and of a conversation, and the length that a conversation had.

use serde_json::{Value, json};

use super::{builder, message, send, upstream};
use crate::harness::upstream::{Answer, Upstream};

const SESSION: &str = "11111111-2222-3333-4444-555555555555";

fn ask(directory: &str, session: &str) -> Value {
    let user = json!({ "device_id": "d", "account_uuid": "", "session_id": session }).to_string();
    json!({
        "model": "claude-opus-4-8", "max_tokens": 8, "metadata": { "user_id": user },
        "system": [{ "type": "text", "text": format!("# Environment\n - Primary working directory: {directory}\n - x") }],
        "messages": [{ "role": "user", "content": "hi" }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_has_routes_of_its_own_and_a_conversation_before_it() {
    let upstream = upstream().await;
    let host = builder(&upstream)
        .set(
            "projects",
            json!({
                "/home/me/work": { "router": { "default": "main,other-m" } },
                "/home/me/work/api": { "router": { "default": "main,agent-m" } },
                "secret": { "router": { "default": "main,blind-m" } },
            }),
        )
        .set(
            "conversations",
            json!({ "c-1": { "router": { "default": "main,long-m" } } }),
        )
        .start();
    for (directory, session, model) in [
        ("/home/me/work/api/src", "s", "agent-m"),
        ("/home/me/work/apis", "s", "other-m"),
        ("/srv/secret/x", "s", "blind-m"),
        ("/srv/other", "s", "default-m"),
        ("/home/me/work", "c-1", "long-m"),
        ("/srv/other", "c-1", "long-m"),
    ] {
        let reply = send(&host, &ask(directory, session), &[]).await;
        assert_eq!(reply.header("x-transom-model"), Some(model), "{directory}");
        assert_eq!(reply.header("x-transom-route"), Some("default"));
    }
    // They stand in place of the main ones, whole: nothing of a project goes elsewhere.
    let mut haiku = ask("/srv/secret", "s");
    haiku["model"] = json!("claude-haiku-4-5");
    let reply = send(&host, &haiku, &[]).await;
    assert_eq!(reply.header("x-transom-model"), Some("blind-m"));
    // A header is stronger than the body.
    let headers = [("x-claude-code-session-id", "c-1")];
    let reply = send(&host, &ask("/home/me/work", "s"), &headers).await;
    assert_eq!(reply.header("x-transom-model"), Some("long-m"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_was_long_goes_on_as_a_long_one() {
    let upstream = Upstream::always(Answer::json(200, &message(70_000))).await;
    let host = builder(&upstream).start();
    let route = async |words: usize, session: &str| {
        let mut body = ask("/srv", session);
        body["messages"][0]["content"] = json!("word ".repeat(words));
        let reply = send(&host, &body, &[]).await;
        reply.header("x-transom-route").map(str::to_owned)
    };
    assert_eq!(route(30_000, SESSION).await.as_deref(), Some("default"));
    assert_eq!(
        route(30_000, SESSION).await.as_deref(),
        Some("long_context")
    );
    // A small side request of it is not long, and another conversation is not either.
    assert_eq!(route(100, SESSION).await.as_deref(), Some("default"));
    assert_eq!(route(30_000, "another").await.as_deref(), Some("default"));
}

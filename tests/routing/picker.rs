//! `/v1/models` as Claude Code's picker reads it.

use serde_json::{Value, json};

use super::{builder, upstream};
use crate::harness::client;

#[tokio::test(flavor = "multi_thread")]
async fn the_picker_finds_the_aliases_first_and_sees_where_they_lead() {
    let upstream = upstream().await;
    let aliases = json!({ "a-fast": "main,other-m", "claude-fast-1": "main,agent-m", "my-Claude": "main,blind-m" });
    let host = builder(&upstream).set("aliases", aliases).start();
    let models = client::get(host.base(), "/v1/models?limit=1000")
        .await
        .json();
    let data = models["data"].as_array().unwrap();
    let id = |entry: &Value| entry["id"].as_str().unwrap().to_owned();
    // What the client does with the list: it keeps ids with one of two words in them.
    let kept = |entry: &&Value| {
        let id = id(entry).to_lowercase();
        id.contains("claude") || id.contains("anthropic")
    };
    let picked: Vec<_> = data.iter().filter(kept).map(id).collect();
    assert_eq!(picked, ["claude-fast-1", "my-Claude"]);
    let first: Vec<_> = data.iter().take(3).map(id).collect();
    assert_eq!(first, ["claude-fast-1", "my-Claude", "a-fast"]);
    assert_eq!(data[0]["display_name"], "agent-m (main)");
}

//! What Claude Code sends, and where transom routes it: a subagent with its tag, a web search, the
//! background, an image for a model that reads text only.

use serde_json::{Value, json};

use super::claude::Claude;
use crate::harness::host::{self, Builder, Host};
use crate::harness::upstream::{Answer, Request, Upstream};

const AGENTS: &str = r#"{"helper":{"description":"Helps.","prompt":"<CCR-SUBAGENT-MODEL>other,agent-m</CCR-SUBAGENT-MODEL>You help.","tools":["Bash"]}}"#;

/// The smallest PNG there is: one pixel.
const PNG: [u8; 67] = [
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0a, 0x49, 0x44, 0x41, 0x54,
    0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
];

/// Calls `tool` once, then says that it is done.
async fn upstream(tool: &'static str, input: Value) -> Upstream {
    Upstream::start(move |request| {
        let body = request.json();
        let mut names = body["tools"].as_array().into_iter().flatten();
        let offered = names.any(|one| one["name"] == tool);
        let called = body["messages"].to_string().contains("tool_result");
        let block = if offered && !called {
            json!({ "type": "tool_use", "id": "toolu_1", "name": tool, "input": {} })
        } else {
            json!({ "type": "text", "text": "" })
        };
        Answer::sse(&events(request.number, &block, &input))
    })
    .await
}

fn events(number: usize, block: &Value, input: &Value) -> Vec<u8> {
    let calls = block["type"] == "tool_use";
    let delta = if calls {
        json!({ "type": "input_json_delta", "partial_json": input.to_string() })
    } else {
        json!({ "type": "text_delta", "text": "Done." })
    };
    let reason = if calls { "tool_use" } else { "end_turn" };
    let usage = json!({ "input_tokens": 10, "output_tokens": 1 });
    let message = json!({
        "id": format!("msg_{number}"), "type": "message", "role": "assistant", "model": "m", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": usage,
    });
    let all = [
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0, "content_block": block }),
        json!({ "type": "content_block_delta", "index": 0, "delta": delta }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": reason, "stop_sequence": null }, "usage": usage }),
        json!({ "type": "message_stop" }),
    ];
    let event = |data: &Value| {
        let name = data["type"].as_str().unwrap_or_default();
        format!("event: {name}\ndata: {data}\n\n").into_bytes()
    };
    all.iter().flat_map(event).collect()
}

/// Two providers at one upstream, told apart by the path.
fn host(upstream: &Upstream) -> Host {
    let at = |name: &str| format!("{}/{name}", upstream.url());
    let mut main = host::provider("main", &at("main"), "anthropic", "default-m");
    main["models"] =
        json!(["default-m", { "id": "blind-m", "input": ["text"] }, "search-m", "small-m"]);
    let other = host::provider("other", &at("other"), "anthropic", "agent-m");
    let router = json!({
        "default": "main,default-m", "web_search": "main,search-m", "background": "main,small-m",
    });
    let builder = Builder::new().provider(main).provider(other);
    builder.set("router", router).start()
}

fn claude(host: &Host, model: &str) -> Claude {
    Claude::new(host.base(), "any-key", model).env("CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS", "1")
}

/// Model and path of each request.
fn asked(upstream: &Upstream) -> Vec<(String, Request)> {
    let requests = upstream.requests().into_iter();
    let of_messages = requests.filter(|one| one.path().ends_with("/v1/messages"));
    of_messages
        .map(|one| {
            (
                one.json()["model"].as_str().unwrap_or_default().to_owned(),
                one,
            )
        })
        .collect()
}

#[tokio::test]
async fn a_subagent_with_its_tag_is_served_by_another_provider() {
    for model in ["main,default-m", "claude-opus-4-8"] {
        let input = json!({
            "description": "greet", "prompt": "Say hi.", "subagent_type": "helper", "run_in_background": false,
        });
        let upstream = upstream("Agent", input).await;
        let host = host(&upstream);
        let run = claude(&host, model).ask("go", &["--agents", AGENTS]).await;
        run.assert_ok();
        let asked = asked(&upstream);
        let of_agent: Vec<_> = asked
            .iter()
            .filter(|(model, _)| model == "agent-m")
            .collect();
        assert!(
            !of_agent.is_empty(),
            "{model}: {:?}",
            asked.iter().map(|(model, _)| model).collect::<Vec<_>>()
        );
        for (_, request) in of_agent {
            assert!(request.path().starts_with("/other/"));
            assert!(
                !request.json()["system"]
                    .to_string()
                    .contains("CCR-SUBAGENT")
            );
        }
        assert!(asked.iter().any(|(model, _)| model == "default-m"));
    }
}

#[tokio::test]
async fn a_web_search_goes_to_its_route() {
    let upstream = upstream("WebSearch", json!({ "query": "rust" })).await;
    let host = host(&upstream);
    let run = claude(&host, "claude-opus-4-8").ask("search", &[]).await;
    run.assert_ok();
    let models: Vec<String> = asked(&upstream)
        .into_iter()
        .map(|(model, _)| model)
        .collect();
    assert_eq!(models, ["default-m", "search-m", "default-m"]);
}

#[tokio::test]
async fn a_haiku_goes_to_the_background() {
    let upstream = upstream("None", Value::Null).await;
    let host = host(&upstream);
    let run = claude(&host, "claude-haiku-4-5").ask("hi", &[]).await;
    assert_eq!(run.assert_ok().answer(), "Done.");
    assert!(asked(&upstream).iter().all(|(model, _)| model == "small-m"));
}

#[tokio::test]
async fn a_model_that_reads_text_only_is_told_of_an_image() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("pixel.png");
    std::fs::write(&file, PNG).expect("write an image");
    let upstream = upstream("Read", json!({ "file_path": file })).await;
    let host = host(&upstream);
    let run = claude(&host, "main,blind-m").ask("look", &[]).await;
    assert_eq!(run.assert_ok().answer(), "Done.");
    let asked = asked(&upstream);
    let (model, last) = asked.last().expect("a request");
    let told = last.json()["messages"].to_string();
    assert_eq!(model, "blind-m");
    assert!(told.contains("blind-m reads text only"), "{told}");
    assert!(!told.contains(r#""type":"image""#), "{told}");
}

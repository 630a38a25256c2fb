//! Where requests go: every rule beside claude-code-router's own outcome, what changes of a request
//! on the way, and `transom route --explain`, which says why.

use serde_json::{Value, json};

use crate::harness::client::{self, Reply};
use crate::harness::host::{self, Builder, Host};
use crate::harness::upstream::Upstream;

pub(crate) mod cases;
mod component;
mod explain;
mod overrides;
mod picker;
mod rules;
mod wire;

use cases::{Case, End, MODELS, PROVIDER, message};

/// An Anthropic upstream that answers every request with a short message.
async fn upstream() -> Upstream {
    Upstream::start(cases::answer).await
}

/// The configuration of the table.
fn builder(upstream: &Upstream) -> Builder {
    let mut provider = host::provider(PROVIDER, &upstream.url(), "anthropic", MODELS[0]);
    let models = MODELS.map(|id| match id {
        "blind-m" => json!({ "id": id, "input": ["text"] }),
        _ => json!(id),
    });
    provider["models"] = json!(models);
    let to = |model: &str| format!("{PROVIDER},{model}");
    Builder::new().provider(provider).set(
        "router",
        json!({
            "default": to("default-m"), "background": to("background-m"), "think": to("think-m"),
            "think_effort": "max", "long_context": to("long-m"), "web_search": to("search-m"),
            "image": to("image-m"),
        }),
    )
}

async fn send(host: &Host, body: &Value, headers: &[(&str, &str)]) -> Reply {
    let body = body.to_string();
    client::post(host.base(), "/v1/messages", headers, body.as_bytes()).await
}

fn headers(case: &Case) -> Vec<(&str, &str)> {
    let given = case.headers.iter();
    given
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_the_table_goes_where_it_says() {
    let upstream = upstream().await;
    let (project, conversation) = (cases::project_routes(), cases::conversation_routes());
    let signpost = crate::scene::guest("signpost");
    let host = builder(&upstream)
        .set("projects", json!({ cases::PROJECT: { "router": project } }))
        .set(
            "conversations",
            json!({ cases::OWN_TABLE: { "router": conversation } }),
        )
        .edit(|config| {
            config["router"]["component"] = json!("signpost");
            config["router"]["component_options"] =
                json!({ "word": cases::WORD, "to": cases::to("other-m") });
        })
        .component("signpost", &signpost)
        .start();
    let mut wrong = Vec::new();
    for case in cases::all() {
        if let Some(body) = case.before() {
            send(&host, &body, &headers(&case)).await;
        }
        let before = upstream.requests().len();
        let reply = send(&host, &case.body(), &headers(&case)).await;
        let asked = upstream.requests();
        let end = match asked.get(before) {
            Some(request) => End::Model(request.json()["model"].as_str().unwrap().to_owned()),
            None => End::Refused(reply.status),
        };
        let route = reply.header("x-transom-route").map(str::to_owned);
        if end != case.ours || route != case.route {
            wrong.push(format!("{}: {end:?} by {route:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_difference_from_claude_code_router_has_a_written_reason() {
    assert_eq!(cases::files(), cases::known_files());
    let cases = cases::all();
    assert_eq!(cases.len(), cases::COUNT);
    for case in cases {
        let differs = case.ccr != case.ours;
        assert_eq!(differs, case.why.is_some(), "{}", case.name);
    }
}

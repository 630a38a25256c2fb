//! Who may ask for recorded exchanges, and what switches the recorder.

use serde_json::{Value, json};

use super::{Desk, MODEL, echo, text};
use crate::harness::client;
use crate::harness::host::{Builder, provider};
use crate::harness::upstream::Upstream;
use crate::scene;

async fn quiet(recorder: Option<Value>) -> Desk {
    let build = |upstream: &Upstream| {
        Builder::new().provider(provider("cerebras", &upstream.url(), "cerebras", MODEL))
    };
    Desk::recording(echo, build, recorder).await
}

#[tokio::test]
async fn the_running_service_is_switched_on_and_off_without_a_word_in_the_configuration() {
    let desk = quiet(None).await;
    let output = desk.run(&["guest", "record", "cerebras"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(
        said.contains("does not record") && said.contains("guest record --on"),
        "{said}"
    );

    assert!(
        desk.runs(&["guest", "record", "--on"])
            .contains("records from now on")
    );
    assert!(
        desk.runs(&["guest", "record", "--on"])
            .contains("records already")
    );
    let output = desk.run(&["guest", "trace"]);
    assert!(
        text(&output).contains("keeps no exchange yet"),
        "{}",
        text(&output)
    );
    desk.ask(&scene::ask_whole(MODEL, "hi")).await;
    let list = desk.runs(&["guest", "record", "--list"]);
    assert!(
        list.contains("cerebras,gpt-oss-120b by cerebras, whole, 200 complete"),
        "{list}"
    );
    let list: Value =
        serde_json::from_str(&desk.runs(&["guest", "record", "--list", "--json"])).expect("JSON");
    let id = list[0]["id"].as_str().expect("an id").to_owned();
    desk.record("cerebras", &["--id", &id[..8]]);
    let output = desk.run(&["guest", "record", "zai"]);
    assert!(
        text(&output).contains("they went through cerebras"),
        "{}",
        text(&output)
    );

    assert!(
        desk.runs(&["guest", "record", "--off"])
            .contains("forgot what it kept")
    );
    assert_eq!(desk.kept().await, 0);
}

#[tokio::test]
async fn a_configuration_that_says_no_is_not_overruled_by_a_request() {
    let desk = quiet(Some(json!({"on": false}))).await;
    let output = desk.run(&["guest", "record", "--on"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("on: false"), "{}", text(&output));
    let desk = quiet(Some(json!({"on": true}))).await;
    let output = desk.run(&["guest", "record", "--off"]);
    assert!(text(&output).contains("on: true"), "{}", text(&output));
}

#[tokio::test]
async fn no_web_page_and_nobody_without_the_key_sees_an_exchange() {
    let build = |upstream: &Upstream| {
        Builder::new()
            .provider(provider("cerebras", &upstream.url(), "cerebras", MODEL))
            .set("api_key", "the-key-of-transom".into())
    };
    let desk = Desk::recording(echo, build, Some(json!({"on": true}))).await;
    let base = desk.host.base();
    let key = ("x-api-key", "the-key-of-transom");
    let body = scene::ask_whole(MODEL, "my key is key-of-cerebras-0123456789").to_string();
    let reply = client::post(base, "/v1/messages", &[key], body.as_bytes()).await;
    assert_eq!(reply.status, 200);
    let list = client::send(base, "GET", "/api/recordings", &[key], b"").await;
    assert_eq!(list.status, 200, "{}", list.text());
    let id = list.json()["recordings"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let one = format!("/api/recordings/{id}");
    let reply = client::send(base, "GET", &one, &[key], b"").await;
    assert!(
        !reply.text().contains("key-of-cerebras"),
        "{}",
        reply.text()
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    for (method, path) in [
        ("GET", "/api/recordings"),
        ("GET", &one),
        ("PUT", "/api/recorder"),
    ] {
        let reply = client::send(base, method, path, &[], b"{\"on\":true}").await;
        assert_eq!(reply.status, 401, "{path}");
        for header in [
            ("origin", "http://localhost:3000"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let reply = client::send(base, method, path, &[key, header], b"{\"on\":true}").await;
            assert_eq!(reply.status, 403, "{path} {header:?}");
        }
    }
    let reply = client::send(base, "GET", "/api/recordings/nothing", &[key], b"").await;
    assert_eq!(reply.status, 404);
}

#[tokio::test]
async fn serve_records_from_its_start_if_it_is_told_to() {
    let upstream = Upstream::start(echo).await;
    let builder = Builder::new()
        .provider(provider("cerebras", &upstream.url(), "cerebras", MODEL))
        .set("recorder", json!({"on": false}));
    let host = builder.start_with(&["--record"]);
    let status = host.status().await;
    assert_eq!(status["recorder"]["on"], true, "{status:#}");
}

#[tokio::test]
async fn without_a_key_only_the_user_of_the_service_switches_it_and_sees_exchanges() {
    let desk = quiet(None).await;
    let base = desk.host.base();
    let on = b"{\"on\":true}";
    let others = [
        Vec::new(),
        vec![("x-transom-owner", "")],
        vec![("x-transom-owner", "0000000000000000")],
    ];
    for headers in &others {
        for (method, path) in [
            ("PUT", "/api/recorder"),
            ("GET", "/api/recordings"),
            ("GET", "/api/recordings/x"),
        ] {
            let reply = client::send(base, method, path, headers, on).await;
            assert_eq!(reply.status, 403, "{path}");
            let said = reply.text();
            assert!(
                said.contains("api_key") && said.contains("guest record"),
                "{said}"
            );
        }
    }
    assert_eq!(desk.host.status().await["recorder"]["on"], false);
    let token = desk.host.owner_token();
    let owner = [("x-transom-owner", token.as_str())];
    let reply = client::send(base, "PUT", "/api/recorder", &owner, on).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    desk.ask(&scene::ask_whole(MODEL, "mine alone")).await;
    let list = client::send(base, "GET", "/api/recordings", &owner, b"").await;
    let id = list.json()["recordings"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/api/recordings/{id}");
    let reply = client::send(base, "GET", &path, &owner, b"").await;
    assert!(reply.text().contains("mine alone"), "{}", reply.text());
    let reply = client::send(base, "GET", &path, &[], b"").await;
    assert!(!reply.text().contains("mine alone"), "{}", reply.text());
}

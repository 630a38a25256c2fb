//! How the key is presented when a guest's manifest says so.

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::host::Builder;
use crate::harness::upstream::{Answer, Upstream};
use crate::scene::{self, link};

fn with_header(header: &str, more: Value) -> Value {
    let mut more = more;
    more["auth_header"] = json!(header);
    more
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_of_the_stage_nearest_to_the_upstream_says_how_the_key_is_presented() {
    let events = scene::message_events(&scene::pieces("it", 3)).concat();
    let upstream = Upstream::always(Answer::sse(&events)).await;
    let own = |header: &str| with_header(header, json!({}));
    let untouched = |header: &str| with_header(header, json!({ "reply": "untouched" }));
    let chains = [
        ("alone", json!([link("A", own("x-own-key"))]), "x-own-key"),
        (
            "untouched",
            json!([link("A", untouched("x-own-key"))]),
            "x-own-key",
        ),
        (
            "left",
            json!([link("A", own("x-own-key")), link("B", json!({}))]),
            "x-own-key",
        ),
        (
            "both",
            json!([link("A", own("x-left")), link("B", own("api-key"))]),
            "api-key",
        ),
        (
            "right-untouched",
            json!([link("A", own("x-left")), link("B", untouched("api-key"))]),
            "api-key",
        ),
    ];
    let builder = Builder::new().component("faulty", &scene::guest("faulty"));
    let host = chains.iter().fold(builder, |builder, (name, stages, _)| {
        builder.provider(scene::chain(name, &upstream.url(), stages))
    });
    let mut overridden = scene::chain("overridden", &upstream.url(), &chains[1].1);
    overridden["auth"] = json!("x-api-key");
    let host = host.provider(overridden).start();
    let told = chains.iter().map(|(name, _, header)| (*name, *header));
    for (model, header) in told.chain([("overridden", "x-api-key")]) {
        for body in [scene::ask(model, "hi"), scene::ask_whole(model, "hi")] {
            let reply = client::messages(host.base(), &body).await;
            assert_eq!(reply.status, 200, "{model}: {}", reply.text());
            let requests = upstream.requests();
            let head = &requests.last().expect("it was sent").head;
            let key = format!("key-of-{model}-0123456789");
            assert_eq!(head.all(header), [key.as_str()], "{model}");
            let carried = head
                .headers
                .iter()
                .filter(|(_, value)| value.contains(&key));
            assert_eq!(carried.count(), 1, "{model}: {head:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_would_put_the_key_into_a_header_of_another_meaning_is_refused() {
    let upstream = Upstream::always(Answer::sse(b"")).await;
    for header in ["host", "content-type", "cookie", "no header", ""] {
        let stages = json!([link(
            "A",
            with_header(header, json!({ "reply": "untouched" }))
        )]);
        let host = Builder::new()
            .component("faulty", &scene::guest("faulty"))
            .provider(scene::chain("p", &upstream.url(), &stages))
            .start();
        let reply = client::messages(host.base(), &scene::ask("p", "hi")).await;
        assert_eq!(reply.status, 500, "{header:?}: {}", reply.text());
    }
    assert!(upstream.requests().is_empty(), "nothing is sent");
}

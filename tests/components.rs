//! Bad bytes in the place of a good component: the running generation stays, status, list and one
//! log line say why, and mending the file heals it.

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::grammar::{self, Told};
use crate::harness::host::{Builder, Host, provider};
use crate::harness::upstream::{Answer, Upstream};
use crate::scene;

mod modules;

const MODEL: &str = "m";
const NAME: &str = "subject";
/// What every refusal of new bytes is logged as.
const REFUSED: &str = "new bytes are refused";

/// A component that must not go live, and words of the reason.
struct Bad {
    what: &'static str,
    bytes: Vec<u8>,
    why: &'static str,
}

fn bad_components() -> Vec<Bad> {
    let good = scene::guest("faulty");
    let bad = |what, bytes, why| Bad { what, bytes, why };
    vec![
        bad("empty", Vec::new(), "not a WebAssembly file"),
        bad(
            "a script",
            b"#!/bin/sh\n".to_vec(),
            "not a WebAssembly file",
        ),
        bad(
            "half a header",
            good[..6].to_vec(),
            "not a WebAssembly file",
        ),
        bad(
            "truncated",
            good[..good.len() / 2].to_vec(),
            "does not compile",
        ),
        bad(
            "one byte short",
            good[..good.len() - 1].to_vec(),
            "does not compile",
        ),
        bad(
            "a core module",
            b"\0asm\x01\0\0\0".to_vec(),
            "a core module",
        ),
        bad(
            "an empty component",
            b"\0asm\x0d\0\x01\0".to_vec(),
            "exports no `transom:transformer/transformer`; its exports are: none",
        ),
        bad(
            "another interface",
            scene::patched(
                &good,
                "transom:transformer/transformer@",
                "transom:transformer/transfodder@",
            ),
            "exports no `transom:transformer/transformer`; its exports are: transom:transformer/transfodder@0.1.0",
        ),
        bad(
            "another world",
            scene::patched(&good, "configure", "konfigure"),
            "does not fit the world transom:transformer/guest",
        ),
        bad(
            "an unknown version",
            scene::patched(
                &good,
                "transom:transformer/transformer@0.1.0",
                "transom:transformer/transformer@0.9.0",
            ),
            "built for transom:transformer@0.9.0, this host serves @0.1.0",
        ),
        bad(
            "something that no guest gets",
            scene::patched(&scene::guest("nosy"), "wasi:sockets/", "wasi:packets/"),
            "it imports wasi:packets/",
        ),
        bad(
            "a trap",
            scene::faulty("configure-trap"),
            "trapped in `configure`",
        ),
        bad(
            "a loop",
            scene::faulty("configure-loop"),
            "`configure` ran longer than",
        ),
        bad(
            "refused options",
            scene::faulty("configure-error"),
            "options.fault: this one; remove it; options.other: and a second problem; remove it too",
        ),
    ]
}

async fn upstream() -> Upstream {
    Upstream::start(|_| Answer::sse(&scene::message_events(&scene::pieces("it", 3)).concat())).await
}

fn subject(upstream: &Upstream) -> Value {
    provider("p", &upstream.url(), NAME, MODEL)
}

/// Waits until the reason is told; gives the transformer's entry of the status.
async fn wait_for_error(host: &Host, what: &str, why: &str) -> Value {
    let told = |status: &Value| {
        let error = status["transformers"][0]["last_error"].as_str();
        error.is_some_and(|error| error.contains(why))
    };
    host.wait_for_status(&format!("the reason why {what} is refused"), told)
        .await["transformers"][0]
        .clone()
}

async fn wait_for_health(host: &Host, generation: u64) {
    let healed = |status: &Value| {
        let entry = &status["transformers"][0];
        entry["last_error"].is_null() && entry["generation"] == generation
    };
    host.wait_for_status("the mended file is taken", healed)
        .await;
}

/// A stream is served in full by this generation.
async fn assert_served(host: &Host, what: &str, generation: u64) {
    let reply = client::messages(host.base(), &scene::ask(MODEL, "hi")).await;
    assert_eq!(reply.status, 200, "{what}: {}", reply.text());
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    let label = reply.header("x-transom-transformer").unwrap_or_default();
    let expected = format!("{NAME}@{generation} ");
    assert!(label.starts_with(&expected), "{what}: {label}");
}

/// What `transom guest list --json` says of the transformer.
fn listed(host: &Host, upstream: &Upstream) -> Value {
    let address = host.base().trim_start_matches("http://");
    let config = json!({
        "listen": address,
        "providers": [subject(upstream)],
        "router": { "default": format!("p,{MODEL}") },
    });
    let output = host.beside(&["guest", "list", "--json"], &config);
    assert!(output.status.success(), "{output:?}");
    let list: Value = serde_json::from_slice(&output.stdout).expect("a list in JSON");
    list[0].clone()
}

fn refusals(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains(REFUSED)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_component_changes_nothing_but_a_message_and_mending_the_file_heals_it() {
    let (upstream, good) = (upstream().await, scene::guest("faulty"));
    let host = Builder::new()
        .provider(subject(&upstream))
        .component(NAME, &good)
        .start();
    let path = host.transformers().join(format!("{NAME}.wasm"));
    let all = bad_components();
    for (count, bad) in all.iter().enumerate() {
        scene::put(&path, &bad.bytes);
        let entry = wait_for_error(&host, bad.what, bad.why).await;
        // The same bytes written again are no news.
        scene::put(&path, &bad.bytes);
        assert_eq!(entry["generation"], 1, "{}", bad.what);
        assert_eq!(entry["sha256"], scene::sha256(&good), "{}", bad.what);
        assert_served(&host, bad.what, 1).await;
        let listed = listed(&host, &upstream);
        assert_eq!(listed["last_error"], entry["last_error"], "{}", bad.what);
        scene::put(&path, &good);
        wait_for_health(&host, 1).await;
        let log = host.log();
        let lines = refusals(&log);
        assert_eq!(
            lines.len(),
            count + 1,
            "{}:\n{}",
            bad.what,
            lines.join("\n")
        );
        assert!(
            lines[count].contains(bad.why),
            "{}: {}",
            bad.what,
            lines[count]
        );
    }
    scene::put(&path, &scene::faulty("splice"));
    wait_for_health(&host, 2).await;
    assert_served(&host, "a good one after all the bad ones", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_copied_slowly_goes_live_once_it_is_whole() {
    let (upstream, good) = (upstream().await, scene::guest("faulty"));
    let host = Builder::new()
        .provider(subject(&upstream))
        .component(NAME, &good)
        .start();
    let path = host.transformers().join(format!("{NAME}.wasm"));
    let next = scene::faulty("splice");
    let (first, rest) = next.split_at(next.len() / 2);
    std::fs::write(&path, first).expect("write the first half");
    wait_for_error(&host, "half a file", "does not compile").await;
    assert_served(&host, "while it is copied", 1).await;
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .expect("open for the rest");
    std::io::Write::write_all(&mut file, rest).expect("write the rest");
    drop(file);
    wait_for_health(&host, 2).await;
    assert_served(&host, "once it is whole", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_component_at_the_start_makes_its_provider_say_why_until_the_file_is_mended() {
    let upstream = upstream().await;
    let host = Builder::new()
        .provider(subject(&upstream))
        .provider(provider("other", &upstream.url(), "anthropic", "n"))
        .component(NAME, b"not a component")
        .start();
    assert!(
        host.stdout()
            .contains("transformer subject is not loaded: not a WebAssembly file")
            || host.log().contains("not a WebAssembly file"),
        "{}\n{}",
        host.stdout(),
        host.log()
    );
    let reply = client::messages(host.base(), &scene::ask(MODEL, "hi")).await;
    assert_eq!(reply.status, 500);
    let error = &reply.json()["error"];
    assert_eq!(error["type"], "api_error");
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.contains("not a WebAssembly file"), "{message}");
    let other = client::messages(host.base(), &scene::ask("n", "hi")).await;
    assert_eq!(other.status, 200, "its neighbour is served");
    let path = host.transformers().join(format!("{NAME}.wasm"));
    scene::put(&path, &scene::guest("faulty"));
    wait_for_health(&host, 1).await;
    assert_served(&host, "mended", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_other_than_the_pinned_ones_are_refused_and_only_those() {
    let (upstream, good) = (upstream().await, scene::guest("faulty"));
    let host = Builder::new()
        .provider(subject(&upstream))
        .set("trust", json!("pinned"))
        .set("pins", json!({ NAME: scene::sha256(&good) }))
        .component(NAME, &good)
        .start();
    assert_served(&host, "the pinned one", 1).await;
    let path = host.transformers().join(format!("{NAME}.wasm"));
    let other = scene::faulty("splice");
    scene::put(&path, &other);
    let why = format!("its sha256 is {}", scene::sha256(&other));
    let entry = wait_for_error(&host, "another file", &why).await;
    let told = entry["last_error"].as_str().unwrap_or_default();
    assert!(
        told.contains(&scene::sha256(&good)),
        "the pin is told: {told}"
    );
    assert_eq!(listed(&host, &upstream)["last_error"], entry["last_error"]);
    assert_eq!(refusals(&host.log()).len(), 1, "{}", host.log());
    assert_served(&host, "the pinned one stays", 1).await;
    scene::put(&path, &good);
    wait_for_health(&host, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_pin_is_refused_where_everything_must_be_pinned() {
    let upstream = upstream().await;
    let host = Builder::new()
        .provider(subject(&upstream))
        .set("trust", json!("pinned"))
        .component(NAME, &scene::guest("faulty"))
        .start();
    let why = scene::sha256(&scene::guest("faulty"));
    let entry = wait_for_error(&host, "an unpinned file", &why).await;
    assert_eq!(entry["generation"], 0);
    let reply = client::messages(host.base(), &scene::ask(MODEL, "hi")).await;
    assert_eq!(reply.status, 500);
}

//! A chain becomes a fixture for each of its stages.

use serde_json::json;

use super::{Desk, echo};
use crate::harness::host::Builder;
use crate::scene::{self, link};

#[tokio::test]
async fn each_stage_of_a_chain_has_its_own_fixture_and_passes_on_it() {
    let desk = Desk::with(echo, |upstream| {
        let stages = json!([link("A", json!({})), "openai"]);
        Builder::new()
            .component("faulty", &scene::guest("faulty"))
            .provider(scene::chain("two", &upstream.url(), &stages))
    })
    .await;
    desk.ask(&scene::ask("two", "hi there")).await;
    desk.ask(&scene::ask_whole("two", "hi there")).await;
    for (name, sees) in [
        ("faulty", "\"content_block_delta\""),
        ("openai", "chat.completion"),
    ] {
        let cases = desk.folder.path().join(name);
        let cases = cases.to_string_lossy();
        desk.runs(&["guest", "record", name, &cases, "--last", "2"]);
        desk.passes(name, &cases);
        let upstream = desk
            .folder
            .path()
            .join(name)
            .join("recorded-1/response.upstream.sse");
        let upstream = std::fs::read_to_string(upstream).expect("its upstream");
        assert!(upstream.contains(sees), "{name}: {upstream}");
    }
    let body = |name: &str, file: &str| {
        let path = desk.folder.path().join(name).join("recorded-1").join(file);
        let text = std::fs::read_to_string(path).expect("a file");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    assert_eq!(
        body("faulty", "request.upstream.json"),
        body("openai", "request.client.json"),
        "what one makes is what the next is given"
    );
}

#[tokio::test]
async fn without_a_name_every_stage_is_written_where_its_fixtures_are() {
    let desk = Desk::with(echo, |upstream| {
        let stages = json!([link("A", json!({})), "openai"]);
        Builder::new()
            .component("faulty", &scene::guest("faulty"))
            .provider(scene::chain("two", &upstream.url(), &stages))
    })
    .await;
    desk.ask(&scene::ask("two", "hi")).await;
    std::fs::create_dir_all(desk.host.home().join("tests/fixtures")).expect("a folder");
    let said = desk.runs(&["guest", "record", "--json"]);
    let written: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let cases: Vec<_> = written
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["case"].clone())
        .collect();
    assert_eq!(
        cases,
        [
            "tests/fixtures/faulty/recorded-1",
            "tests/fixtures/openai/recorded-1"
        ]
    );
    assert!(
        written[0]["passes"] == true && written[1]["passes"] == true,
        "{said}"
    );
}

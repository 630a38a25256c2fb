//! `transom check` on components: every problem at once, each with its line and a remedy.

use std::process::Output;

use serde_json::{Value, json};

use crate::harness::host::{self, Builder};
use crate::scene;

const NOWHERE: &str = "http://127.0.0.1:9/v1";

fn check(builder: &Builder, arguments: &[&str]) -> Output {
    let folder = builder.transformers();
    let folder = folder.to_string_lossy();
    let all = [&["check", "--transformers", &folder], arguments].concat();
    builder.output(&all)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The problem whose path is this one.
fn problem<'r>(report: &'r Value, path: &str) -> &'r Value {
    let problems = report["problems"].as_array().expect("a list");
    let found = problems.iter().find(|problem| problem["path"] == path);
    found.unwrap_or_else(|| panic!("nothing about {path}: {report:#}"))
}

/// One of everything that can be wrong with a component, and a typing error beside them.
fn everything_wrong() -> Builder {
    let good = scene::guest("cerebras");
    let provider = |name: &str| host::provider(name, NOWHERE, name, "m");
    let mut optioned = provider("openai");
    optioned["options"] = json!({ "pth": "/x", "tools_max": "many" });
    let mut keyless = provider("zai");
    keyless["api_key"] = json!("${NOT_SET_ANYWHERE}");
    keyless["base_url"] = json!("http://127.0.0.1:9/z");
    Builder::new()
        .component("cut", &good[..good.len() / 2])
        .component("world", b"\0asm\x0d\0\x01\0")
        .component("zai", &scene::guest("zai"))
        .component("pinned", &good)
        .provider(provider("cut"))
        .provider(provider("world"))
        .provider(provider("pinned"))
        .provider(provider("cerebrus"))
        .provider(optioned)
        .provider(keyless)
        .set("pins", json!({ "pinned": "0".repeat(64) }))
        .set("ruoter", json!({}))
}

#[test]
fn every_problem_of_components_is_told_at_once_with_line_and_remedy() {
    let builder = everything_wrong();
    let output = check(&builder, &["--json"]);
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for (path, message, remedy) in [
        ("providers[0].transformer", "does not compile", "build it"),
        ("providers[1].transformer", "exports no", "WIT"),
        ("pins.pinned", "sha256", "pin "),
        (
            "providers[3].transformer",
            "no built-in of that name",
            "did you mean `cerebras`?",
        ),
        (
            "providers[4].options.pth",
            "no such option",
            "did you mean `path`?",
        ),
        ("providers[4].options.tools_max", "does not fit", ""),
        ("ruoter", "not known", "`router`"),
    ] {
        let problem = problem(&report, path);
        let has = |member: &str, part: &str| {
            problem[member]
                .as_str()
                .is_some_and(|text| text.contains(part))
        };
        assert!(
            has("message", message) && has("remedy", remedy),
            "{problem}"
        );
        assert!(
            problem["line"].as_u64().is_some_and(|line| line > 0),
            "{problem}"
        );
    }
    assert_eq!(report["ok"], false);
    assert_eq!(report["problems"].as_array().map(Vec::len), Some(7));
    assert_eq!(report["providers"].as_array().map(Vec::len), Some(6));
    assert_eq!(report["providers"][5]["key"], "missing");
    let warnings = report["warnings"].as_array().expect("a list");
    let shadow = warnings.iter().find(|one| {
        let message = one["message"].as_str().unwrap_or_default();
        message.contains("zai.wasm stands before the built-in")
    });
    assert!(
        shadow.is_some_and(|one| one["remedy"].is_string()),
        "{report:#}"
    );
}

#[test]
fn people_read_the_line_the_problem_and_below_it_the_remedy() {
    let output = check(&everything_wrong(), &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = text(&output);
    assert!(text.contains("7 problems\n"), "{text}");
    let lines: Vec<_> = text.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains(": providers[0].transformer: transformer `cut`: "))
        .unwrap_or_else(|| panic!("{text}"));
    assert!(lines[at].contains("config.json5:"), "{text}");
    assert!(lines[at].contains("cut.wasm)"), "{text}");
    assert!(
        lines[at + 1].starts_with("      the file is cut off"),
        "{text}"
    );
}

#[test]
fn a_provider_with_a_problem_of_its_own_has_its_component_checked_all_the_same() {
    let mut nameless = host::provider("one", NOWHERE, "cerebrus", "m");
    nameless["base_url"] = json!(null);
    let builder = Builder::new().provider(nameless);
    let output = check(&builder, &["--json"]);
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    problem(&report, "providers[0].base_url");
    problem(&report, "providers[0].transformer");
}

#[test]
fn a_chain_that_is_longer_than_what_may_run_at_once_is_a_problem() {
    let mut long = host::provider("long", NOWHERE, "", "m");
    long["transformer"] = json!(["shout", "shout", "openai"]);
    let builder = Builder::new().provider(long);
    let builder = builder.set("limits", json!({ "instances": 2 }));
    let output = check(&builder, &["--json"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let told = problem(&report, "providers[0].transformer[0]");
    let message = told["message"].as_str().unwrap_or_default();
    assert!(message.contains("3 stages, but only 2"), "{told}");
    let remedy = told["remedy"].as_str().unwrap_or_default();
    assert!(remedy.contains("limits.instances"), "{told}");
}

#[test]
fn a_router_component_that_cannot_be_asked_is_a_problem_of_the_line_that_names_it() {
    let named = |bytes: Option<&[u8]>, options: Value| {
        let builder = Builder::new()
            .provider(host::provider("p", NOWHERE, "cerebras", "m"))
            .edit(|config| {
                config["router"]["component"] = json!("signpost");
                config["router"]["component_options"] = options;
            });
        let builder = match bytes {
            Some(bytes) => builder.component("signpost", bytes),
            None => builder,
        };
        let output = check(&builder, &["--json"]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), report, text(&check(&builder, &[])))
    };
    let good = scene::guest("signpost");
    let transformer = scene::guest("cerebras");
    for (bytes, options, says) in [
        (None, json!({}), "put the component there"),
        (Some(&good[..good.len() / 2]), json!({}), "signpost"),
        (Some(&transformer[..]), json!({}), "signpost"),
        (
            Some(&good[..]),
            json!({ "word": "" }),
            "write the word to look for",
        ),
    ] {
        let (code, report, shown) = named(bytes, options);
        assert_eq!(code, Some(2), "{report:#}");
        let told = problem(&report, "router.component");
        let message = told["message"].as_str().expect("a sentence");
        assert!(message.contains(says), "{told}");
        assert!(told["line"].as_u64().is_some_and(|line| line > 1), "{told}");
        assert_eq!(report["router"]["usable"], false);
        assert!(shown.contains("the rules alone decide"), "{shown}");
    }
    let (code, report, shown) = named(Some(&good), json!({}));
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["router"]["usable"], true);
    assert!(shown.contains("signpost.wasm, sha256:"), "{shown}");
}

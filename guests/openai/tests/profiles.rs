//! The profiles: each is read, and what is said of them elsewhere is so.
#![cfg(not(target_family = "wasm"))]

use chat::{Dialect as _, Overrides};
use sdk::{Options as _, Transformer as _};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn names() -> Vec<&'static str> {
    openai::OpenAi::PROFILES
        .iter()
        .map(|(name, _)| *name)
        .collect()
}

fn configured(options: &str) -> Result<(), Vec<String>> {
    let options = sdk::options::parse(Overrides::default(), options.as_bytes())?;
    openai::Transformer::configure(options).map(|_| ())
}

#[test]
fn every_profile_can_be_chosen_and_overridden() {
    assert!(names().len() >= 13, "{:?}", names());
    for name in names() {
        let options = format!(r#"{{"profile":"{name}","images":false}}"#);
        assert_eq!(configured(&options), Ok(()), "{name}");
    }
}

#[test]
fn a_profile_that_there_is_not_is_told_with_those_that_there_are() {
    let problems = configured(r#"{"profile":"deepsek"}"#).unwrap_err();
    assert!(
        problems[0].contains("\"deepsek\"") && problems[0].contains("deepseek"),
        "{problems:?}"
    );
}

#[test]
fn the_schema_knows_the_options_that_the_transformer_knows() {
    let schema = std::fs::read(checkout().join("config/profiles/schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let options = schema["$defs"]["options"]["properties"]
        .as_object()
        .unwrap();
    let told: BTreeSet<&str> = options.keys().map(String::as_str).collect();
    let known = Overrides::names().iter().copied();
    let known: BTreeSet<&str> = known
        .filter(|name| !["models", "profile"].contains(name))
        .collect();
    assert_eq!(told, known);
}

#[test]
fn the_documents_name_every_profile_and_every_option() {
    let profiles = std::fs::read_to_string(checkout().join("docs/profiles.md")).unwrap();
    for name in names() {
        assert!(
            profiles.contains(&format!("| `{name}` |")),
            "docs/profiles.md: {name}"
        );
    }
    let config = std::fs::read_to_string(checkout().join("docs/config.md")).unwrap();
    for option in Overrides::names() {
        assert!(
            config.contains(&format!("| `{option}` |")),
            "docs/config.md: {option}"
        );
    }
}

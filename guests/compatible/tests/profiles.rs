//! The profiles: each is read, and what is said of them elsewhere is so.
#![cfg(not(target_family = "wasm"))]

use messages::{Dialect as _, Overrides};
use sdk::{Options as _, Transformer as _};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn names() -> Vec<&'static str> {
    compatible::Compatible::PROFILES
        .iter()
        .map(|(name, _)| *name)
        .collect()
}

#[test]
fn every_profile_can_be_chosen_and_overridden() {
    assert!(names().len() >= 10, "{:?}", names());
    for name in names() {
        let options = format!(r#"{{"profile":"{name}","images":false}}"#);
        let options = sdk::options::parse(Overrides::default(), options.as_bytes()).unwrap();
        let configured = compatible::Transformer::configure(options).map(|_| ());
        assert_eq!(configured, Ok(()), "{name}");
    }
}

#[test]
fn the_schema_knows_the_options_that_the_transformer_knows() {
    let schema = std::fs::read(checkout().join("config/profiles/schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let options = &schema["$defs"]["anthropic"]["properties"];
    let told = options.as_object().unwrap().keys().map(String::as_str);
    let known = Overrides::names().iter().copied();
    let known = known.filter(|name| !["models", "profile"].contains(name));
    assert_eq!(told.collect::<BTreeSet<_>>(), known.collect());
}

#[test]
fn the_documents_name_every_profile_and_every_option() {
    let read = |file: &str| std::fs::read_to_string(checkout().join(file)).unwrap();
    let profiles = read("docs/profiles.md");
    let (_, table) = profiles.split_once("## The Messages API's side").unwrap();
    for name in names() {
        assert!(table.contains(&format!("| `{name}` |")), "{name}");
    }
    let config = read("docs/config.md");
    let (_, table) = config.split_once("### compatible, zai").unwrap();
    for option in Overrides::names() {
        assert!(table.contains(&format!("| `{option}` |")), "{option}");
    }
}

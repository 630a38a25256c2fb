//! Files: which one is read, and that those we ship and show are valid.

use std::path::PathBuf;

use super::*;

#[test]
fn the_example_says_every_setting_and_is_valid() {
    let text = include_str!("../../../../config/example.json5");
    let env = |name: &str| Some(format!("value-of-{name}"));
    let loaded = Config::parse(text, None, &env).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(
        loaded.config.limits,
        Limits::default(),
        "the example shows the defaults"
    );
    assert_eq!(
        loaded.config.timeouts,
        Timeouts::default(),
        "the example shows the defaults"
    );
    assert_eq!(loaded.config.listen, DEFAULT_LISTEN);
}

#[test]
fn the_minimal_file_is_valid_and_has_a_default_route() {
    let text = include_str!("../../../../config/minimal.json5");
    let loaded = Config::parse(text, None, &env).unwrap();
    assert!(loaded.config.router.default.is_some());
    assert_eq!(loaded.warnings, []);
}

#[test]
fn the_configuration_that_the_readme_shows_is_valid() {
    let readme = include_str!("../../../../README.md");
    let (_, rest) = readme.split_once("```json5\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    assert_eq!(parse(shown).unwrap().warnings, []);
}

#[test]
fn every_setting_is_documented() {
    let docs = include_str!("../../../../docs/config.md");
    let all = [
        read::SETTINGS.as_slice(),
        &read::provider::SETTINGS,
        &read::limits::LIMITS,
        &read::limits::TIMEOUTS,
        &read::recorder::RECORDER,
        &read::retries::RETRIES,
        &read::retries::PACING,
    ]
    .concat();
    let missing: Vec<_> = all
        .iter()
        .filter(|name| **name != "$schema" && !docs.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_schema_knows_exactly_the_settings_that_the_reader_knows() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../../config/schema.json")).unwrap();
    let names = |section: &serde_json::Value| {
        let mut names: Vec<_> = section["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        names.sort();
        names
    };
    let sections = &schema["properties"];
    assert_eq!(names(&schema), read::SETTINGS);
    assert_eq!(
        names(&sections["providers"]["items"]),
        read::provider::SETTINGS
    );
    assert_eq!(names(&sections["limits"]), read::limits::LIMITS);
    assert_eq!(names(&sections["timeouts"]), read::limits::TIMEOUTS);
    assert_eq!(names(&sections["recorder"]), read::recorder::RECORDER);
    assert_eq!(names(&sections["retries"]), read::retries::RETRIES);
    assert_eq!(names(&sections["pacing"]), read::retries::PACING);
    let mut router = read::route::ROUTER;
    router.sort_unstable();
    assert_eq!(names(&sections["router"]), router);
}

#[test]
fn a_file_that_was_named_is_read_even_if_it_is_missing() {
    let named = PathBuf::from("/nonexistent/c.json5");
    assert_eq!(Config::find(Some(named.clone()), &env), Some(named.clone()));
    let shown = Config::load(&named, &env).unwrap_err().to_string();
    assert!(
        shown.starts_with("/nonexistent/c.json5: the file cannot be read"),
        "{shown}"
    );
}

#[test]
fn the_process_environment_wins_over_the_env_file() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/transom");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("env"), "A=file\nB=file\n").unwrap();
    let text = with("models: ['$A', '$B']", "");
    std::fs::write(folder.join("config.json5"), text).unwrap();
    let home = home.path().to_str().unwrap().to_owned();
    let env = move |name: &str| match name {
        "HOME" => Some(home.clone()),
        "A" => Some("process".to_owned()),
        _ => None,
    };
    let path = Config::find(None, &env).unwrap();
    let config = Config::load(&path, &env).unwrap().config;
    let ids: Vec<_> = config.providers[0]
        .models
        .iter()
        .map(|m| m.id.as_str())
        .collect();
    assert_eq!(ids, ["process", "file"]);
}

#[test]
fn without_a_file_there_is_none_to_find() {
    assert_eq!(Config::find(None, &|_| None), None);
    let demo = Config::demo("http://127.0.0.1:9/v1".parse().unwrap());
    assert_eq!(demo.providers[0].transformer.shown(), "cerebras");
    assert_eq!(demo.target("demo,demo"), demo.router.default);
}

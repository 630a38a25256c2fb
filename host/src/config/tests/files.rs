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
        &read::model::MODEL,
        &read::model::PRICE,
        &read::proxy::PROXY,
        &read::code::CODE,
        &read::statusline::STATUSLINE,
        &read::statusline::MODULE,
        &read::limits::LIMITS,
        &read::limits::TIMEOUTS,
        &read::recorder::RECORDER,
        &read::retries::RETRIES,
        &read::retries::PACING,
        &read::log::LOG,
        &read::system_prompt::SYSTEM_PROMPT,
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
    assert_eq!(names(&sections["log"]), read::log::LOG);
    assert_eq!(
        names(&sections["system_prompt"]),
        read::system_prompt::SYSTEM_PROMPT
    );
    let model = &sections["providers"]["items"]["properties"]["models"]["items"]["anyOf"][1];
    assert_eq!(names(model), read::model::MODEL);
    assert_eq!(names(&model["properties"]["price"]), read::model::PRICE);
    assert_eq!(names(&sections["proxy"]), read::proxy::PROXY);
    assert_eq!(names(&sections["code"]), read::code::CODE);
    let status_line = &sections["statusline"];
    assert_eq!(names(status_line), read::statusline::STATUSLINE);
    assert_eq!(
        names(&status_line["properties"]["modules"]["items"]),
        read::statusline::MODULE
    );
    let mut router = read::route::ROUTER;
    router.sort_unstable();
    assert_eq!(names(&sections["router"]), router);
}

/// A configuration in which the setting at this path (of names) has this value.
fn at(path: &[&str], value: &serde_json::Value) -> String {
    let mut root = serde_json::json!({
        "providers": [{ "name": "a", "base_url": "https://x.test/v1", "transformer": "openai" }],
        "router": { "default": "a,m" },
    });
    let mut place = &mut root;
    for name in path {
        if place.is_null() {
            *place = serde_json::json!({});
        }
        place = &mut place[*name];
    }
    *place = value.clone();
    root.to_string()
}

/// What the schema refuses of one setting: wrong types, and numbers beyond its bounds.
fn refused(schema: &serde_json::Value) -> Vec<serde_json::Value> {
    use serde_json::json;
    let mut values = match schema["type"].as_str() {
        Some("string") => vec![json!(7), json!([]), json!({})],
        Some("integer" | "number") => vec![json!("x"), json!([]), json!(-1)],
        Some("boolean") => vec![json!("x"), json!(1)],
        Some("array") => vec![json!(7), json!({})],
        Some("object") => vec![json!(7), json!([])],
        _ => vec![],
    };
    let beyond = |bound: &str, step: i64| Some(json!(schema[bound].as_i64()?.checked_add(step)?));
    values.extend(beyond("minimum", -1));
    values.extend(beyond("maximum", 1));
    values
}

#[test]
fn what_the_schema_refuses_the_reader_refuses_and_its_defaults_are_taken() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../../config/schema.json")).unwrap();
    let mut tried = 0;
    let mut look = |path: &[&str], schema: &serde_json::Value| {
        for value in refused(schema) {
            let told = problems(&at(path, &value));
            assert!(
                told.contains(path[path.len() - 1]),
                "{path:?} {value}: {told}"
            );
            tried += 1;
        }
        if let Some(default) = schema.get("default") {
            let told = problems(&at(path, default));
            assert_eq!(told, "", "{path:?} {default}");
        }
    };
    for (name, section) in schema["properties"].as_object().unwrap() {
        if name == "$schema" || name == "providers" {
            continue;
        }
        look(&[name], section);
        for (setting, schema) in section["properties"].as_object().into_iter().flatten() {
            look(&[name, setting], schema);
        }
    }
    assert!(tried > 80, "{tried}");
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

//! What a person who writes a configuration is told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn env(name: &str) -> Option<String> {
    match name {
        "CEREBRAS_API_KEY" => Some("csk-0123456789".to_owned()),
        "HOST_OF_MINE" => Some("gpu.example.com".to_owned()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Loaded, Problems> {
    Config::parse(text, Some(Path::new("c.json5")), &env)
}

fn good(text: &str) -> Config {
    parse(text)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .config
}

fn problems(text: &str) -> String {
    parse(text)
        .err()
        .map(|problems| problems.to_string())
        .unwrap_or_default()
}

/// A configuration with one provider; `extra` stands in the provider, `top` beside `providers`.
fn with(extra: &str, top: &str) -> String {
    format!(
        "{{ providers: [{{ name: 'a', base_url: 'https://x.test/v1', transformer: 'openai', {extra} }}], {top} }}"
    )
}

/// A provider with this URL and transformer.
fn pair(url: &str, transformer: &str) -> String {
    format!("{{ providers: [{{ name: 'a', base_url: '{url}', transformer: {transformer} }}] }}")
}

#[track_caller]
fn says(text: &str, expected: &[&str]) {
    let problems = problems(text);
    for part in expected {
        assert!(problems.contains(part), "`{part}` is not in:\n{problems}");
    }
}

#[test]
fn the_example_says_every_setting_and_is_valid() {
    let text = include_str!("../../../config/example.json5");
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
    let text = include_str!("../../../config/minimal.json5");
    let loaded = Config::parse(text, None, &env).unwrap();
    assert!(loaded.config.router.default.is_some());
    assert_eq!(loaded.warnings, []);
}

#[test]
fn the_configuration_that_the_readme_shows_is_valid() {
    let readme = include_str!("../../../README.md");
    let (_, rest) = readme.split_once("```json5\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    assert_eq!(parse(shown).unwrap().warnings, []);
}

#[test]
fn every_setting_is_documented() {
    let docs = include_str!("../../../docs/config.md");
    let all = [
        read::SETTINGS.as_slice(),
        &read::provider::SETTINGS,
        &read::limits::LIMITS,
        &read::limits::TIMEOUTS,
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
        serde_json::from_str(include_str!("../../../config/schema.json")).unwrap();
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
}

#[test]
fn all_problems_are_told_at_once_with_file_and_line() {
    let text = "{\n  listn: 'x',\n  providers: [\n    { name: 'a', base_url: 'nonsense' },\n  ],\n  trust: 7,\n}";
    let shown = problems(text);
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 4, "{shown}");
    assert_eq!(
        lines[0],
        "c.json5:2: listn: the setting `listn` is not known; did you mean `listen`?"
    );
    assert!(
        lines[1].starts_with("c.json5:4: providers[0].base_url: this is not a URL"),
        "{shown}"
    );
    assert!(
        lines[2].starts_with("c.json5:4: providers[0]: the provider has no `transformer`"),
        "{shown}"
    );
    assert!(
        lines[3].starts_with("c.json5:6: trust: found a number; it must be a string"),
        "{shown}"
    );
}

#[test]
fn an_unknown_setting_names_the_nearest_known_one() {
    says(
        &with("apiKey: 'k'", ""),
        &["providers[0].apiKey", "did you mean `api_key`?"],
    );
    says(
        &with("", "limits: { memry: 1 }"),
        &["limits.memry", "did you mean `memory`?"],
    );
    says(
        &with("", "log: { zzz: 1 }"),
        &["log.zzz", "known: level, format"],
    );
}

#[test]
fn what_stands_twice_is_a_problem() {
    says(
        "{ log: {}, log: {} }",
        &["log: it stands here a second time"],
    );
    let two = "{ providers: [{ name: 'Zai', base_url: 'http://x', transformer: 'openai' }, \
               { name: 'zai', base_url: 'http://y', transformer: 'openai' }] }";
    says(
        two,
        &[
            "providers[1].name",
            "already, and names are compared without case",
        ],
    );
    says(
        &with("models: ['m', {id: 'm'}]", ""),
        &["models[1]", "listed twice"],
    );
}

#[test]
fn a_provider_name_with_a_comma_is_refused() {
    says(
        &with("", "").replace("'a'", "'a,b'"),
        &["`a,b` is no name for a provider"],
    );
}

#[test]
fn a_missing_transformer_lists_the_choices_and_guesses_by_the_url() {
    let text = "{ providers: [{ name: 'c', base_url: 'https://api.cerebras.ai/v1' }] }";
    says(
        text,
        &[
            "no `transformer`",
            "probably \"cerebras\"",
            "\"anthropic\" (bytes pass untouched)",
            "\"zai\"",
        ],
    );
    let text = "{ providers: [{ name: 'z', base_url: 'https://api.z.ai/api/anthropic' }] }";
    says(text, &["probably \"zai\""]);
}

#[test]
fn an_endpoint_instead_of_a_base_url_is_told_with_the_base() {
    says(
        &pair("https://api.cerebras.ai/v1/chat/completions", "'cerebras'"),
        &["write the base: \"https://api.cerebras.ai/v1\""],
    );
    says(
        &pair("https://api.z.ai/api/anthropic/v1/messages", "'zai'"),
        &["write the base: \"https://api.z.ai/api/anthropic\""],
    );
}

#[test]
fn a_base_url_has_no_query_login_or_other_scheme() {
    says(
        &pair("https://x.test/v1?key=1", "'openai'"),
        &["has no ? and no #"],
    );
    says(
        &pair("https://user:pass@x.test/v1", "'openai'"),
        &["there is a login in the URL"],
    );
    assert!(!problems(&pair("https://user:hunter2@x.test/v1", "'openai'")).contains("hunter2"));
    says(
        &pair("ftp://x.test", "'openai'"),
        &["must begin with https://"],
    );
    says(&pair("x.test/v1", "'openai'"), &["this is not a URL"]);
}

#[test]
fn a_trailing_slash_of_a_base_url_does_not_count() {
    let config = good(&pair("https://x.test/v1/", "'openai'"));
    assert_eq!(config.providers[0].base_url.as_str(), "https://x.test/v1");
}

#[test]
fn a_transformer_that_contradicts_the_url_is_told_with_the_one_that_fits() {
    says(
        &pair("https://api.z.ai/api/anthropic", "'openai'"),
        &["speaks Anthropic's", "transformer: \"zai\""],
    );
    says(
        &pair("https://api.minimax.io/anthropic", "['mine', 'cerebras']"),
        &["transformer: \"anthropic\""],
    );
    says(
        &pair("https://api.cerebras.ai/v1", "'anthropic'"),
        &["speaks OpenAI's", "transformer: \"cerebras\""],
    );
    says(
        &pair("https://api.openai.com/v1", "'anthropic'"),
        &["transformer: \"openai\""],
    );
    says(
        &pair("https://api.z.ai/api/paas/v4", "'zai'"),
        &["https://api.z.ai/api/anthropic"],
    );
    says(
        &pair("https://x.test/v1", "'anthropic'"),
        &["without /v1: \"https://x.test\""],
    );
    assert_eq!(
        problems(&pair("https://api.z.ai/api/anthropic", "'anthropic'")),
        ""
    );
    assert_eq!(problems(&pair("http://127.0.0.1:9/v1", "'cerebras'")), "");
}

#[test]
fn an_unset_variable_is_a_missing_key_and_elsewhere_a_problem() {
    let loaded = parse(&with("api_key: '${NOT_SET}'", "")).unwrap();
    assert!(
        matches!(&loaded.config.providers[0].key, Key::Missing { variable } if variable == "NOT_SET")
    );
    assert!(
        loaded
            .warnings
            .iter()
            .any(|w| w.message.contains("NOT_SET is not set"))
    );
    says(
        &pair("https://${NOT_SET}/v1", "'openai'"),
        &["the variable NOT_SET is not set", "${NOT_SET:-default}"],
    );
    let config = good(&pair("https://${HOST_OF_MINE}/v1", "'openai'"));
    assert_eq!(
        config.providers[0].base_url.as_str(),
        "https://gpu.example.com/v1"
    );
}

#[test]
fn a_key_is_set_missing_or_absent() {
    let state = |extra: &str| good(&with(extra, "")).providers[0].key.state();
    assert_eq!(state("api_key: '$CEREBRAS_API_KEY'"), "set");
    assert_eq!(state("api_key: '$NOT_SET'"), "missing");
    assert_eq!(state("api_key: '${NOT_SET:-}'"), "none");
    assert_eq!(state(""), "none");
}

#[test]
fn a_key_that_no_header_can_carry_is_told_without_showing_it() {
    let shown = problems(&with("api_key: 'abc def'", ""));
    assert!(
        shown.contains("no header can carry") && !shown.contains("abc def"),
        "{shown}"
    );
}

#[test]
fn listening_for_others_needs_a_key() {
    says(
        &with("", "listen: '0.0.0.0:3456'"),
        &["listen: 0.0.0.0:3456 can be reached by others", "api_key"],
    );
    says(
        &with("", "listen: '0.0.0.0:3456', api_key: '${NOT_SET:-}'"),
        &["can be reached by others"],
    );
    good(&with("", "listen: '0.0.0.0:3456', api_key: 'secret'"));
    good(&with("", "listen: '[::1]:1'"));
    good(&with("", "listen: 'localhost:1'"));
    says(
        &with("", "listen: '3456'"),
        &["`3456` is not an address", "127.0.0.1:3456"],
    );
    let all = "0.0.0.0:1".parse().unwrap();
    assert!(good(&with("", "")).listening_on(all).is_err());
}

#[test]
fn a_route_names_a_provider_that_exists_and_a_model() {
    says(
        &with("", "router: { default: 'b,m' }"),
        &["router.default: the provider `b` is not known; did you mean `a`?"],
    );
    says(
        &with("", "router: { default: 'gpt' }"),
        &["does not name a provider and a model", "\"a,MODEL\""],
    );
    says(
        &with("", "router: { defualt: 'a,m' }"),
        &["did you mean `default`?"],
    );
    says(
        &with("", "router: { fallback: { thnik: [] } }"),
        &["the route `thnik` is not known; did you mean `think`?"],
    );
    let config = good(&with(
        "",
        "router: { default: 'A, m,1 ' }, aliases: { fast: 'a,m' }",
    ));
    let default = config.router.default.clone().unwrap();
    assert_eq!(
        (default.provider.as_str(), default.model.as_str()),
        ("a", "m,1")
    );
    assert_eq!(config.aliases["fast"].model, "m");
}

#[test]
fn a_route_to_a_provider_with_a_problem_is_not_a_second_problem() {
    let text = "{ providers: [{ name: 'a', base_url: 'x' , transformer: 'openai' }], router: { default: 'a,m' } }";
    assert_eq!(problems(text).lines().count(), 1);
}

#[test]
fn a_slip_in_a_routed_model_is_a_warning() {
    let loaded = parse(&with(
        "models: ['gpt-oss-120b']",
        "router: { default: 'a,gpt-oss-12b' }",
    ))
    .unwrap();
    assert!(
        loaded.warnings[0]
            .to_string()
            .contains("did you mean `gpt-oss-120b`?")
    );
}

#[test]
fn no_default_route_is_a_warning() {
    let loaded = parse(&with("", "")).unwrap();
    assert!(loaded.warnings[0].message.contains("no `router.default`"));
}

#[test]
fn a_transformer_is_a_name_a_chain_or_passthrough() {
    let of = |transformer: &str| {
        good(&pair("https://x.test", transformer))
            .providers
            .remove(0)
            .transformer
    };
    assert!(matches!(of("'anthropic'"), Transformer::Passthrough));
    assert!(matches!(of("['anthropic']"), Transformer::Passthrough));
    assert_eq!(
        of("['shout', { name: 'openai', options: { a: 0x10, b: ['$$x'] } }]").shown(),
        "shout,openai"
    );
    let Transformer::Chain(stages) = of("[{ name: 'openai', options: { a: 0x10, b: ['$$x'] } }]")
    else {
        panic!("a chain");
    };
    assert_eq!(stages[0].options, r#"{"a":16,"b":["$x"]}"#);
    says(&pair("https://x.test", "[]"), &["the chain is empty"]);
    says(
        &pair("https://x.test", "['openai', 'anthropic']"),
        &["cannot be part of a chain"],
    );
    says(
        &pair("https://x.test", "'../evil'"),
        &["is not a transformer's name"],
    );
    says(
        &pair("https://x.test", "'mine.wasm'"),
        &["without folder and .wasm"],
    );
}

#[test]
fn options_belong_to_the_single_stage() {
    let config = good(&with("options: { effort: 'high' }", ""));
    let Transformer::Chain(stages) = &config.providers[0].transformer else {
        panic!("a chain");
    };
    assert_eq!(stages[0].options, r#"{"effort":"high"}"#);
    let chain = pair("https://x.test", "['shout', 'openai'], options: { a: 1 }");
    says(
        &chain,
        &["in a chain it is not clear whose options these are"],
    );
    says(
        &pair("https://x.test", "'anthropic', options: { a: 1 }"),
        &["nothing reads these options"],
    );
    says(
        &with("options: 'x'", ""),
        &["providers[0].options: found a string; it must be an object"],
    );
}

#[test]
fn options_never_hold_the_providers_key() {
    let text = with(
        "api_key: '$CEREBRAS_API_KEY', options: { k: '$CEREBRAS_API_KEY' }",
        "",
    );
    says(&text, &["the options of `openai` hold the provider's key"]);
    assert!(!problems(&text).contains("csk-"));
}

#[test]
fn auth_is_bearer_a_header_or_a_command() {
    let of = |auth: &str| {
        good(&with(&format!("auth: {auth}"), ""))
            .providers
            .remove(0)
            .auth
    };
    assert_eq!(of("'bearer'"), Some(Auth::Bearer));
    assert_eq!(
        of("'x-api-key'"),
        Some(Auth::Header("x-api-key".to_owned()))
    );
    assert_eq!(
        of("{ header: 'X-Goog-Api-Key' }"),
        Some(Auth::Header("x-goog-api-key".to_owned()))
    );
    let words = |words: &[&str]| {
        Some(Auth::Command(
            words.iter().map(|w| (*w).to_owned()).collect(),
        ))
    };
    assert_eq!(
        of("{ command: ['pass', 'show', 'x'] }"),
        words(&["pass", "show", "x"])
    );
    assert_eq!(
        of("{ command: 'pass show x' }"),
        words(&["sh", "-c", "pass show x"])
    );
    says(
        &with("auth: 'basic'", ""),
        &["`basic` is not known", "\"bearer\""],
    );
    says(
        &with("auth: { header: 'host' }", ""),
        &["cannot carry a key"],
    );
    says(
        &with("auth: {}", ""),
        &["one of `header` and `command` is needed"],
    );
    says(
        &with("api_key: 'k', auth: { command: ['x'] }", ""),
        &["keep one of the two"],
    );
}

#[test]
fn times_are_milliseconds_and_sizes_bytes_or_units() {
    let config = good(&with(
        "",
        "timeouts: { connect_ms: 5, hold_ms: 0 }, limits: { memory: '64MiB', push_ms: 7, frame: 4096 }",
    ));
    assert_eq!(config.timeouts.connect, Duration::from_millis(5));
    assert_eq!(config.timeouts.hold, Duration::ZERO);
    assert_eq!(
        (config.limits.memory, config.limits.frame),
        (64 << 20, 4096)
    );
    assert_eq!(config.limits.push, Duration::from_millis(7));
    says(
        &with("", "timeouts: { connect_ms: '5s' }"),
        &["it must be a whole number of milliseconds"],
    );
    says(
        &with("", "timeouts: { connect: 5 }"),
        &["did you mean `connect_ms`?"],
    );
    says(
        &with("", "timeouts: { idle_ms: 0 }"),
        &["0 is out of bounds", "1 to 86400000 milliseconds"],
    );
    says(&with("", "limits: { memory: '8GiB' }"), &["out of bounds"]);
    says(
        &with("", "limits: { frame: 'big' }"),
        &["`big` is not a size"],
    );
}

#[test]
fn a_pin_is_64_hexadecimal_digits() {
    let config = good(&with(
        "",
        &format!("pins: {{ cerebras: 'sha256:{}' }}", "AB".repeat(32)),
    ));
    assert_eq!(config.pins["cerebras"], "ab".repeat(32));
    says(
        &with("", "pins: { cerebras: 'ab12' }"),
        &["pins.cerebras", "64 hexadecimal digits"],
    );
}

#[test]
fn sections_of_later_versions_are_refused_unless_empty() {
    good(&with("", "recorder: {}, proxy: {}"));
    says(
        &with("", "recorder: { on: true }"),
        &["recorder: it is not supported by this version"],
    );
}

#[test]
fn a_configuration_of_claude_code_router_is_recognised() {
    says(
        "{ \"Providers\": [], \"Router\": {} }",
        &["configuration of claude-code-router", "base_url"],
    );
}

#[test]
fn lookups_compare_the_provider_without_case() {
    let config = good(&with(
        "models: [{ id: 'm', context_window: 9000 }]",
        "router: { default: 'a,m' }",
    ));
    let target = config.target("A,m").unwrap();
    assert_eq!(target.provider, "a");
    assert_eq!(config.model(&target).unwrap().context_window, Some(9000));
    assert_eq!(config.smallest_window(), Some(9000));
    assert_eq!(config.target("b,m"), None);
    assert_eq!(config.target("m"), None);
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

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn arbitrary_marks_of_json_never_panic(text in r#"[\{\}\[\]:,'"$\\/*a-z0-9 \n]{0,120}"#) {
        let _ = parse(&text);
    }

    #[test]
    fn any_string_as_any_setting_never_panics(value in ".{0,60}") {
        let text = serde_json::json!({
            "listen": value, "api_key": value, "allowed_hosts": [value], "pins": { "x": value },
            "providers": [{ "name": value, "base_url": value, "api_key": value, "models": [value],
                "transformer": value, "auth": value, "options": { "o": value } }],
            "router": { "default": value }, "limits": { "memory": value },
        });
        let _ = parse(&text.to_string());
    }
}

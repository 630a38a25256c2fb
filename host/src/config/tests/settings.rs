//! All other settings, and how problems are told.

use std::time::Duration;

use super::*;

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
        &["log.zzz", "known: bodies, body_bytes, files, format, level"],
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
fn a_list_of_what_is_tried_next_that_is_no_help_is_told() {
    let told = |fallback: &str| {
        let router = format!("router: {{ default: 'a,m', fallback: {{ {fallback} }} }}");
        let loaded = parse(&with("", &router)).unwrap();
        let warnings = loaded.warnings.iter().map(ToString::to_string);
        warnings.collect::<Vec<_>>().join("\n")
    };
    let shown = told("default: ['a,m', 'A,m']");
    assert!(
        shown.contains("router.fallback.default: there is only the route's own target"),
        "{shown}"
    );
    for fine in ["default: []", "default: ['a,m', 'a,n']", "think: ['a,m']"] {
        let shown = told(fine);
        assert!(!shown.contains("own target"), "{shown}");
    }
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
fn a_proxy_is_a_url_and_hosts_that_are_reached_without_it() {
    let text = "proxy: { url: 'proxy.test:8080', no_proxy: ['.corp', '10.0.0.0/8'] }";
    let proxy = good(&with("", text)).proxy;
    assert_eq!(proxy.url.unwrap().expose(), "http://proxy.test:8080");
    assert_eq!(proxy.no_proxy, [".corp", "10.0.0.0/8"]);
    assert!(
        good(&with("", "proxy: { url: '${NONE:-}' }"))
            .proxy
            .url
            .is_none()
    );
    says(
        &with("", "proxy: { url: 'socks5://x:1' }"),
        &["proxy.url: this is not the URL of an HTTP proxy"],
    );
    says(&with("", "proxy: { ulr: 'x' }"), &["did you mean `url`?"]);
}

#[test]
fn a_models_price_and_sight_are_said_by_the_file_or_known_by_the_catalog() {
    let text = "{ providers: [{ name: 'cerebras', base_url: 'https://api.cerebras.ai/v1', transformer: 'cerebras',
        models: ['gpt-oss-120b', { id: 'own', vision: true, price: { input: 1, output: 2.5 } },
                 { id: 'qwen-3.8-27b', context_window: 100 }] }], router: { default: 'cerebras,gemma-4-31b' } }";
    let config = good(text);
    let models = &config.providers[0].models;
    assert_eq!(models[0].context_window, Some(131_072));
    assert!((models[0].price.unwrap().output - 0.75).abs() < 1e-9);
    assert_eq!(
        (models[1].vision, models[1].context_window),
        (Some(true), None)
    );
    assert!((models[1].price.unwrap().output - 2.5).abs() < 1e-9);
    assert_eq!(
        (models[2].context_window, models[2].max_output),
        (Some(100), Some(32_768))
    );
    assert_eq!(config.smallest_window(), Some(131_072));
    says(
        &with("models: [{ id: 'm', price: { input: -1 } }]", ""),
        &["found -1", "the price has no `output`"],
    );
}

#[test]
fn a_retired_model_is_a_warning_wherever_it_is_named() {
    let text = "{ providers: [{ name: 'cerebras', base_url: 'https://api.cerebras.ai/v1', transformer: 'cerebras' }],
        router: { default: 'cerebras,zai-glm-4.6' } }";
    let loaded = parse(text).unwrap();
    let said = &loaded.warnings[0];
    assert_eq!(said.path, "router.default");
    assert!(
        said.message
            .contains("retired the model `zai-glm-4.6` on 2026-01-20"),
        "{said}"
    );
}

#[test]
fn the_recorder_is_off_unless_it_is_switched_on() {
    assert_eq!(good(&with("", "recorder: {}")).recorder.on, None);
    let off = good(&with("", "recorder: { on: false }")).recorder;
    assert_eq!(off.on, Some(false));
    let text = with(
        "",
        "recorder: { on: true, exchanges: 5, bytes: '1MiB', block_on_diff: true }",
    );
    let recorder = good(&text).recorder;
    assert_eq!((recorder.on, recorder.block_on_diff), (Some(true), true));
    assert_eq!((recorder.exchanges, recorder.bytes), (5, 1 << 20));
    says(
        &with("", "recorder: { on: 1 }"),
        &["recorder.on", "true or false"],
    );
    says(&with("", "recorder: { exchange: 1 }"), &["exchanges"]);
}

#[test]
fn rules_for_redacting_are_regular_expressions_that_can_be_compiled() {
    let text = with(
        "",
        "recorder: { redact: ['ACME-\\\\d+', { match: '(x)-y$$', with: '$$1-z' }] }",
    );
    let rules = good(&text).recorder.redact;
    let rules: Vec<_> = rules
        .iter()
        .map(|rule| (rule.pattern.as_str(), rule.with.as_str()))
        .collect();
    assert_eq!(rules, [("ACME-\\d+", "[redacted]"), ("(x)-y$", "$1-z")]);
    says(
        &with("", "recorder: { redact: [{ match: '(' }] }"),
        &["recorder.redact", "not a regular expression"],
    );
    says(
        &with("", "recorder: { redact: [{ match: 'x*' }, { with: 'y' }] }"),
        &["matches the empty string", "there is no `match`"],
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
fn what_is_not_set_has_the_values_of_the_documentation() {
    let config = good(&with("", ""));
    let timeouts = &config.timeouts;
    assert_eq!(timeouts.hold, Duration::from_secs(10));
    assert_eq!(timeouts.ping, Duration::from_secs(10));
    assert_eq!(timeouts.connect, Duration::from_secs(10));
    let limits = &config.limits;
    assert_eq!(limits.memory, 256 << 20);
    assert_eq!(limits.instances, 256);
    assert_eq!(
        (limits.request_body, limits.response_body),
        (32 << 20, 32 << 20)
    );
    assert_eq!(limits.request, Duration::from_secs(1));
    assert_eq!(limits.push, Duration::from_millis(100));
    assert_eq!(limits.log_line, 8 << 10);
    assert_eq!(config.on_broken, OnBroken::Cut);
}

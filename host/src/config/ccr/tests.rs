//! What becomes of configurations of claude-code-router.

use std::path::Path;

use super::super::*;
use lenient::usual;

mod lenient;
mod of_one_model;

const TWO_PROVIDERS: &str = include_str!("../../../../tests/ccr/two-providers.json");
const EVERY_KEY: &str = include_str!("../../../../tests/ccr/every-key.json");

fn env(name: &str) -> Option<String> {
    match name {
        "SERVICE_PORT" | "GROQ_API_KEY" => None,
        name => Some(format!("value-of-{name}")),
    }
}

fn parse(text: &str) -> Result<Loaded, Problems> {
    Config::parse(text, Some(Path::new("config.json")), &env)
}

fn good(text: &str) -> Loaded {
    parse(text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn warnings(loaded: &Loaded) -> String {
    let lines = loaded.warnings.iter();
    let lines: Vec<_> = lines
        .map(|warning| format!("{}: {warning}", warning.line))
        .collect();
    lines.join("\n")
}

#[track_caller]
fn says(text: &str, expected: &[&str]) {
    let shown = parse(text).expect_err("it has problems").to_string();
    for part in expected {
        assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
    }
}

/// A file with this one provider and nothing wrong beside it.
fn with(provider: &str) -> String {
    format!("{{ Providers: [{{ name: 'a', {provider} }}], Router: {{ default: 'a,m' }} }}")
}

fn options(text: &str) -> (String, serde_json::Value) {
    let config = good(text).config;
    let Transformer::Chain(stages) = &config.providers[0].transformer else {
        return ("anthropic".to_owned(), serde_json::Value::Null);
    };
    let options = serde_json::from_slice(&stages[0].options).unwrap();
    (stages[0].name.clone(), options)
}

#[test]
fn a_setup_with_a_plugin_for_cerebras_and_zai_works_as_it_is() {
    let loaded = good(TWO_PROVIDERS);
    let config = &loaded.config;
    let shown: Vec<_> = config
        .providers
        .iter()
        .map(|one| format!("{} {} {}", one.name, one.base_url, one.transformer.shown()))
        .collect();
    assert_eq!(
        shown,
        [
            "cerebras https://api.cerebras.ai/v1 cerebras",
            "zai https://api.z.ai/api/anthropic zai",
        ]
    );
    let routes: Vec<_> = config
        .routes()
        .map(|(name, target)| format!("{name} {target}"))
        .collect();
    assert_eq!(
        routes,
        [
            "default cerebras,zai-glm-4.7",
            "background cerebras,zai-glm-4.7",
            "think cerebras,zai-glm-4.7",
            "long_context zai,glm-4.7",
        ]
    );
    assert_eq!(config.listen, DEFAULT_LISTEN);
    let Key::Set(keys) = &config.providers[0].key else {
        panic!("a key");
    };
    let keys: Vec<_> = keys.iter().map(Secret::expose).collect();
    assert_eq!(keys, ["value-of-CEREBRAS_API_KEY"]);
}

#[test]
fn what_was_changed_and_what_is_retired_is_told_with_its_line() {
    let shown = warnings(&good(TWO_PROVIDERS));
    for part in [
        "11: Providers[0].transformer.use[0]: the plugin `cerebras-transformer` is not run",
        "15: Providers[1].api_base_url: this endpoint speaks the Messages API",
        "10: Providers[0].models[0]: the provider retired the model `zai-glm-4.7` on 2026-08-17",
    ] {
        assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
    }
}

#[test]
fn every_key_is_honoured_or_named_in_the_list_of_what_is_not() {
    let loaded = good(EVERY_KEY);
    let (config, shown) = (&loaded.config, warnings(&loaded));
    assert_eq!(config.listen, "127.0.0.1:3456".parse().unwrap());
    assert_eq!(
        config.api_key.as_ref().unwrap().expose(),
        "value-of-CCR_KEY"
    );
    assert_eq!(config.log.level, "warn");
    assert_eq!(config.code.path.as_deref(), Some("/opt/claude"));
    assert_eq!(config.code.small_fast_model.as_deref(), Some("fast-model"));
    assert_eq!(config.code.timeout, Some(Duration::from_mins(20)));
    assert_eq!(config.timeouts.headers, Duration::from_mins(20));
    let proxy = config.proxy.url.as_ref().unwrap();
    assert_eq!(proxy.expose(), "http://proxy.example.com:8080");
    assert_eq!(config.router.fallback["default"][0].provider, "openrouter");
    assert!(config.router.image.is_none());
    assert_eq!(config.statusline.as_ref().unwrap().len(), 4);
    for part in [
        "REWRITE_SYSTEM_PROMPT: as in ccr",
        "CUSTOM_ROUTER_PATH: not carried over",
        "forceUseImageAgent: not carried over",
        "plugins: not carried over",
        "presets: not carried over",
        "DEEPSEEK_ORG: ccr hands it to its own process",
        "Providers[0].tokenizer: not carried over",
        "not carried over: `vertex-claude`",
        "not carried over: the plugin `my-plugin`, in whose place `openai` is used",
        "transformers[1]: not carried over: the plugin `gemini-cli`",
        "StatusLine.powerline: not carried over",
        "not carried over: a module that runs a script",
        "Providers[3].transformer.use[5][1].model: not carried over",
    ] {
        assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
    }
    assert_eq!(config.providers[5].auth, Some(Auth::Bearer));
    assert!(
        matches!(&config.providers[4].key, Key::Missing { variable } if variable == "GROQ_API_KEY")
    );
}

#[test]
fn built_in_transformers_become_options() {
    let url = "api_base_url: 'https://x.test/v1/chat/completions'";
    let of = |chain: &str| options(&with(&format!("{url}, transformer: {{ {chain} }}"))).1;
    use serde_json::json;
    assert_eq!(
        of("use: [['maxtoken', { max_tokens: 9 }], 'maxcompletiontokens']"),
        json!({ "max_out_clamp": 9, "max_tokens_field": "max_completion_tokens" })
    );
    assert_eq!(
        of("use: ['deepseek', 'enhancetool']"),
        json!({ "profile": "deepseek" })
    );
    assert_eq!(
        of("use: [['openrouter', { provider: { only: ['x'] } }]]"),
        json!({ "profile": "openrouter", "extra_body": { "provider": { "only": ["x"] } } })
    );
    assert_eq!(
        of("use: [['sampling', { temperature: 0.5, top_k: 4 }]]"),
        json!({ "sampling": "drop", "extra_body": { "temperature": 0.5, "top_k": 4 } })
    );
    assert_eq!(
        of("use: [['reasoning', { enable: false }], 'groq']"),
        json!({ "profile": "groq", "extra_body": { "enable_thinking": false } })
    );
    assert_eq!(
        of("use: ['tooluse', 'forcereasoning']"),
        json!({ "force_tools": true, "ask_for_thinking": true })
    );
    assert_eq!(
        of("'org/Model': { use: ['deepseek', 'groq'] }"),
        json!({ "models": { "org/Model$": {
            "reasoning_out": "reasoning_content", "reasoning_required_with_tools": true, "schema_strip": ["$schema"],
        } } })
    );
    assert_eq!(
        of("'org/Model': { use: [['maxtoken', { max_tokens: 5 }]] }"),
        json!({ "models": { "org/Model$": { "max_out_clamp": 5 } } })
    );
}

#[test]
fn an_endpoint_tells_base_format_and_path() {
    let of = |url: &str| {
        let config = good(&with(&format!("api_base_url: '{url}'"))).config;
        let provider = &config.providers[0];
        format!("{} {}", provider.base_url, provider.transformer.shown())
    };
    assert_eq!(
        of("https://x.test/v1/chat/completions/"),
        "https://x.test/v1 openai"
    );
    assert_eq!(of("https://x.test/v1/"), "https://x.test/v1 openai");
    assert_eq!(
        of("https://x.test/v1/messages"),
        "https://x.test/ anthropic"
    );
    assert_eq!(
        of("https://api.moonshot.ai/anthropic/v1/messages"),
        "https://api.moonshot.ai/anthropic compatible"
    );
    assert_eq!(
        of("https://open.bigmodel.cn/api/anthropic/v1/messages"),
        "https://open.bigmodel.cn/api/anthropic zai"
    );
    let gemini = "https://generativelanguage.googleapis.com";
    for end in ["/v1beta/models/", "/v1beta", ""] {
        let whole = format!("{gemini}{end}");
        assert_eq!(of(&whole), format!("{gemini}/v1beta gemini"), "{end}");
    }
    let chat = format!("{gemini}/v1beta/openai/chat/completions");
    assert_eq!(of(&chat), format!("{gemini}/v1beta/openai openai"));
    assert_eq!(
        of("https://api.openai.com/v1/responses"),
        "https://api.openai.com/v1 responses"
    );
    assert_eq!(
        of("https://gem.test/v1beta/models/?key=k"),
        "https://gem.test/v1beta gemini"
    );
    let azure = with("api_base_url: 'https://x.test/deployments/d/chat/completions?api-version=1'");
    assert_eq!(options(&azure).1["path"], "/chat/completions?api-version=1");
}

#[test]
fn where_the_url_tells_nothing_the_transformers_tell_the_format() {
    let of = |url: &str, name: &str| {
        let text = with(&format!(
            "api_base_url: '{url}', transformer: {{ use: ['{name}'] }}"
        ));
        let provider = &good(&text).config.providers[0];
        format!("{} {}", provider.base_url, provider.transformer.shown())
    };
    assert_eq!(
        of("https://x.test/gem/models/", "gemini"),
        "https://x.test/gem gemini"
    );
    assert_eq!(
        of("https://x.test/v1", "openai-responses"),
        "https://x.test/v1 responses"
    );
    let chat = "https://x.test/v1/chat/completions";
    assert_eq!(of(chat, "gemini"), "https://x.test/v1 openai");
    let text = with(&format!(
        "api_base_url: '{chat}', transformer: {{ use: ['openai-responses'] }}"
    ));
    assert!(warnings(&good(&text)).contains("the URL is that of another format"));
}

#[test]
fn variables_and_what_is_only_handed_on_stop_nothing() {
    let text = usual(
        "schema: [], HTTP_PROXY: 'http://p.test', no_proxy: 'x', API_KEY: 'k', API_TIMEOUT_MS: 99999999999",
        "",
        "",
    );
    let loaded = good(&text);
    let shown = warnings(&loaded);
    for name in ["HTTP_PROXY", "no_proxy", "API_KEY"] {
        let told = format!("{name}: ccr hands it to its own process as an environment variable");
        assert!(shown.contains(&told), "{name}\n{shown}");
    }
    assert_eq!(shown.matches("API_TIMEOUT_MS").count(), 1, "{shown}");
    assert_eq!(loaded.config.code.timeout, None);
    for odd in ["0", "-1", "600000.5", "'soon'"] {
        let text = usual(&format!("API_TIMEOUT_MS: {odd}"), "", "");
        assert!(warnings(&good(&text)).contains("API_TIMEOUT_MS"), "{odd}");
    }
}

#[test]
fn a_plugin_or_a_name_tells_cerebras_before_an_own_endpoint() {
    let url = "api_base_url: 'http://127.0.0.1:9/v1/chat/completions'";
    let plugin = with(&format!(
        "{url}, transformer: {{ use: [['my-cerebras', {{ max_tokens: 7 }}]] }}"
    ));
    let (name, options) = options(&plugin);
    assert_eq!(
        (name.as_str(), &options["max_out_clamp"]),
        ("cerebras", &7.into())
    );
    let zai = "{ Providers: [{ name: 'zai', api_base_url: 'http://127.0.0.1:9/api/anthropic/v1/messages' }] }";
    assert_eq!(good(zai).config.providers[0].transformer.shown(), "zai");
}

#[test]
fn every_problem_is_told_at_once_with_ccrs_names_and_lines() {
    let text = "{\n  Providerss: [],\n  PORT: 'x',\n  Providers: [\n    { name: 'a', api_base_url: 'nonsense', api_ky: 'k' },\n    { name: 'A', api_base_url: 'https://x.test/v1/messages', transformer: { use: ['deepseek'] } },\n    { name: 'c', api_base_url: 7 },\n  ],\n  Router: {\n    default: 'b,m',\n    thnik: 'a,m',\n    longContextThreshold: true,\n  },\n  APIKEY: '$GROQ_API_KEY',\n}";
    says(
        text,
        &[
            "config.json:2: Providerss: ccr's setting `Providerss` is not known; did you mean `Providers`?",
            "config.json:3: PORT: this is no port",
            "config.json:5: Providers[0].api_ky: ccr's setting `api_ky` is not known; did you mean `api_key`?",
            "config.json:5: Providers[0].api_base_url: this is not a URL",
            "config.json:6: Providers[1].name: there is a provider `a` already",
            "config.json:6: Providers[1].api_base_url: the URL speaks the Messages API",
            "config.json:7: Providers[2].api_base_url: found a number",
            "config.json:10: Router.default: the provider `b` is not known",
            "config.json:11: Router.thnik: ccr's setting `thnik` is not known; did you mean `think`?",
            "config.json:12: Router.longContextThreshold: found true or false",
            "config.json:14: APIKEY: the variable GROQ_API_KEY is not set",
        ],
    );
}

#[test]
fn without_apikey_others_cannot_reach_it() {
    let loaded = good(
        "{ HOST: '0.0.0.0', PORT: 1234, Providers: [{ name: 'a', api_base_url: 'https://x.test/v1/chat/completions' }] }",
    );
    assert_eq!(loaded.config.listen, "127.0.0.1:1234".parse().unwrap());
    assert!(warnings(&loaded).contains("HOST: without APIKEY only 127.0.0.1"));
    let named = good(&usual("HOST: 'mybox', StatusLine: 'yes'", "", ""));
    assert_eq!(named.config.listen, "127.0.0.1:3456".parse().unwrap());
    let told = warnings(&named);
    assert!(
        told.contains("HOST: `mybox` is not an address to listen on: 127.0.0.1 is used"),
        "{told}"
    );
    assert!(told.contains("StatusLine: not carried over"), "{told}");
}

#[test]
fn a_file_of_ours_with_a_slip_is_not_taken_for_one_of_ccr() {
    says(
        "{ Providers: [{ name: 'a', base_url: 'https://x.test/v1', transformer: 'openai' }] }",
        &["Providers: the setting `Providers` is not known; did you mean `providers`?"],
    );
}

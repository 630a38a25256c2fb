//! What ccr does not mind, and stops nothing here either.

use super::*;

/// A file that works, with something beside it that ccr does not look at.
const USUAL: &str = "{ Providers: [{ name: 'a', api_base_url: 'https://x.test/v1/chat/completions', \
    api_key: 'k', models: ['m'], #P }], Router: { default: 'a,m', #R }, #T }";

pub(super) fn usual(top: &str, provider: &str, router: &str) -> String {
    let text = USUAL.replace("#P", provider).replace("#R", router);
    text.replace("#T", top)
}

#[test]
fn what_ccr_does_not_look_at_is_a_warning() {
    for (top, provider, router, told) in [
        ("_comment: 'x'", "_note: 1", "_note: 'x'", ""),
        (
            "name: 'p', version: '1', description: 'd', author: 'me', keywords: [], ccrVersion: '2.0.0'",
            "",
            "",
            "",
        ),
        (
            "",
            "enabled: true, description: 'd', max_tokens: 9",
            "custom: 'x'",
            "Router.custom",
        ),
        (
            "tokenizer: {}, LOG_LEVEL: 'loud', NON_INTERACTIVE_MODE: 'true'",
            "",
            "",
            "`loud` is no level",
        ),
        (
            "transformers: [{ path: 'x.js', enabled: true }, { use: 'y' }]",
            "",
            "",
            "has no `path`",
        ),
        (
            "",
            "transformer: ['openrouter']",
            "",
            "takes no transformer from a list",
        ),
        (
            "",
            "transformer: { use: 'openrouter', m: ['tooluse'] }",
            "",
            "from a string",
        ),
        (
            "",
            "",
            "think: 'gone,model', longContextThreshold: 0",
            "Router.think: not carried over",
        ),
        (
            "fallback: { default: ['gone,model', 'a,m'] }",
            "",
            "",
            "fallback.default[0]: not carried over",
        ),
        (
            "StatusLine: { enabled: true, default: { modules: [{ type: 'speed', text: 'x' }] } }",
            "",
            "",
            "a module of a plugin",
        ),
    ] {
        let loaded = good(&usual(top, provider, router));
        let shown = warnings(&loaded);
        assert!(shown.contains(told), "`{told}` is not in:\n{shown}");
        assert_eq!(told.is_empty(), shown.is_empty(), "{shown}");
    }
}

#[test]
fn a_provider_that_ccr_leaves_out_is_left_out() {
    let text = "{ Providers: [
        { name: 'a', api_base_url: 'https://x.test/v1/chat/completions', models: ['m'] },
        { name: 'nowhere', api_key: 'k' },
        { api_base_url: 'https://y.test/v1/chat/completions' },
    ], Router: { default: 'a,m', think: 'nowhere,m' } }";
    let loaded = good(text);
    assert_eq!(loaded.config.providers.len(), 1);
    assert!(loaded.config.router.think.is_none());
    let shown = warnings(&loaded);
    for part in [
        "3: Providers[1]: not carried over: a provider without `api_base_url`",
        "4: Providers[2]: not carried over: a provider without `name`",
        "5: Router.think: not carried over: there is no such provider",
    ] {
        assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
    }
    says(
        "{ Providers: [{ name: 'a', api_key: 'k' }] }",
        &["Providers: there is no provider"],
    );
}

#[test]
fn one_that_cannot_be_used_is_left_out_beside_one_that_can_and_of_two_names_the_first_counts() {
    let text = "{ Providers: [
        { name: 'a', api_base_url: 'https://x.test/v1/chat/completions', models: ['m'] },
        { name: 'spare', api_base_url: 'nonsense' },
        { name: 'A', api_base_url: 'https://y.test/v1/chat/completions' },
        { name: 'spare', api_base_url: 'https://me:SECRETPASS@x.test/v1' },
        { name: 'spare', api_base_url: 'https://z.test/v1/chat/completions' },
    ], Router: { default: 'a,m', think: 'spare,m' } }";
    let loaded = good(text);
    let providers = loaded.config.providers.iter();
    let urls: Vec<_> = providers.map(|one| one.base_url.as_str()).collect();
    assert_eq!(urls, ["https://x.test/v1", "https://z.test/v1"]);
    let shown = warnings(&loaded);
    for part in [
        "3: Providers[1].api_base_url: not carried over: this is not a URL",
        "4: Providers[2]: not carried over: there is a provider `a` already, and the first one counts",
        "5: Providers[3].api_base_url: not carried over: there is a login in the URL",
    ] {
        assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
    }
    assert!(!shown.contains("SECRETPASS"), "{shown}");
}

#[test]
fn null_and_empty_texts_are_not_set() {
    for nothing in ["null", "''"] {
        let top = [
            "HOST",
            "PORT",
            "LOG",
            "LOG_LEVEL",
            "API_TIMEOUT_MS",
            "CLAUDE_PATH",
            "PROXY_URL",
            "APIKEY",
            "NON_INTERACTIVE_MODE",
            "CUSTOM_ROUTER_PATH",
            "REWRITE_SYSTEM_PROMPT",
            "transformers",
            "StatusLine",
            "fallback",
            "plugins",
            "presets",
            "tokenizers",
            "forceUseImageAgent",
            "ANTHROPIC_SMALL_FAST_MODEL",
        ];
        let top: Vec<_> = top
            .iter()
            .map(|name| format!("{name}: {nothing}"))
            .collect();
        let provider = format!("transformer: {nothing}, tokenizer: {nothing}");
        let router = format!("think: {nothing}, image: {nothing}, longContextThreshold: {nothing}");
        let loaded = good(&usual(&top.join(", "), &provider, &router));
        assert_eq!(warnings(&loaded), "", "{nothing}");
        assert_eq!(loaded.config.listen, DEFAULT_LISTEN);
        assert_eq!(loaded.config.router.long_context_threshold, 60_000);
    }
    let text = usual("", "transformer: { use: null, m: null }", "");
    assert_eq!(warnings(&good(&text)), "");
}

#[test]
fn numbers_may_be_texts() {
    let text = usual(
        "PORT: '1234', API_TIMEOUT_MS: '60000'",
        "transformer: { use: [['maxtoken', { max_tokens: '16384' }]] }",
        "longContextThreshold: '7000'",
    );
    let config = good(&text).config;
    assert_eq!(config.listen.port(), 1234);
    assert_eq!(config.router.long_context_threshold, 7000);
    assert_eq!(
        options(&text).1,
        serde_json::json!({ "max_out_clamp": 16384 })
    );
}

#[test]
fn with_apikey_an_address_is_listened_on_and_names_are_for_allowed_hosts() {
    let open = good(&usual("HOST: '0.0.0.0', PORT: 1234, APIKEY: 'key'", "", ""));
    assert_eq!(open.config.listen, "0.0.0.0:1234".parse().unwrap());
    assert!(warnings(&open).contains("HOST: others reach it by an address"));
    let top = "HOST: '::', APIKEY: 'key', allowed_hosts: ['mybox.local']";
    let named = good(&usual(top, "", ""));
    assert_eq!(named.config.listen, "[::]:3456".parse().unwrap());
    assert_eq!(named.config.allowed_hosts, ["mybox.local"]);
    assert_eq!(warnings(&named), "");
    says(
        &usual("HOST: 'mybox', PORT: 1234, APIKEY: 'key'", "", ""),
        &["HOST: `mybox` is not an address to listen on"],
    );
}

#[test]
fn a_bare_name_goes_where_the_rules_say_also_if_a_provider_lists_it() {
    assert!(!good(&usual("", "", "")).config.router.listed);
}

#[test]
fn no_message_shows_what_stands_behind_a_url() {
    let url = "api_base_url: 'https://x.test/v1/things/?key=AIzaSECRET'";
    let shown = warnings(&good(&with(url)));
    assert!(
        shown.contains("https://x.test/v1/things/ is not the URL of an endpoint"),
        "{shown}"
    );
    assert!(!shown.contains("AIzaSECRET"), "{shown}");
    let login = with("api_base_url: 'https://me:SECRETPASS@x.test/v1/chat/completions'");
    says(
        &login,
        &["Providers[0].api_base_url: there is a login in the URL"],
    );
    assert!(
        !parse(&login)
            .unwrap_err()
            .to_string()
            .contains("SECRETPASS")
    );
    let kimi =
        with("api_base_url: 'https://api.kimi.test/coding/', transformer: { use: ['Anthropic'] }");
    assert!(warnings(&good(&kimi)).contains("/v1/messages is added to it"));
}

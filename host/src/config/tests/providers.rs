//! Providers: names, URLs, keys, transformers and what contradicts what.

use super::*;

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
fn a_setting_that_is_misspelt_is_not_told_as_missing_as_well() {
    let text =
        "{ providers: [{ names: 'a', base_uri: 'https://x.test', transformers: 'openai' }] }";
    let told = problems(text);
    for meant in ["name", "base_url", "transformer"] {
        assert!(told.contains(&format!("did you mean `{meant}`?")), "{told}");
    }
    assert!(!told.contains("the provider has no"), "{told}");
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
    says(
        &pair("https://user:pass@x.test/v1?key=1", "'openai'"),
        &["there is a login in the URL", "has no ? and no #"],
    );
    assert!(!problems(&pair("https://user:hunter2@x.test/v1", "'openai'")).contains("hunter2"));
    says(
        &pair("ftp://x.test", "'openai'"),
        &["must begin with https://"],
    );
    says(
        &pair("x.test/v1", "'openai'"),
        &["this is not a URL: it does not begin with https:// or http://"],
    );
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
    says(
        &pair("http://127.0.0.1:11434/v1/", "'ollama'"),
        &[
            "write \"http://127.0.0.1:11434\"",
            "transformer: \"openai\" for the API below /v1",
        ],
    );
    says(
        &pair("http://127.0.0.1:11434/api", "'ollama'"),
        &["write \"http://127.0.0.1:11434\""],
    );
    assert_eq!(problems(&pair("http://127.0.0.1:11434", "'ollama'")), "");
    let gemini = "https://generativelanguage.googleapis.com";
    for (end, transformer, remedy) in [
        ("", "gemini", "/v1beta\""),
        ("/v1beta/models", "gemini", "/v1beta\""),
        ("/v1beta/openai", "gemini", "transformer: \"openai\""),
        ("/v1beta", "openai", "transformer: \"gemini\""),
    ] {
        let url = format!("{gemini}{end}");
        says(&pair(&url, &format!("'{transformer}'")), &[remedy]);
    }
    for (end, transformer) in [("/v1beta", "gemini"), ("/v1beta/openai", "openai")] {
        let url = format!("{gemini}{end}");
        assert_eq!(problems(&pair(&url, &format!("'{transformer}'"))), "");
    }
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
fn of_several_keys_those_that_are_set_are_used() {
    let keys = |extra: &str| {
        let loaded = parse(&with(extra, "")).unwrap();
        let told = loaded.warnings.iter();
        let told: Vec<_> = told.map(|warning| warning.message.clone()).collect();
        (loaded.config.providers[0].key.clone(), told.join("\n"))
    };
    let (key, told) = keys("api_key: ['$CEREBRAS_API_KEY', '$NOT_SET', 'k2', 'k2']");
    assert!(matches!(&key, Key::Set(keys) if keys.len() == 2), "{key:?}");
    assert!(
        told.contains("NOT_SET is not set, so this key of"),
        "{told}"
    );
    let (key, told) = keys("api_key: ['$NOT_SET', '${NOT_SET_EITHER}']");
    assert!(matches!(&key, Key::Missing { variable } if variable == "NOT_SET"));
    assert!(told.contains("cannot be used"), "{told}");
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

//! What a person who writes a configuration is told.

use std::path::Path;

use proptest::prelude::*;

use super::*;

mod files;
mod providers;
mod settings;

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

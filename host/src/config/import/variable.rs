//! Which variable the key of a provider is read from, as far as the text of a configuration says.

use std::cell::RefCell;

use super::super::interpolate::interpolate;
use super::super::text::{self, Node, Value};
use super::{Config, variable_of};

impl Config {
    /// The variable that the key of a provider is read from. None: the text has no such provider.
    ///
    /// Errors: there is none, or more than one; a sentence that says what to do.
    pub fn key_variable(text: &str, provider: &str) -> Option<Result<String, String>> {
        let root = text::parse(text).ok()?;
        let providers = root.get("providers").or_else(|| root.get("Providers"))?;
        let Value::List(items) = &providers.value else {
            return None;
        };
        let named = |item: &&Node| match item.get("name").map(|name| &name.value) {
            Some(Value::String(name)) => name.eq_ignore_ascii_case(provider),
            _ => false,
        };
        Some(of_provider(items.iter().find(named)?, provider))
    }
}

fn of_provider(item: &Node, provider: &str) -> Result<String, String> {
    let key = item.get("api_key");
    let mut found = variables(key);
    match (found.pop(), found.as_slice()) {
        (Some(only), []) => return Ok(only),
        (Some(last), others) => {
            let all = [others, &[last]].concat().join(", ");
            return Err(format!(
                "provider `{provider}` has several keys; name the variable of one: {all}"
            ));
        }
        (None, _) => {}
    }
    let auth = item.get("auth");
    if auth.is_some_and(|auth| auth.get("command").is_some()) {
        return Err(format!(
            "a command prints the key of provider `{provider}` (its `auth`), so there is no variable to set"
        ));
    }
    let usual = variable_of(provider);
    let why = if key.is_some_and(says_something) {
        "has its key in the configuration itself"
    } else {
        "has no `api_key`"
    };
    Err(format!(
        "provider `{provider}` {why}, so nothing reads a variable for it; write api_key: \"${{{usual}}}\" there, and \
         then `transom key set {provider}`"
    ))
}

/// Those that the strings of a value name, each once.
fn variables(value: Option<&Node>) -> Vec<String> {
    let found = RefCell::new(Vec::new());
    let note = |name: &str| {
        let mut found = found.borrow_mut();
        if !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
        Some("set".to_owned())
    };
    for text in strings(value) {
        // One that is malformed names none.
        let _ = interpolate(text, &note);
    }
    found.into_inner()
}

fn strings(value: Option<&Node>) -> Vec<&str> {
    let items = match value.map(|node| &node.value) {
        Some(Value::String(text)) => return vec![text],
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let texts = items.iter().filter_map(|item| match &item.value {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn says_something(key: &Node) -> bool {
    strings(Some(key))
        .iter()
        .any(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "{ providers: [
        { name: 'a', api_key: '${MY_KEY:-}' },
        { name: 'b-2', api_key: 'sk-1 $5' },
        { name: 'both', api_key: ['${K1}', 'literal', '$K2', '${K1}'] },
        { name: 'one', api_key: ['literal', '${K1}'] },
        { name: 'told', auth: { command: ['pass', 'show'] } },
        { name: 'open' },
    ] }";

    fn of(text: &str, name: &str) -> Result<String, String> {
        Config::key_variable(text, name).unwrap_or_else(|| panic!("no provider {name}"))
    }

    #[test]
    fn the_variable_of_a_providers_key_is_found_in_both_kinds_of_file() {
        assert_eq!(of(OURS, "A").as_deref(), Ok("MY_KEY"));
        assert_eq!(of(OURS, "one").as_deref(), Ok("K1"));
        assert_eq!(Config::key_variable(OURS, "c"), None);
        let theirs = include_str!("../../../../tests/ccr/two-providers.json");
        assert_eq!(of(theirs, "zai").as_deref(), Ok("ZAI_API_KEY"));
    }

    #[test]
    fn where_no_variable_or_more_than_one_is_read_it_is_said_what_to_do() {
        for (name, said) in [
            ("both", "several keys; name the variable of one: K1, K2"),
            ("b-2", "write api_key: \"${B_2_API_KEY}\" there"),
            ("told", "a command prints the key"),
            ("open", "has no `api_key`"),
        ] {
            let why = of(OURS, name).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
    }
}

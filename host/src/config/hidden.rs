//! Keys that stand where none is looked for: in the query of a path, in headers and members that options add.
//!
//! Found by name, so that they are neither shown nor let through when a provider echoes them. Knows no transformer.

use super::Secret;
use super::text::{Node, Value};

/// Names of members and headers whose value is a key, without `-` and `_`.
const MEMBERS: [&str; 12] = [
    "accesstoken",
    "apikey",
    "authorization",
    "authtoken",
    "clientsecret",
    "key",
    "password",
    "secret",
    "subscriptionkey",
    "token",
    "xapikey",
    "xgoogapikey",
];

/// In a query these as well: signed URLs and functions that are called by URL.
const QUERY: [&str; 3] = ["code", "sig", "signature"];

/// Shorter values are settings.
const SHORTEST: usize = 8;

fn plain(name: &str) -> String {
    name.replace(['-', '_'], "").to_ascii_lowercase()
}

fn of_member(name: &str) -> bool {
    MEMBERS.contains(&plain(name).as_str())
}

/// The value of a header without the word before it.
fn bare(value: &str) -> &str {
    let (scheme, rest) = value.split_once(' ').unwrap_or(("", value));
    let known = ["bearer", "basic", "token"].contains(&scheme.to_ascii_lowercase().as_str());
    if known { rest.trim() } else { value.trim() }
}

/// Where the keys of a query stand in a text, and what they are called.
fn of_query(text: &str) -> Vec<(&str, &str)> {
    let Some((_, query)) = text.split_once('?') else {
        return Vec::new();
    };
    let pairs = query.split('#').next().unwrap_or_default().split('&');
    let pairs = pairs.filter_map(|pair| pair.split_once('='));
    let secret = |name: &str| of_member(name) || QUERY.contains(&plain(name).as_str());
    pairs
        .filter(|(name, value)| secret(name) && value.len() >= SHORTEST)
        .collect()
}

/// The keys that options of a transformer, a JSON text, hold.
pub fn in_options(options: &[u8]) -> Vec<Secret> {
    let mut found = Vec::new();
    if let Ok(value) = serde_json::from_slice(options) {
        search("", &value, &mut found);
    }
    found
}

fn search(name: &str, value: &serde_json::Value, found: &mut Vec<Secret>) {
    match value {
        serde_json::Value::String(text) => {
            if of_member(name) && bare(text).len() >= SHORTEST {
                found.push(Secret::new(bare(text)));
            }
            found.extend(of_query(text).into_iter().map(|(_, key)| Secret::new(key)));
        }
        serde_json::Value::Array(items) => {
            for item in items {
                search(name, item, found);
            }
        }
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                search(name, value, found);
            }
        }
        _ => {}
    }
}

/// Hands each key of a tree with its name to `take`, and puts what that gives in its place.
pub(super) fn replace(
    name: &str,
    node: &mut Node,
    take: &mut dyn FnMut(&str, &str) -> Option<String>,
) {
    match &mut node.value {
        Value::String(text) => {
            let mut keys = Vec::new();
            if of_member(name) && bare(text).len() >= SHORTEST {
                keys.push((name.to_owned(), bare(text).to_owned()));
            }
            let queried = of_query(text).into_iter();
            keys.extend(queried.map(|(name, key)| (name.to_owned(), key.to_owned())));
            for (name, key) in keys {
                if let Some(instead) = take(&name, &key) {
                    *text = text.replace(&key, &instead);
                }
            }
        }
        Value::List(items) => {
            for item in items {
                replace(name, item, take);
            }
        }
        Value::Object(members) => {
            for member in members {
                replace(&member.name, &mut member.node, take);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_by_the_names_that_they_go_by() {
        let options = br#"{
            "path": "/chat/completions?api-version=2024-10-21&key=AIzaSECRET123",
            "headers": { "Authorization": "Bearer SECRETHDR111", "x-goog-api-key": "SECRETGOOG11" },
            "extra_body": { "api_key": "SECRETBODY00", "list": [{ "token": "SECRETTOKEN1" }] },
            "max_tokens_field": "max_completion_tokens", "prompt_cache_key": true, "key": "short"
        }"#;
        let found = in_options(options);
        let mut found: Vec<_> = found.iter().map(Secret::expose).collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                "AIzaSECRET123",
                "SECRETBODY00",
                "SECRETGOOG11",
                "SECRETHDR111",
                "SECRETTOKEN1"
            ]
        );
    }
}

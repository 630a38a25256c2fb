//! Members whose value is an id or a key, whatever its form: known by their names, in JSON and in what
//! looks like it inside a text.

use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use super::rule::Rule;

/// Names without case, `_` and `-`, as a regular expression.
const IDS: [(Kind, &str); 4] = [
    (
        Kind::Device,
        "(?:device|machine|installation|anonymous|hardware)(?:uu)?id",
    ),
    (
        Kind::Account,
        "(?:account|user|enduser|customer|owner|subscriber)(?:uu)?id|safetyidentifier",
    ),
    (
        Kind::Organisation,
        "(?:org|organi[sz]ation|tenant|workspace|team|project|subscription|billingaccount)(?:uu)?id",
    ),
    (
        Kind::Session,
        "(?:parent)?(?:session|conversation|thread)(?:uu)?id",
    ),
];

/// Names of members that hold a secret, in the same form.
const SECRETS: &str = "(?:.*(?:apikey|accesskey|accountkey|authkey|privatekey|secretkey|signingkey|encryptionkey\
    |sharedkey|masterkey|password|passwd|passphrase|secret|credential|connectionstring)|.*(?:access|auth|refresh|bearer|api|bot|id|session)token)";

static NAMES: LazyLock<Vec<(Kind, Regex)>> = LazyLock::new(|| {
    let whole = |(kind, names): &(Kind, &str)| (*kind, compiled(&format!("(?:{names})$")));
    let secret = (Kind::Key, compiled(&format!("^(?:{SECRETS})$")));
    IDS.iter().map(whole).chain([secret]).collect()
});

/// `metadata.user_id` of older clients. The account is empty for those who have none.
static JOINED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"\buser_([0-9a-fA-F]{16,})_account_([0-9a-fA-F-]*)_session_([0-9a-fA-F-]{8,})")
});

/// Names in JSON, however escaped, with what stands under them: a string or a whole number.
static INSIDE: LazyLock<Regex> =
    LazyLock::new(|| compiled(r#""([A-Za-z_-]+)\\*"\s*:\s*(?:\\*"([^"\\{}\[\]]+)\\*"|(\d+)\b)"#));

/// What kind of value stands under a name.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    let plain = |c: &char| !matches!(c, '_' | '-');
    let name: String = name.chars().filter(plain).collect();
    let name = name.to_ascii_lowercase();
    let known = NAMES.iter().find(|(_, names)| names.is_match(&name));
    known.map(|(kind, _)| *kind)
}

/// It holds several ids, each of which is looked for by itself.
pub(super) fn is_composed(value: &str) -> bool {
    value.starts_with(['{', '[']) || JOINED.is_match(value)
}

/// The ids in a text as it came, each with its kind.
pub(super) fn ids(text: &str) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    for captures in INSIDE.captures_iter(text) {
        let value = captures.get(2).or_else(|| captures.get(3));
        let kind = captures.get(1).and_then(|name| kind_of(name.as_str()));
        if let (Some(kind), Some(value)) = (kind, value)
            && kind != Kind::Key
            && !is_composed(value.as_str())
        {
            found.push((kind, value.as_str().to_owned()));
        }
    }
    for captures in JOINED.captures_iter(text) {
        let kinds = [Kind::Device, Kind::Account, Kind::Session];
        for (kind, value) in kinds.into_iter().zip(captures.iter().skip(1).flatten()) {
            found.push((kind, value.as_str().to_owned()));
        }
    }
    found
}

/// Rules for such members inside a text: with quotes any value, without them one that has digits.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    IDS.iter().flat_map(|(kind, names)| {
        // Between the words of a name there may be `_` or `-`.
        let names = names
            .replace("(?:uu)?id", "[_-]?(?:uu)?id")
            .replace("enduser", "end[_-]?user")
            .replace("billingaccount", "billing[_-]?account")
            .replace("(?:parent)?", "(?:parent[_-]?)?")
            .replace("safetyidentifier", "safety[_-]?identifier");
        let quoted =
            format!(r#"(?i)(?:{names})\\*["']\s*[:=]\s*\\*["'](?<value>[^"'\\\s{{}}\[\]]+)"#);
        let number = format!(r#"(?i)(?:{names})\\*["']\s*[:=]\s*(?<value>\d+)\b"#);
        let plain = format!(r#"(?i)(?:{names})\s*[:=]\s*\\*["']?(?<value>[\w.@-]{{6,}})"#);
        [
            Rule::form(*kind, &quoted, super::words::is_word),
            Rule::form(*kind, &number, |_| false),
            Rule::form(*kind, &plain, has_no_digit),
        ]
    })
}

fn has_no_digit(value: &str) -> bool {
    !value.bytes().any(|byte| byte.is_ascii_digit())
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("invariant: a constant that a test compiles")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_every_spelling() {
        for (name, kind) in [
            ("account_id", Kind::Account),
            ("accountUuid", Kind::Account),
            ("user-id", Kind::Account),
            ("org_id", Kind::Organisation),
            ("organizationId", Kind::Organisation),
            ("parent_session_id", Kind::Session),
            ("installation_id", Kind::Device),
            ("aws_secret_access_key", Kind::Key),
            ("DB_PASSWORD", Kind::Key),
        ] {
            assert_eq!(kind_of(name), Some(kind), "{name}");
        }
        for name in [
            "tool_use_id",
            "id",
            "max_tokens",
            "input_tokens",
            "token",
            "message_id",
        ] {
            assert_eq!(kind_of(name), None, "{name}");
        }
        assert!(rules().count() > 0);
    }

    #[test]
    fn ids_are_found_as_text_and_as_numbers_inside_json_too() {
        let text =
            r#"{"account_id": 8812345678, "a": "{\"session_id\":\"s-1\",\"user_id\":\"{}\"}"}"#;
        let expected = [
            (Kind::Account, "8812345678".to_owned()),
            (Kind::Session, "s-1".to_owned()),
        ];
        assert_eq!(ids(text), expected);
    }
}

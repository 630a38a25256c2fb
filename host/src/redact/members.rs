//! Members whose value is an id or a key, whatever its form: known by their names, in JSON and in what
//! looks like it inside a text.

use std::sync::LazyLock;

use regex::Regex;

use super::body::Under;
use super::form::{self, compiled};
use super::rule::Rule;
use super::{Kind, amid, drawn, keys};

/// Names without case, as a regular expression; `-` is `_`, `-`, a blank or nothing.
const IDS: [(Kind, &str); 4] = [
    (
        Kind::Device,
        "(?:device|machine|installation|anonymous|hardware)-(?:uu|gu)?id",
    ),
    (
        Kind::Account,
        "(?:account|user|end-user|customer|owner|subscriber)-(?:uu|gu)?id|safety-identifier",
    ),
    (
        Kind::Organisation,
        "(?:org|organi[sz]ation|tenant|workspace|team|project|subscription|billing-account)-(?:uu|gu)?id|project-number",
    ),
    (
        Kind::Session,
        "(?:parent-)?(?:session|conversation|thread)-(?:uu|gu)?id",
    ),
];

/// Names of members that hold an id without saying so, if it looks like one.
const BARE: [(Kind, &str); 2] = [
    (Kind::Account, "user|account|customer"),
    (Kind::Organisation, "org|organi[sz]ation|tenant"),
];

/// Names of members that hold a secret, in the same form.
const SECRETS: &str = "(?:.*(?:apikey|accesskey|accountkey|authkey|privatekey|secretkey|signingkey|encryptionkey\
    |sharedkey|masterkey|password|passwd|passphrase|secret|credential|connectionstring)|.*(?:access|auth|refresh|bearer|api|bot|id|session)token)";

/// The same, if the value looks like one: they may also name something harmless.
pub(super) const PERHAPS: &str = "auth|authorization|token|key|session|cookie";

/// The same of passwords, which may be words.
pub(super) const PASSWORDS: &str = "pat|pwd|pass";

struct Known {
    ids: Vec<(Kind, Regex)>,
    /// A name of an id anywhere in a word.
    inside: Regex,
    bare: Vec<(Kind, Regex)>,
    users: Regex,
    secrets: Regex,
    perhaps: Regex,
    passwords: Regex,
}

static NAMES: LazyLock<Known> = LazyLock::new(|| {
    let all = |names: &[(Kind, &str)], before: &str| {
        let named = names.iter().map(|(kind, names)| {
            let names = names.replace('-', "");
            (*kind, compiled(&format!("{before}(?:{names})$")))
        });
        named.collect()
    };
    Known {
        ids: all(&IDS, ""),
        inside: compiled(&IDS.map(|(_, names)| names.replace('-', "")).join("|")),
        bare: all(&BARE, "^"),
        users: compiled("^(?:username|userlogin|login)$"),
        secrets: compiled(&format!("^(?:{SECRETS})$")),
        perhaps: compiled(&format!("^(?:{PERHAPS})$")),
        passwords: compiled(&format!("^(?:{PASSWORDS})$")),
    }
});

/// `metadata.user_id` of older clients. The account is empty for those who have none.
static JOINED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"\buser_([0-9a-fA-F]{16,})_account_([0-9a-fA-F-]*)_session_([0-9a-fA-F-]{8,})")
});

/// What a value is by the names that it stands under.
pub(super) fn kind_of(under: &Under<'_>, value: &str) -> Option<Kind> {
    let name = plain(under.member.as_deref()?);
    if is_composed(value) {
        return None;
    }
    let known = id_of(&name).or_else(|| {
        // `account: {id: "..."}`, `users: [{id: "..."}]`
        let parent = plain(under.parent.as_deref()?);
        let is_id = ["id", "uid", "uuid", "guid"].contains(&name.as_str());
        is_id.then(|| id_of(&format!("{}id", parent.trim_end_matches('s'))))?
    });
    let bare = || {
        let mut bare = NAMES.bare.iter();
        let (kind, _) = bare.find(|(_, names)| names.is_match(&name))?;
        is_some_id(value).then_some(*kind)
    };
    let user = || (NAMES.users.is_match(&name) && is_one_word(value)).then_some(Kind::User);
    let secret = || {
        let is_secret = keys::is_secret(value)
            && (NAMES.secrets.is_match(&name)
                || (NAMES.perhaps.is_match(&name) && drawn::is_secret(value))
                || (NAMES.passwords.is_match(&name) && drawn::is_password(value)));
        is_secret.then_some(Kind::Key)
    };
    known.or_else(bare).or_else(user).or_else(secret)
}

/// A password of digits alone: under names that mean nothing else.
pub(super) fn is_secret_number(under: &Under<'_>, digits: &str) -> bool {
    const SHORTEST: usize = 6;
    let names = |name: &str| NAMES.secrets.is_match(&plain(name));
    digits.len() >= SHORTEST && under.member.as_deref().is_some_and(names)
}

/// Without case, `_` and `-`.
fn plain(name: &str) -> String {
    let plain = name.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
    plain.collect::<String>().to_ascii_lowercase()
}

fn id_of(name: &str) -> Option<Kind> {
    let mut ids = NAMES.ids.iter();
    ids.find(|(_, names)| names.is_match(name))
        .map(|(kind, _)| *kind)
}

/// An id under a name that may hold anything: `user: "jane-4711"`, not `user: "hello"`.
pub(super) fn is_some_id(value: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_.:|".contains(c);
    let is_number = value.len() >= 6 && value.bytes().all(|byte| byte.is_ascii_digit());
    let is_pair = !is_number && value.chars().all(|c| c.is_ascii_digit() || c == ':');
    let is_other = is_pair || drawn::is_date(value) || drawn::is_file(value) || is_model(value);
    (is_number || form::looks_drawn(value)) && value.chars().all(plain) && !is_other
}

/// How names of models begin: `user: "gpt-oss-120b"` is nobody.
fn is_model(value: &str) -> bool {
    const FAMILIES: [&str; 14] = [
        "claude", "command", "deepseek", "gemini", "gemma", "glm", "gpt", "grok", "kimi", "llama",
        "minimax", "mistral", "phi", "qwen",
    ];
    let begins = |family: &&str| {
        value
            .get(..family.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(family))
    };
    FAMILIES
        .iter()
        .any(|family| begins(family) && value.contains(['-', '.']))
}

fn is_one_word(value: &str) -> bool {
    !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || "@/\\<>{}$".contains(c))
}

/// It holds several ids, each of which is looked for by itself.
pub(super) fn is_composed(value: &str) -> bool {
    value.starts_with(['{', '[']) || JOINED.is_match(value)
}

/// The ids in a text that is no JSON itself, each with its kind.
pub(super) fn ids(text: &str) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    inner_ids(text, DEEPEST, &mut found);
    for captures in JOINED.captures_iter(text) {
        let kinds = [Kind::Device, Kind::Account, Kind::Session];
        for (kind, value) in kinds.into_iter().zip(captures.iter().skip(1).flatten()) {
            found.push((kind, value.as_str().to_owned()));
        }
    }
    found
}

fn inner_ids(text: &str, deep: usize, found: &mut Vec<(Kind, String)>) {
    for member in amid::members(text) {
        match kind_of(&member.under, &member.text) {
            Some(kind) if kind.is_id() => found.push((kind, member.text.into_owned())),
            None if deep > 0 => inner_ids(&member.text, deep - 1, found),
            _ => {}
        }
    }
}

/// So deep is JSON looked for in strings of JSON amid a text.
pub(super) const DEEPEST: usize = 6;

/// Rules for such members inside a text: with quotes any value, without them one that has digits.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    let named = IDS.iter().flat_map(|(kind, names)| {
        let names = names.replace('-', "[ _-]?");
        let quoted =
            format!(r#"(?i)(?:{names})\\*["']\s*[:=]\s*\\*["'](?<value>[^"'\\\s{{}}\[\]]+)"#);
        let number = format!(r#"(?i)(?:{names})\\*["']\s*[:=]\s*(?<value>\d+)\b"#);
        let plain =
            format!(r#"(?i)(?:{names})\s*[:=]\s*\\*["']?(?<value>[\w.@-]{{6,}})(?:[^\w.@(-]|$)"#);
        [
            Rule::form(*kind, &quoted, super::words::is_word),
            Rule::form(*kind, &number, |_| false),
            Rule::form(*kind, &plain, |value| {
                form::has_no_digit(value) || is_variable(value)
            }),
        ]
    });
    let bare = BARE.iter().map(|(kind, names)| {
        // In a text many things follow `user:`.
        let names = names.trim_start_matches("user|");
        let form =
            format!(r#"(?i)\b(?:{names})\\*["']?\s*[:=#]\s*\\*["']?(?<value>[\w-]{{6,}})\b"#);
        Rule::form(*kind, &form, |value| !is_some_id(value))
    });
    named.chain(bare)
}

/// `user_id2`, `var.project_id_v2`: a name of an id, and a number at most.
fn is_variable(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let names = NAMES.inside.is_match(&plain(value));
    (names && digits <= 2 && !value.contains(['-', '@'])) || keys::is_member(value)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn kind_in(parent: Option<&str>, member: &str, value: &str) -> Option<Kind> {
        let of = |name: &str| Some(Cow::Owned(name.to_owned()));
        let under = Under {
            member: of(member),
            parent: parent.and_then(of),
        };
        kind_of(&under, value)
    }

    #[test]
    fn names_are_known_in_every_spelling() {
        for (name, kind) in [
            ("account_id", Kind::Account),
            ("accountUuid", Kind::Account),
            ("user-id", Kind::Account),
            ("Account ID", Kind::Account),
            ("org_id", Kind::Organisation),
            ("organizationId", Kind::Organisation),
            ("parent_session_id", Kind::Session),
            ("installation_id", Kind::Device),
            ("aws_secret_access_key", Kind::Key),
            ("DB_PASSWORD", Kind::Key),
            ("user", Kind::Account),
            ("username", Kind::User),
        ] {
            assert_eq!(kind_in(None, name, "jane-4711"), Some(kind), "{name}");
        }
        for name in [
            "tool_use_id",
            "id",
            "max_tokens",
            "input_tokens",
            "token",
            "message_id",
        ] {
            assert_eq!(kind_in(None, name, "jane-4711"), None, "{name}");
        }
        assert!(rules().count() > 0);
    }

    #[test]
    fn an_id_is_known_by_the_object_that_it_is_of() {
        assert_eq!(kind_in(Some("account"), "id", "a"), Some(Kind::Account));
        assert_eq!(kind_in(Some("users"), "uuid", "a"), Some(Kind::Account));
        assert_eq!(
            kind_in(Some("organization"), "id", "a"),
            Some(Kind::Organisation)
        );
        assert_eq!(kind_in(Some("message"), "id", "a"), None);
    }

    #[test]
    fn names_that_may_mean_something_else_need_a_value_that_does_not() {
        for (name, value) in [
            ("token", "a8f5f167f44f4964e6c998dee827110c"),
            ("pwd", "Tr0ub4dor&3"),
            ("key", "0123456789abcdef"),
        ] {
            assert_eq!(kind_in(None, name, value), Some(Kind::Key), "{name}");
        }
        for (name, value) in [
            ("token", " the1"),
            ("token", "2024"),
            ("pwd", "/srv/project-1234567"),
            ("key", "PROJ-12345"),
            ("user", "hello"),
            ("username", "a b"),
            ("session", "monday morning 2024-11-20"),
        ] {
            assert_eq!(kind_in(None, name, value), None, "{name}: {value}");
        }
    }

    #[test]
    fn ids_are_found_in_text_that_looks_like_json() {
        let text =
            r#"so {"account_id": 8812345678, "a": "{\"session_id\":\"s-1\",\"user_id\":\"{}\"}"}"#;
        let expected = [
            (Kind::Account, "8812345678".to_owned()),
            (Kind::Session, "s-1".to_owned()),
        ];
        assert_eq!(ids(text), expected);
    }
}

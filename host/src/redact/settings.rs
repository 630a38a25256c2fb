//! Secrets in files of variables and settings, whatever signs they hold: in quotes up to the same quote, without them
//! up to the end of the word or the line.

use super::keys::{self, are_short_words, is_code, is_secret};
use super::lines::BEGIN;
use super::rule::Rule;
use super::words::is_word;
use super::{Kind, form};

/// Names of secrets, without case.
pub(super) const NAMES: &str = r"(?:secret|passw(?:or)?d|passwd|passphrase|credentials?|(?:access|account|auth|private|secret|signing|encryption|shared|master)[_-]?key)(?:[_-]?(?:base|value|hash|prod|dev|test|live|key|\d+))*";

/// Names of variables that hold secrets.
pub(super) const VARIABLES: &str =
    r"[A-Z0-9_]*(?:_PWD|SECRET|TOKEN|API_?KEY|_KEY|CREDENTIALS?|DSN)(?:_[A-Z0-9]+)?";

/// The same of passwords.
pub(super) const PASSWORDS: &str = r"[A-Z0-9_]*(?:PASSWORD|PASSWD|PASSPHRASE|_PASS)(?:_[A-Z0-9]+)?";

/// What sets a variable: a line, or an option of a program that runs containers.
const SETS: &str = r"(?:[ \t](?:-e|--env)[ \t=]|(?:ENV|ARG|set)[ \t]+)";

/// A shorter value is nothing that one keeps secret.
const SHORTEST: usize = 6;

/// The same of passwords.
const SHORTEST_PASSWORD: usize = 4;

/// All of them.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    let quoted = ['"', '\''].into_iter().flat_map(|quote| {
        let value =
            format!(r"\\*{quote}(?<value>(?:[^{quote}\\\r\n]|\\+[^{quote}\\\r\n])+)\\*{quote}");
        let named = format!(r#"(?i){NAMES}\\*["']?\s*(?::=|=>|[:=])\s*{value}"#);
        [
            rule(&named, is_no_secret),
            rule(&format!(r"\b{VARIABLES}\s*[:=]\s*{value}"), is_no_secret),
            rule(&format!(r"\b{PASSWORDS}\s*[:=]\s*{value}"), is_no_password),
        ]
    });
    let set = [
        (VARIABLES, is_no_secret as fn(&str) -> bool),
        (PASSWORDS, is_no_password),
    ];
    let set = set.into_iter().map(|(names, stays)| {
        let value = r#"(?<value>[^\s"'`\\]*[^\s"'`\\;,])"#;
        rule(&format!("(?m)(?:{SETS}|{BEGIN}){names}={value}"), stays)
    });
    let set_in_lines = [VARIABLES, PASSWORDS].map(|names| {
        let value = r#"[ \t]*[:=][ \t]+(?<value>[^\s"'`]+)[ \t]*\r?$"#;
        rule(&format!("(?m){BEGIN}{names}{value}"), is_no_secret_of_line)
    });
    // A secret that is words without anything between them.
    let one_word =
        format!(r"(?m)(?:{SETS}|{BEGIN})[A-Z0-9_]*SECRET=(?<value>[a-z]{{12,}})[ \t]*\r?$");
    let one_word = rule(&one_word, is_no_password);
    let begin = format!(r"(?m){BEGIN}[\w.-]*");
    let value = r#"[ \t]*[:=][ \t]*(?<value>[^\s"'`]+)[ \t]*\r?$"#;
    let lines = rule(
        &format!("{begin}(?-i:{NAMES}){value}"),
        is_no_secret_of_line,
    );
    let word = r#"(?<value>[^\sA-Z"'`\\,;\[\]<>(){}$*][^\s"'`\\,;\[\]<>(){}$*]{7,})[ \t]*\r?$"#;
    let words = format!(r"{begin}(?:passw(?:or)?d|passphrase)[ \t]*[:=][ \t]*{word}");
    let words = rule(&words, |value| {
        is_word(value) || is_code(value) || is_taken_from(value)
    });
    let lines = [one_word, lines, words];
    quoted.chain(set).chain(set_in_lines).chain(lines)
}

fn rule(form: &str, stays: fn(&str) -> bool) -> Rule {
    Rule::form(Kind::Key, form, stays)
}

fn is_no_secret(value: &str) -> bool {
    value.chars().count() < SHORTEST
        || !is_secret(value)
        || are_short_words(value)
        || is_elsewhere(value)
        || keys::is_member(value)
}

/// Code ends a line, too.
fn is_no_secret_of_line(value: &str) -> bool {
    form::has_no_digit(value) || value.contains(';') || is_no_secret(value)
}

fn is_no_password(value: &str) -> bool {
    value.chars().count() < SHORTEST_PASSWORD
        || is_word(value)
        || is_code(value)
        || is_elsewhere(value)
}

/// A sentence, a call, or where the secret is taken from.
fn is_elsewhere(value: &str) -> bool {
    let begins = ["$(", "${", "<", "{", "#{", "%(", "%{"];
    let hidden = !value.contains(char::is_alphanumeric);
    hidden
        || begins.iter().any(|begin| value.starts_with(begin))
        || is_variable(value)
        || is_call(value)
        || is_sentence(value)
}

/// `$NAME`, `$this->name`, `%NAME%`, `!vault`, `*anchor`.
fn is_variable(value: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "_.:->%".contains(c);
    let variable = |name: &str| name.starts_with(is_begin) && name.chars().all(plain);
    let tag = |name: &str| name.chars().all(char::is_alphabetic);
    value.strip_prefix(['$', '%']).is_some_and(variable)
        || value.strip_prefix(['!', '*', '&', '@']).is_some_and(tag)
}

fn is_begin(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// `config(`, `getToken(2)`, `Option<String>`.
fn is_call(value: &str) -> bool {
    let Some(at) = value.find(['(', '[', '{', '<']) else {
        return false;
    };
    let name = |c: char| c.is_alphabetic() || "_.:&!".contains(c);
    let (head, rest) = value.split_at(at);
    let ends = rest.ends_with([')', ']', '}', '>', '(', '[', '{', '<', ',', ';', '?']);
    at > 0 && head.chars().all(name) && (ends || rest.contains(")."))
}

/// Words with blanks between them, none of which has digits among letters.
fn is_sentence(value: &str) -> bool {
    let word = |word: &str| {
        let word = word.trim_matches(|c: char| ".,;:!?()".contains(c));
        let letters = |c: char| c.is_alphabetic() || "-'/".contains(c);
        let number = word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit());
        number || word.chars().all(letters)
    };
    value.contains(' ') && value.split_whitespace().all(word)
}

/// `self.password = password`, `password: new_password`.
fn is_taken_from(value: &str) -> bool {
    let name = value.chars().all(|c| c.is_alphabetic() || "_.".contains(c));
    let lower = value.to_ascii_lowercase();
    name && ["password", "passwd", "passphrase"]
        .iter()
        .any(|own| lower.contains(own))
}

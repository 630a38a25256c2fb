//! What is recognised by its form alone.

use std::sync::LazyLock;

use super::names::is_placeholder;
use super::rule::Rule;
use super::{Kind, homes, keys, members};

const EMAIL: &str = r"[\w.%+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}\b";

/// `git@host:path`, `ssh://git@host/path`, `https://host/path.git`: the path.
const REMOTES: [&str; 2] = [
    r"\bgit@[A-Za-z0-9.-]+[:/](?<value>[A-Za-z0-9._~/-]+?)(?:\.git\b|[\s'\x22,)]|$)",
    r"\bhttps?://(?:[^\s/@\x22']+@)?[A-Za-z0-9.:-]+/(?<value>[A-Za-z0-9._~/-]+?)\.git\b",
];

/// Ids that providers put into their errors.
const ORGANISATION: &str = r"\b(?<value>org[-_][A-Za-z0-9]{8,})";
const ACCOUNT: &str = r"\b(?<value>(?:proj|acct|team|user)[-_][A-Za-z0-9]{16,})";

/// What Claude Code's attribution line ends with.
const MARK: &str = r"\bcch=(?<value>[0-9A-Za-z]+)";

/// All of them, compiled once.
pub(super) static ALL: LazyLock<Vec<Rule>> = LazyLock::new(all);

fn all() -> Vec<Rule> {
    let remotes = REMOTES
        .iter()
        .map(|form| Rule::form(Kind::Remote, form, |_| false));
    let others = [
        Rule::form(Kind::Organisation, ORGANISATION, is_a_word),
        Rule::form(Kind::Account, ACCOUNT, |value| {
            // The first part of a `metadata.user_id` of an earlier run.
            let id = value.split_once(['-', '_']).map(|(_, id)| id);
            is_a_word(value) || id.is_some_and(is_placeholder)
        }),
        Rule::form(Kind::Email, EMAIL, is_nobodys_address),
        Rule::form(Kind::Mark, MARK, |mark| {
            mark.bytes().all(|byte| byte == b'0')
        }),
    ];
    keys::rules()
        .chain(members::rules())
        .chain(remotes)
        .chain(homes::rules())
        .chain(others)
        .collect()
}

/// What was drawn at random has digits or capitals in it.
fn is_a_word(value: &str) -> bool {
    let random = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    !value.bytes().any(random)
}

/// Addresses of programs, what is the login of a git remote, and what an earlier run put in.
fn is_nobodys_address(address: &str) -> bool {
    let (name, domain) = address.split_once('@').unwrap_or_default();
    let program = ["noreply", "no-reply"];
    name.eq_ignore_ascii_case("git")
        || program.iter().any(|known| name.eq_ignore_ascii_case(known))
        || (domain == "example.com" && is_placeholder(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_compiles() {
        assert!(ALL.len() > REMOTES.len());
    }
}

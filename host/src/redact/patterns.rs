//! What is recognised by its form alone.

use std::sync::LazyLock;

use super::form::is_a_word;
use super::lines::BEGIN;
use super::names::is_placeholder;
use super::rule::Rule;
use super::{Kind, homes, keys, lines, members, people};

/// Also as an address of the web or JSON in a string has it.
const EMAIL: &str =
    r"(?:[\w.%+-]|\\+u[0-9a-fA-F]{4})+(?:@|%(?:25)*40|\\+u0040)(?:[\w-]+\.)+[A-Za-z]{2,}\b";

/// What the name of a file ends with that may have `@` in it: `icon@2x.png`, `getty@tty1.service`.
const ENDINGS: [&str; 14] = [
    "css", "gif", "html", "jpeg", "jpg", "js", "json", "mjs", "mount", "png", "service", "svg",
    "timer", "webp",
];

/// `git@host:path`, `ssh://git@host/path`, `https://host/path.git`, `login@host:path.git`, and an address that Azure
/// gives: the path.
const REMOTES: [&str; 4] = [
    r"\bgit@[A-Za-z0-9.-]+[:/](?<value>[A-Za-z0-9._~/-]+?)(?:\.git\b|[\s'\x22,)]|$)",
    r"\bhttps?://(?:[^\s/@\x22']+@)?[A-Za-z0-9.:-]+/(?<value>[A-Za-z0-9._~/-]+?)\.git\b",
    r"\b[\w.+-]+@[A-Za-z0-9.-]+:(?<value>[A-Za-z0-9._~/-]+?)\.git\b",
    r"\bhttps?://(?:[^\s/@\x22']+@)?[A-Za-z0-9.:-]+/(?<value>[A-Za-z0-9._~%-]+(?:/[A-Za-z0-9._~%-]+)*/_git/[A-Za-z0-9._~%-]+)",
];

/// Where git names a remote, whatever it ends with: its settings, `remote -v`, `remote show`, `fetch` and `push`.
const NAMED: [(&str, &str); 4] = [
    (r"(?:push)?url[ \t]*=[ \t]*", r"[ \t]*\r?$"),
    (r"[\w./-]+[ \t]+", r"[ \t]+\((?:fetch|push)\)"),
    (r"(?:Fetch|Push)[ \t]+URL:[ \t]*", r"[ \t]*\r?$"),
    (
        r"(?:From|To)[ \t]+",
        r"[ \t]*\r?\n[ \t]+(?:[*+=!-]|[0-9a-f]+\.\.)",
    ),
];

/// An address with an owner and a project at least.
const REMOTE: &str = r"(?:(?:https?|ssh|git|git\+ssh)://(?:[^\s/@]+@)?[A-Za-z0-9.:-]+/|(?:[\w.+-]+@)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+:)(?<value>[A-Za-z0-9._~%-]+(?:/[A-Za-z0-9._~%-]+?)+?)(?:\.git)?/?";

/// Ids that providers put into their errors.
const ORGANISATION: &str = r"\b(?<value>org[-_][A-Za-z0-9]{8,})";
const ACCOUNT: &str = r"\b(?<value>(?:proj|acct|team|user)[-_][A-Za-z0-9]{16,})";

/// Where clouds put an account's id.
const PLACES: [(Kind, &str); 4] = [
    (
        Kind::Organisation,
        r"\bprojects(?:\\*/|%2[fF])(?<value>\d{9,})\b",
    ),
    (
        Kind::Account,
        r"\barn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(?<value>\d{12}):",
    ),
    (
        Kind::Organisation,
        r"(?i)/subscriptions/(?<value>[0-9a-f]{8}-[0-9a-f-]{27})\b",
    ),
    (
        Kind::Account,
        r"\bcloudflare\.com/(?:[a-z0-9/]+/)?(?<value>[0-9a-f]{32})\b",
    ),
];

/// What Claude Code's attribution line ends with.
const MARK: &str = r"\bcch=(?<value>[0-9A-Za-z]+)";

/// All of them, compiled once.
pub(super) static ALL: LazyLock<Vec<Rule>> = LazyLock::new(all);

fn all() -> Vec<Rule> {
    let remotes = REMOTES
        .iter()
        .map(|form| Rule::form(Kind::Remote, form, |_| false));
    let named = NAMED.iter().map(|(before, after)| {
        let form = format!("(?m){BEGIN}(?:{before}){REMOTE}{after}");
        Rule::form(Kind::Remote, &form, |_| false)
    });
    let places = PLACES
        .iter()
        .map(|(kind, form)| Rule::form(*kind, form, |_| false));
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
        .chain(lines::rules())
        .chain(places)
        .chain(named)
        .chain(remotes)
        .chain(homes::rules())
        .chain(people::rules())
        .chain(others)
        .collect()
}

/// Addresses of programs, names of files, what is the login of a git remote, and what an earlier run put in.
fn is_nobodys_address(address: &str) -> bool {
    let (name, domain) = address.split_once('@').unwrap_or_default();
    let program = ["noreply", "no-reply"];
    name.eq_ignore_ascii_case("git")
        || program.iter().any(|known| name.eq_ignore_ascii_case(known))
        || address.rsplit('.').next().is_some_and(is_ending)
        || (domain == "example.com" && is_placeholder(name))
}

fn is_ending(last: &str) -> bool {
    ENDINGS.contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_compiles() {
        assert!(ALL.len() > REMOTES.len());
    }
}

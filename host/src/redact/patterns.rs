//! What is recognised by its form alone.

use super::Kind;
use super::names::{is_nobody, is_placeholder};
use super::rule::Rule;

/// How keys of providers, code hosts and clouds begin, and how keys are written down.
const KEYS: [&str; 12] = [
    r"\b(?:c?sk|pk|rk)-[A-Za-z0-9_-]{16,}",
    r"\bgh[pousr]_[A-Za-z0-9]{20,}",
    r"\bgithub_pat_[A-Za-z0-9_]{20,}",
    r"\bglpat-[A-Za-z0-9_-]{16,}",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    r"\bAIza[A-Za-z0-9_-]{30,}",
    r"\b(?:hf|gsk|xai|r8)[_-][A-Za-z0-9]{20,}",
    r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    r"(?i)\bbearer\s+(?<value>[A-Za-z0-9._~+/-]{16,}=*)",
    r#"(?i)(?:api[_-]?key|secret|token|passw(?:or)?d)\\*["']?\s*[:=]\s*\\*["']?(?<value>[A-Za-z0-9._~+/-]{16,})"#,
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.)*?-----END [A-Z ]*PRIVATE KEY-----",
];

const EMAIL: &str = r"[\w.%+-]+@(?:[\w-]+\.)+\p{Alphabetic}{2,}\b";

/// `git@host:path`, `ssh://git@host/path`, `https://host/path.git`: the path.
const REMOTES: [&str; 2] = [
    r"\bgit@[A-Za-z0-9.-]+[:/](?<value>[A-Za-z0-9._~/-]+?)(?:\.git\b|[\s'\x22,)]|$)",
    r"\bhttps?://(?:[^\s/@\x22']+@)?[A-Za-z0-9.:-]+/(?<value>[A-Za-z0-9._~/-]+?)\.git\b",
];

/// Any user's home: the name, in whatever letters; in an address with those escaped. Windows has names with
/// blanks, which end at the next backslash.
const HOMES: [&str; 4] = [
    r"(?:\\*/)(?:home|Users)(?:\\*/)(?<value>[\w.-]*[\w-])",
    r"(?i)%2F(?:home|Users)%2F(?<value>(?:[\w.-]|%[013-9A-F][0-9A-F]|%2[0-9A-E])*[\w-])",
    r"[A-Za-z]:\\+Users\\+(?<value>[\w.-]+(?: [\w.-]+){1,3})\\",
    r"[A-Za-z]:\\+Users\\+(?<value>[\w.-]*[\w-])",
];

/// `https://name:password@host`.
const LOGIN: &str = r"://(?<value>[^\s/@:\x22']+:[^\s/@\x22']+)@";

/// Ids that providers put into their errors.
const ORGANISATION: &str = r"\b(?<value>org[-_][A-Za-z0-9]{8,})";
const ACCOUNT: &str = r"\b(?<value>(?:proj|acct|team|user)[-_][A-Za-z0-9]{16,})";

/// What Claude Code's attribution line ends with.
const MARK: &str = r"\bcch=(?<value>[0-9A-Za-z]+)";

/// All of them.
pub(super) fn all() -> Vec<Rule> {
    let keys = KEYS
        .iter()
        .map(|form| Rule::form(Kind::Key, form, is_a_word));
    let remotes = REMOTES
        .iter()
        .map(|form| Rule::form(Kind::Remote, form, |path| path.starts_with("user/project")));
    let homes = HOMES
        .iter()
        .map(|form| Rule::form(Kind::User, form, is_nobodys_home));
    let others = [
        Rule::form(Kind::Organisation, ORGANISATION, never),
        Rule::form(Kind::Account, ACCOUNT, is_a_word),
        Rule::form(Kind::Key, LOGIN, never),
        Rule::form(Kind::Email, EMAIL, is_nobodys_address),
        Rule::form(Kind::Mark, MARK, |mark| {
            mark.bytes().all(|byte| byte == b'0')
        }),
    ];
    keys.chain(remotes).chain(homes).chain(others).collect()
}

fn never(_: &str) -> bool {
    false
}

/// A key has digits: words with hyphens and names of variables have none.
fn is_a_word(value: &str) -> bool {
    !value.starts_with("-----BEGIN") && !value.bytes().any(|byte| byte.is_ascii_digit())
}

/// However short the name: what stands there is somebody's.
fn is_nobodys_home(name: &str) -> bool {
    is_nobody(name) || name.eq_ignore_ascii_case("shared")
}

/// Addresses of programs, what is the login of a git remote, and what an earlier run put in.
fn is_nobodys_address(address: &str) -> bool {
    let (name, domain) = address.split_once('@').unwrap_or_default();
    let program = name.eq_ignore_ascii_case("git") || name.to_ascii_lowercase().contains("noreply");
    program || (domain == "example.com" && is_placeholder(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_compiles() {
        assert_eq!(all().len(), KEYS.len() + REMOTES.len() + HOMES.len() + 5);
    }
}

//! Recognises in an exchange whose it is: ids by the names they stand under, and what Claude Code says
//! of the place where it runs (observed with 2.1.330; older versions say less of it).

use std::sync::LazyLock;

use regex::Regex;

use super::Kind;

/// What Claude Code's own blocks tell.
pub(super) enum Learned {
    Home(String),
    Directory(String),
    User(String),
}

/// Members that hold an id, in JSON or in JSON inside a string. `metadata.user_id` of newer clients
/// is such a string.
const MEMBERS: [(Kind, &str); 4] = [
    (
        Kind::Device,
        "device_?id|machine_?id|installation_?id|anonymous_?id",
    ),
    (
        Kind::Account,
        "account_?(?:uu)?id|user_?(?:uu)?id|customer_?id|tenant_?id",
    ),
    (Kind::Organisation, "org(?:ani[sz]ation)?_?(?:uu)?id"),
    (Kind::Session, "(?:parent_)?session_?id|conversation_?id"),
];

/// `metadata.user_id` of older clients. The account is empty for those who have none.
const USER_ID: &str =
    r"\buser_([0-9a-fA-F]{16,})_account_([0-9a-fA-F-]*)_session_([0-9a-fA-F-]{8,})";

static NUMBERS: LazyLock<Vec<(Kind, Regex)>> = LazyLock::new(|| {
    let member = |(kind, names): &(Kind, &str)| {
        let pattern = format!(r#"(?i)"(?:{names})\\*"\s*:\s*(\d{{6,20}})\b"#);
        (*kind, compiled(&pattern))
    };
    MEMBERS.iter().map(member).collect()
});

static IDS: LazyLock<Vec<(Kind, Regex)>> = LazyLock::new(|| {
    let member = |(kind, names): &(Kind, &str)| {
        let pattern = format!(r#"(?i)"(?:{names})\\*"\s*:\s*\\*"([^"\\\s]{{6,200}})\\*""#);
        (*kind, compiled(&pattern))
    };
    MEMBERS.iter().map(member).collect()
});

static JOINED: LazyLock<Regex> = LazyLock::new(|| compiled(USER_ID));

/// `Primary working directory: /a/b`, one to a line.
static DIRECTORY: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?mi)^[\s-]*(?:primary |additional )?(?:working director(?:y|ies)|cwd):\s*(/.*?)\s*$",
    )
});

/// The folder that holds Claude Code's own.
static HOME: LazyLock<Regex> = LazyLock::new(|| compiled(r#"(/[^\s`"'<>]+?)/\.claude/projects/"#));

static GIT_USER: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?m)^Git user:\s*(\S.*?)\s*$"));

/// Ids in a text as it came.
pub(super) fn ids(text: &str) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    for (kind, regex) in IDS.iter().chain(NUMBERS.iter()) {
        let values = regex.captures_iter(text).filter_map(|one| one.get(1));
        // Its parts are taken out one by one, so that guests still know its form.
        let values = values.filter(|value| !JOINED.is_match(value.as_str()));
        found.extend(values.map(|value| (*kind, value.as_str().to_owned())));
    }
    for captures in JOINED.captures_iter(text) {
        let kinds = [Kind::Device, Kind::Account, Kind::Session];
        for (kind, value) in kinds.into_iter().zip(captures.iter().skip(1).flatten()) {
            found.push((kind, value.as_str().to_owned()));
        }
    }
    found
}

/// Places and names in a text whose escapes are decoded.
pub(super) fn places(text: &str) -> Vec<Learned> {
    let all = |regex: &Regex| -> Vec<String> {
        let values = regex.captures_iter(text).filter_map(|one| one.get(1));
        values.map(|value| value.as_str().to_owned()).collect()
    };
    let homes = all(&HOME).into_iter().map(Learned::Home);
    let users = all(&GIT_USER).into_iter().map(Learned::User);
    let directories = all(&DIRECTORY)
        .into_iter()
        .map(|path| Learned::Directory(path.trim_end_matches('/').to_owned()));
    homes.chain(directories).chain(users).collect()
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("invariant: a constant that a test compiles")
}

//! Placeholders: the same value always has the same one, two values never do, and each has the form
//! of what it stands for, so that a guest that reads it does not stumble.

use std::collections::HashMap;

use super::Kind;

/// Names of users and machines that tell nobody, or are words of the formats themselves: replacing
/// them would only spoil a fixture.
const NOBODY: [&str; 44] = [
    "admin",
    "administrator",
    "agent",
    "anthropic",
    "app",
    "assistant",
    "auto",
    "builder",
    "claude",
    "code",
    "container",
    "content",
    "data",
    "debian",
    "default",
    "dev",
    "developer",
    "docker",
    "function",
    "guest",
    "home",
    "host",
    "local",
    "localhost",
    "me",
    "message",
    "model",
    "name",
    "node",
    "none",
    "object",
    "openai",
    "project",
    "root",
    "runner",
    "system",
    "test",
    "text",
    "tool",
    "type",
    "ubuntu",
    "user",
    "vagrant",
    "work",
];

/// Folders that many machines have and that tell nobody.
const COMMON_FOLDERS: [&str; 7] = ["/", "/home", "/Users", "/tmp", "/var", "/usr", "/opt"];

/// How every id of a placeholder begins.
const ZEROS: &str = "00000000-0000-4000-";

/// Not worth a rule of its own.
pub(super) fn tells_nobody(kind: Kind, value: &str) -> bool {
    match kind {
        Kind::User | Kind::Host => {
            value.chars().count() < 3
                || is_nobody(value)
                || value.chars().all(|c| c.is_ascii_digit())
        }
        Kind::Home | Kind::Directory => {
            !value.starts_with('/')
                || COMMON_FOLDERS.contains(&value)
                || value.starts_with("/home/user")
        }
        Kind::Device | Kind::Account | Kind::Organisation | Kind::Session => {
            value.len() < 6 || is_placeholder(value)
        }
        _ => value.is_empty(),
    }
}

/// A name that every machine has, or that an earlier run put in.
pub(super) fn is_nobody(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    NOBODY.contains(&lower.as_str()) || is_placeholder(&lower)
}

/// What an earlier run put in.
pub(super) fn is_placeholder(value: &str) -> bool {
    let numbered = |stem: &str| {
        let rest = value.strip_prefix(stem);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    value.starts_with(ZEROS)
        || (value.len() > 8 && value.starts_with("00000000"))
        || is_number(value)
        || [
            "user",
            "host",
            "device",
            "account",
            "organisation",
            "session",
        ]
        .into_iter()
        .any(numbered)
        || value.starts_with("[redacted")
}

/// `1000…` with a small number at its end.
fn is_number(value: &str) -> bool {
    let digits = value.len() >= 6 && value.bytes().all(|byte| byte.is_ascii_digit());
    let zeros = |zeros: &str| zeros.bytes().all(|byte| byte == b'0');
    digits && value.starts_with('1') && value.get(1..value.len() - 3).is_some_and(zeros)
}

/// What stands for what.
#[derive(Debug, Default)]
pub(super) struct Names {
    given: HashMap<(Kind, String), String>,
    counted: HashMap<Kind, usize>,
}

impl Names {
    /// The placeholder of a value.
    pub(super) fn of(&mut self, kind: Kind, value: &str) -> String {
        // A home folder is its user's: both have one number.
        let counted = if kind == Kind::Home { Kind::User } else { kind };
        let key = (kind, value.to_owned());
        if let Some(given) = self.given.get(&key) {
            return given.clone();
        }
        let number = if let (Kind::User, Some(number)) = (kind, self.number_of_home(value)) {
            number
        } else {
            let last = self.counted.entry(counted).or_default();
            *last += 1;
            *last
        };
        let name = placeholder(kind, value, number);
        self.given.insert(key, name.clone());
        name
    }

    fn number_of_home(&self, user: &str) -> Option<usize> {
        let homes = self
            .given
            .iter()
            .filter(|((kind, _), _)| *kind == Kind::Home);
        let mut own = homes.filter(|((_, home), _)| home.rsplit('/').next() == Some(user));
        let (_, name) = own.next()?;
        let number = name.rsplit_once('-').map(|(_, number)| number);
        number.map_or(Some(1), |number| number.parse().ok())
    }
}

fn placeholder(kind: Kind, value: &str, number: usize) -> String {
    // The first of a kind has no number: most often it is the only one.
    let nth = |stem: &str| match number {
        1 => stem.to_owned(),
        _ => format!("{stem}-{number}"),
    };
    match kind {
        Kind::Key => nth("[redacted-key").replace(']', "") + "]",
        Kind::Device => id("device", value, number, "8"),
        Kind::Account => id("account", value, number, "9"),
        Kind::Organisation => id("organisation", value, number, "a"),
        Kind::Session => id("session", value, number, "b"),
        Kind::Email => nth("user") + "@example.com",
        Kind::Remote => nth("user/project"),
        Kind::Directory => nth("/home/user/project"),
        Kind::Home => nth("/home/user"),
        Kind::User => nth("user"),
        Kind::Host => nth("host"),
        Kind::Mark => "0".repeat(value.len()),
        Kind::Own => nth("[redacted").replace(']', "") + "]",
    }
}

/// A UUID stays one, a number and hexadecimal digits stay as many; anything else is a word with a number.
fn id(word: &str, value: &str, number: usize, variant: &str) -> String {
    let groups: Vec<usize> = value.split('-').map(str::len).collect();
    let hex = |c: char| c.is_ascii_hexdigit() || c == '-';
    if groups == [8, 4, 4, 4, 12] && value.chars().all(hex) {
        return format!("{ZEROS}{variant}000-{number:012}");
    }
    if value.len() >= 6 && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("1{number:0width$}", width = value.len() - 1);
    }
    if value.len() >= 16 && value.chars().all(|c| c.is_ascii_hexdigit()) {
        return format!("{number:0width$}", width = value.len());
    }
    format!("{word}-{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_placeholder_and_its_form() {
        let mut names = Names::default();
        let uuid = "d103f05b-071a-4be8-8b55-cc24029f49be";
        let first = names.of(Kind::Session, uuid);
        assert_eq!(first, "00000000-0000-4000-b000-000000000001");
        assert_eq!(names.of(Kind::Session, uuid), first);
        let hex = names.of(Kind::Device, &"ab".repeat(32));
        assert_eq!((hex.len(), hex.ends_with("001")), (64, true));
        assert_eq!(names.of(Kind::Account, "acct_9xyz"), "account-1");
        assert_eq!(names.of(Kind::Account, "8812345678"), "1000000002");
        assert!(is_placeholder("1000000002") && !is_placeholder("8812345678"));
        assert_eq!(names.of(Kind::Key, "csk-1"), "[redacted-key]");
        assert_eq!(names.of(Kind::Key, "csk-2"), "[redacted-key-2]");
        for name in [first, hex, "account-1".to_owned()] {
            assert!(is_placeholder(&name), "{name}");
        }
    }

    #[test]
    fn a_user_and_the_home_of_that_user_have_one_number() {
        let mut names = Names::default();
        assert_eq!(names.of(Kind::Home, "/home/alice"), "/home/user");
        assert_eq!(names.of(Kind::Home, "/Users/bob"), "/home/user-2");
        assert_eq!(names.of(Kind::User, "bob"), "user-2");
        assert_eq!(names.of(Kind::User, "alice"), "user");
        assert_eq!(names.of(Kind::User, "carol"), "user-3");
    }

    #[test]
    fn names_that_tell_nobody_stay() {
        assert!(tells_nobody(Kind::User, "root"));
        assert!(tells_nobody(Kind::User, "user-2"));
        assert!(!tells_nobody(Kind::User, "alice"));
        assert!(tells_nobody(Kind::Directory, "/tmp"));
        assert!(!tells_nobody(Kind::Home, "/root"));
    }
}

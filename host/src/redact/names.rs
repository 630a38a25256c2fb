//! Placeholders: the same value always has the same one, two values never do, and each has the form
//! of what it stands for, so that a guest that reads it does not stumble.

use std::collections::{HashMap, HashSet};

use super::Kind;
use super::words::is_word;

/// Names of users and machines that tell nobody, or are words of the formats themselves: replacing
/// them would only spoil a fixture.
const NOBODY: [&str; 55] = [
    "admin",
    "administrator",
    "agent",
    "anthropic",
    "app",
    "assistant",
    "auto",
    "bin",
    "builder",
    "claude",
    "code",
    "container",
    "content",
    "daemon",
    "data",
    "debian",
    "default",
    "dev",
    "developer",
    "docker",
    "function",
    "games",
    "git",
    "guest",
    "home",
    "host",
    "local",
    "localhost",
    "mail",
    "me",
    "message",
    "model",
    "mysql",
    "name",
    "nobody",
    "node",
    "none",
    "object",
    "openai",
    "postgres",
    "project",
    "python",
    "root",
    "runner",
    "rust",
    "system",
    "test",
    "text",
    "tool",
    "type",
    "ubuntu",
    "user",
    "vagrant",
    "work",
    "www-data",
];

/// Folders that many machines have and that tell nobody.
const COMMON_FOLDERS: [&str; 7] = ["/", "/home", "/Users", "/tmp", "/var", "/usr", "/opt"];

/// How every UUID of a placeholder begins.
const ZEROS: &str = "00000000-0000-4000-";

/// What a placeholder of digits adds its number to: JSON knows no number that begins with 0.
const DIGITS: u64 = 1_000_000_000;

/// Not to be taken out: it has no person's value, or is a placeholder already.
pub(super) fn tells_nobody(kind: Kind, value: &str) -> bool {
    match kind {
        Kind::User | Kind::Host => is_common(value) || is_placeholder(value),
        Kind::Home | Kind::Directory => {
            !value.starts_with('/') || COMMON_FOLDERS.contains(&value) || is_placeholder(value)
        }
        Kind::Device | Kind::Account | Kind::Organisation | Kind::Session => {
            value.is_empty() || is_word(value) || is_placeholder(value)
        }
        _ => value.is_empty() || is_placeholder(value),
    }
}

/// A name that half of all machines have.
pub(super) fn is_common(name: &str) -> bool {
    NOBODY.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Too short to be taken out wherever it stands: it would be found where it is not meant.
pub(super) fn is_too_short(kind: Kind, value: &str) -> bool {
    let length = value.chars().count();
    match kind {
        Kind::User | Kind::Host if value.bytes().all(|byte| byte.is_ascii_digit()) => length < 5,
        Kind::User | Kind::Host => length < 2,
        Kind::Device | Kind::Account | Kind::Organisation | Kind::Session => length < 6,
        _ => length == 0,
    }
}

/// Exactly what `placeholder` makes: by this run, or by an earlier one.
pub(super) fn is_placeholder(value: &str) -> bool {
    let is_number = |digits: &str, most: usize| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let numbered = |stem: &str| {
        let rest = value.strip_prefix(stem);
        rest.is_some_and(|rest| {
            let number = rest.strip_prefix('-');
            rest.is_empty() || number.is_some_and(|number| is_number(number, 4))
        })
    };
    let marked = value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let marked = marked.and_then(|marked| marked.strip_prefix("redacted"));
    let marked = marked.is_some_and(|rest| {
        let number = rest.strip_prefix("-key").unwrap_or(rest).strip_prefix('-');
        rest.is_empty() || rest == "-key" || number.is_some_and(|number| is_number(number, 4))
    });
    let uuid = value.strip_prefix(ZEROS).is_some_and(|rest| {
        let number = rest.get(5..).unwrap_or_default();
        ["8000-", "9000-", "a000-", "b000-"].contains(&rest.get(..5).unwrap_or_default())
            && number.starts_with("00000000")
            && is_number(number, 12)
    });
    let address = value.strip_suffix("@example.com");
    marked
        || uuid
        || STEMS.into_iter().any(numbered)
        || address.is_some_and(|name| !name.contains('/') && is_placeholder(name))
        || (value.len() >= 16
            && value.starts_with("000000000000")
            && is_number(value, usize::MAX)
            && value.trim_start_matches('0').len() <= 4)
        || is_digits(value)
}

/// Words that a number may follow.
const STEMS: [&str; 9] = [
    "user",
    "host",
    "device",
    "account",
    "organisation",
    "session",
    "user/project",
    "/home/user",
    "/home/user/project",
];

/// `1` and zeros before a number of at most four digits.
fn is_digits(value: &str) -> bool {
    let zeros = value
        .strip_prefix('1')
        .and_then(|rest| rest.get(..rest.len().saturating_sub(4)));
    value.len() >= DIGITS.to_string().len()
        && value.bytes().all(|byte| byte.is_ascii_digit())
        && zeros.is_some_and(|zeros| zeros.bytes().all(|byte| byte == b'0'))
}

/// What stands for what.
#[derive(Debug, Default)]
pub(super) struct Names {
    given: HashMap<(Kind, String), String>,
    counted: HashMap<Kind, usize>,
    made: HashSet<String>,
    /// Values that are looked for themselves, and so stand for nothing else.
    never: HashSet<String>,
}

impl Names {
    /// No placeholder is this value.
    pub(super) fn avoid(&mut self, value: &str) {
        self.never.insert(value.to_owned());
    }

    /// The placeholder of a value.
    pub(super) fn of(&mut self, kind: Kind, value: &str) -> String {
        // A home folder is its user's: both have one number.
        let counted = if kind == Kind::Home { Kind::User } else { kind };
        let key = (kind, value.to_owned());
        if let Some(given) = self.given.get(&key) {
            return given.clone();
        }
        let home = (kind == Kind::User)
            .then(|| self.number_of_home(value))
            .flatten()
            .map(|number| placeholder(kind, value, number))
            .filter(|name| !self.never.contains(name));
        let name = home.unwrap_or_else(|| {
            let last = self.counted.entry(counted).or_default();
            loop {
                *last += 1;
                let name = placeholder(kind, value, *last);
                let shared = kind == Kind::Mark;
                if shared
                    || !self
                        .never
                        .contains(name.rsplit('/').next().unwrap_or(&name))
                {
                    break name;
                }
            }
        });
        self.given.insert(key, name.clone());
        self.made.insert(name.clone());
        name
    }

    /// It is a placeholder of this run. Those of an earlier one are known by their form.
    pub(super) fn gave(&self, value: &str) -> bool {
        self.made.contains(value)
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

/// A UUID stays one, a number a number, hexadecimal digits stay as many; anything else is a word with a number.
fn id(word: &str, value: &str, number: usize, variant: &str) -> String {
    let groups: Vec<usize> = value.split('-').map(str::len).collect();
    let hex = |c: char| c.is_ascii_hexdigit() || c == '-';
    if groups == [8, 4, 4, 4, 12] && value.chars().all(hex) {
        return format!("{ZEROS}{variant}000-{number:012}");
    }
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = DIGITS + number as u64;
        let rest = number.to_string().split_off(1);
        let width = value.len().saturating_sub(1).max(rest.len());
        return format!("1{rest:0>width$}");
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
    fn only_what_a_placeholder_is_exactly_is_taken_for_one() {
        for exact in [
            "session-3",
            "host",
            "user/project-2",
            "/home/user-12",
            "user-2@example.com",
            "00000000-0000-4000-9000-000000000002",
            "00000000000000000000000000000001",
            "1000000002",
            "[redacted-key-2]",
            "[redacted]",
        ] {
            assert!(is_placeholder(exact), "{exact}");
        }
        for other in [
            "device-a1b2c3d4e5f6",
            "account-77aa88bb99cc",
            "session-5f3e9c0a1b2c",
            "organisation-acme-4711",
            "user-jane",
            "host-a",
            "device-123456",
            "00000000beef1234",
            "00000000-0000-4000-9000-00beef000002",
            "1234567890",
            "[redacted-by-jane]",
            "/home/users/alice",
            "/home/user/acme",
        ] {
            assert!(!is_placeholder(other), "{other}");
        }
    }

    #[test]
    fn a_placeholder_is_never_a_value_that_is_looked_for() {
        let mut names = Names::default();
        names.avoid("user");
        assert_eq!(names.of(Kind::User, "alice"), "user-2");
        assert_eq!(names.of(Kind::Account, "8812345678"), "1000000001");
        assert_eq!(names.of(Kind::Account, "42"), "1000000002");
    }

    #[test]
    fn names_that_tell_nobody_stay() {
        assert!(tells_nobody(Kind::User, "root"));
        assert!(tells_nobody(Kind::User, "user-2"));
        assert!(!tells_nobody(Kind::User, "alice"));
        assert!(tells_nobody(Kind::Directory, "/tmp"));
        assert!(tells_nobody(Kind::Directory, "/home/user/project-2"));
        assert!(!tells_nobody(Kind::Directory, "/home/user/acme"));
        assert!(!tells_nobody(Kind::Home, "/home/users/alice"));
        assert!(!tells_nobody(Kind::Home, "/root"));
    }
}

//! The kinds of what is taken out, in words and numbers.

use std::collections::BTreeMap;
use std::fmt;

/// What something is that is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A key of the configuration, or what has the form of one.
    Key,
    /// Of the client's installation.
    Device,
    /// Of an account, or of a user of one.
    Account,
    /// Of an organisation.
    Organisation,
    /// Of a session or a conversation.
    Session,
    /// Of a person.
    Email,
    /// Where a repository comes from.
    Remote,
    /// A folder that the client works in.
    Directory,
    /// A home folder.
    Home,
    /// A user's name.
    User,
    /// A machine's name.
    Host,
    /// A value by which a client marks its requests.
    Mark,
    /// By a rule of one's own.
    Own,
}

impl Kind {
    /// An id of somebody or something.
    pub(super) fn is_id(self) -> bool {
        matches!(
            self,
            Self::Device | Self::Account | Self::Organisation | Self::Session
        )
    }

    /// One of it in a sentence.
    pub fn one(self) -> String {
        let word = self.word();
        let article = if word.starts_with(['a', 'e', 'o']) {
            "an"
        } else {
            "a"
        };
        format!("{article} {word}")
    }

    /// One of it in words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Device => "device id",
            Self::Account => "account id",
            Self::Organisation => "organisation id",
            Self::Session => "session id",
            Self::Email => "e-mail address",
            Self::Remote => "git remote",
            Self::Directory => "working folder",
            Self::Home => "home folder",
            Self::User => "user name",
            Self::Host => "host name",
            Self::Mark => "client mark",
            Self::Own => "match of an own rule",
        }
    }
}

/// How often something of a kind was replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(pub BTreeMap<Kind, usize>);

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        let told = self.0.iter().map(|(kind, count)| match count {
            1 => format!("1 {}", kind.word()),
            many => format!("{many} {}", plural(kind.word())),
        });
        f.write_str(&told.collect::<Vec<_>>().join(", "))
    }
}

fn plural(word: &str) -> String {
    match word.split_once(' ') {
        Some(("match", rest)) => format!("matches {rest}"),
        _ if word.ends_with("address") => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

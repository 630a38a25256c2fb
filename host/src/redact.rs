//! Takes out of recorded exchanges what tells a person, a machine or an account, and keys, so that
//! they can be written down as fixtures.
//!
//! What is looked for: what is known of this machine and its configuration, what can be recognised
//! in the exchange itself (Claude Code says where it works and as whom), what has the form of a key,
//! an id or an address, and rules of one's own. The same value always becomes the same placeholder.
//! Works on texts; knows neither files nor the recorder.

mod body;
mod learn;
mod literal;
mod names;
mod patterns;
mod rule;
mod wire;

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

use crate::config::Redaction;
use body::Fragments;
use names::{Names, tells_nobody};
use rule::{Reach, Rule};

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

/// What is known before any exchange is looked at.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Of the configuration.
    pub keys: Vec<String>,
    /// The home folder.
    pub home: Option<String>,
    /// Names of the user.
    pub users: Vec<String>,
    /// Names of the machine.
    pub hosts: Vec<String>,
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

/// Takes things out of texts, and remembers what became of them.
pub struct Redactor {
    own: Vec<Rule>,
    literals: Vec<Rule>,
    patterns: Vec<Rule>,
    names: Names,
    counts: Counts,
}

impl Redactor {
    /// Errors: a sentence on a rule that is no regular expression.
    pub fn new(known: &Known, own: &[Redaction]) -> Result<Self, String> {
        let mut redactor = Self {
            own: own.iter().map(Rule::own).collect::<Result<_, _>>()?,
            literals: Vec::new(),
            patterns: patterns::all(),
            names: Names::default(),
            counts: Counts::default(),
        };
        for key in known.keys.iter().filter(|key| key.len() >= SHORTEST_KEY) {
            redactor.add(Kind::Key, key);
        }
        if let Some(home) = &known.home {
            redactor.add_home(home);
        }
        for user in &known.users {
            redactor.add(Kind::User, user);
        }
        for host in &known.hosts {
            let short = host.split('.').next().unwrap_or_default();
            redactor.add(Kind::Host, short);
            redactor.add_as(Kind::Host, host, short);
        }
        Ok(redactor)
    }

    /// Recognises in a client's body who and where it is.
    pub fn learn_from_client(&mut self, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        for (kind, value) in learn::ids(&text) {
            self.add(kind, &value);
        }
        for string in Fragments::of(&text).decoded() {
            for learned in learn::places(string) {
                match learned {
                    learn::Learned::Home(path) => self.add_home(&path),
                    learn::Learned::Directory(path) => self.add(Kind::Directory, &path),
                    learn::Learned::User(name) => self.add(Kind::User, &name),
                }
            }
        }
    }

    /// Recognises ids in anything else.
    pub fn learn(&mut self, body: &[u8]) {
        for (kind, value) in learn::ids(&String::from_utf8_lossy(body)) {
            self.add(kind, &value);
        }
    }

    /// A home folder, and the user whose name it has.
    fn add_home(&mut self, path: &str) {
        let path = path.trim_end_matches('/');
        self.add(Kind::Home, path);
        if let Some((_, user)) = path.rsplit_once('/') {
            self.add(Kind::User, user);
        }
    }

    /// A value that is taken out wherever it stands.
    fn add(&mut self, kind: Kind, value: &str) {
        self.add_as(kind, value, value);
    }

    /// The same for a value that is another form of `named`.
    fn add_as(&mut self, kind: Kind, value: &str, named: &str) {
        if tells_nobody(kind, named) || self.literals.iter().any(|rule| rule.is_of(kind, value)) {
            return;
        }
        self.literals.push(Rule::literal(kind, value, named));
        if matches!(kind, Kind::Home | Kind::Directory | Kind::User) {
            // Before anything is found: a home folder and its user have one number.
            let placeholder = self.names.of(kind, named);
            self.literals
                .extend(Rule::folder_as_name(kind, value, &placeholder));
        }
        self.literals.sort_by_key(Rule::order);
    }

    /// A body without them: JSON, events, lines of JSON, or plain text. Bytes that need no change stay.
    pub fn body(&mut self, body: &Bytes) -> Bytes {
        let text = String::from_utf8_lossy(body);
        let mut fragments = Fragments::of(&text);
        let mut changed = false;
        for channel in fragments.channels() {
            changed |= self.across(&mut fragments, &channel);
        }
        for at in 0..fragments.len() {
            let before = fragments.get(at);
            let after = self.within(before, fragments.reach(at));
            if after != before {
                fragments.set(at, after);
                changed = true;
            }
        }
        if changed {
            Bytes::from(fragments.joined())
        } else {
            body.clone()
        }
    }

    /// A text without them.
    pub fn text(&mut self, text: &str) -> String {
        self.within(text, Reach::Parts)
    }

    fn within(&mut self, text: &str, reach: Reach) -> String {
        let mut text = text.to_owned();
        for rule in self.own.iter().chain(&self.literals).chain(&self.patterns) {
            let mut found = rule.matches(&text, &mut self.names);
            found.retain(|(range, _)| rule.reaches(&text, range, reach));
            for (range, replacement) in found.into_iter().rev() {
                *self.counts.0.entry(rule.kind).or_default() += 1;
                text.replace_range(range, &replacement);
            }
        }
        text
    }

    /// What a stream brought in pieces, such as a path of which each part is an event. The placeholder
    /// stands in the piece in which the value began.
    fn across(&mut self, fragments: &mut Fragments<'_>, channel: &[usize]) -> bool {
        let mut pieces: Vec<String> = channel
            .iter()
            .map(|at| fragments.get(*at).to_owned())
            .collect();
        // The same string in every event (an id, a model) is not a text in pieces.
        if pieces.windows(2).all(|pair| pair[0] == pair[1]) {
            return false;
        }
        let mut changed = false;
        for rule in self.own.iter().chain(&self.literals).chain(&self.patterns) {
            let whole = pieces.concat();
            let found = rule.matches(&whole, &mut self.names);
            for (range, replacement) in found.into_iter().rev() {
                if body::replace_across(&mut pieces, range, &replacement) {
                    *self.counts.0.entry(rule.kind).or_default() += 1;
                    changed = true;
                }
            }
        }
        if changed {
            for (at, piece) in channel.iter().zip(pieces) {
                fragments.set(*at, piece);
            }
        }
        changed
    }

    /// The kinds of which something is still in a text that was made of redacted ones.
    pub fn left_in(&mut self, body: &Bytes) -> Vec<Kind> {
        let before = std::mem::take(&mut self.counts);
        self.body(body);
        let found = std::mem::replace(&mut self.counts, before);
        found.0.into_keys().collect()
    }

    /// What was replaced since the last call.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }
}

/// Shorter ones occur by themselves.
const SHORTEST_KEY: usize = 8;

#[cfg(test)]
mod tests;

//! Takes out of exchanges what tells a person, a machine or an account, and keys, so that they can be
//! written down: as fixtures, and as bodies in the log.
//!
//! What is looked for: what is known of this machine and its configuration, what can be recognised
//! in the exchange itself (Claude Code says where it works and as whom; homes have names), what stands under
//! a member of such a name, what has the form of a key, an id or an address, and rules of one's own. The same
//! value always becomes the same placeholder. Names of members and words of the formats stay: what is left must
//! still be an exchange. Works on texts; knows neither files nor the recorder.

mod body;
mod edge;
mod homes;
mod keys;
mod kind;
mod learn;
mod literal;
mod machine;
mod members;
mod names;
mod patterns;
mod rule;
mod words;

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::config::Redaction;
use body::{Fragments, Role};
pub use kind::{Counts, Kind};
use names::{Names, is_common, is_too_short, tells_nobody};
use rule::Rule;

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

/// Takes things out of texts, and remembers what became of them.
pub struct Redactor {
    own: Vec<Rule>,
    /// What rules of one's own put in: it may look like what they find.
    put: BTreeSet<String>,
    literals: Vec<Rule>,
    names: Names,
    counts: Counts,
}

/// Which rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    All,
    /// All but names of users and machines that stand for themselves: here they are words of a format.
    NoNames,
}

impl Redactor {
    /// Errors: a sentence on a rule that is no regular expression.
    pub fn new(known: &Known, own: &[Redaction]) -> Result<Self, String> {
        let mut redactor = Self {
            own: own.iter().map(Rule::own).collect::<Result<_, _>>()?,
            put: BTreeSet::new(),
            literals: Vec::new(),
            names: Names::default(),
            counts: Counts::default(),
        };
        for key in known.keys.iter().filter(|key| key.len() >= SHORTEST_KEY) {
            redactor.add(Kind::Key, key);
        }
        if let Some(home) = &known.home {
            redactor.add_home(home);
        }
        // What this machine says of itself is no placeholder of an earlier run, whatever it looks like.
        for user in known.users.iter().filter(|user| !is_common(user)) {
            redactor.look_for(Kind::User, user, user);
        }
        for host in known.hosts.iter().filter(|host| !is_common(host)) {
            let short = host.split('.').next().unwrap_or_default();
            if !is_common(short) {
                redactor.look_for(Kind::Host, short, short);
            }
            redactor.look_for(Kind::Host, host, short);
        }
        Ok(redactor)
    }

    /// Recognises in a client's body who and where it is.
    pub fn learn_from_client(&mut self, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        for string in Fragments::of(&text).decoded() {
            for learned in learn::places(&string) {
                match learned {
                    learn::Learned::Home(path) => self.add_home(&path),
                    learn::Learned::Directory(path) => self.add(Kind::Directory, &path),
                    learn::Learned::User(name) => self.add(Kind::User, &name),
                }
            }
        }
        self.learn(body);
    }

    /// Recognises ids and users in anything else.
    pub fn learn(&mut self, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        for (kind, value) in members::ids(&text) {
            self.add(kind, &value);
        }
        for string in Fragments::of(&text).decoded() {
            self.learn_users(&string);
        }
    }

    /// Recognises whose homes are spoken of.
    pub fn learn_users(&mut self, text: &str) {
        for name in homes::users(text) {
            self.add(Kind::User, &name);
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

    /// A value that is taken out wherever it stands, unless it tells nobody.
    fn add(&mut self, kind: Kind, value: &str) {
        if !tells_nobody(kind, value) {
            self.look_for(kind, value, value);
        }
    }

    /// Takes a value out wherever it stands. It may be another form of `named`.
    fn look_for(&mut self, kind: Kind, value: &str, named: &str) {
        let known = self.literals.iter().any(|rule| rule.is_of(kind, value));
        if known || is_too_short(kind, value) {
            return;
        }
        self.names.avoid(value);
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
            let after = self.fragment(before, fragments.role(at), fragments.member(at));
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

    /// One text of a body.
    fn fragment(&mut self, text: &str, role: Role, member: Option<&str>) -> String {
        match role {
            Role::Text => self.text(text),
            // A path or a sentence is no name that a format gave.
            Role::Name if !words::is_identifier(text) => self.text(text),
            Role::Name | Role::Event => self.by_rules(text, Rules::NoNames),
            Role::Number => self.number(text, member),
            Role::Value => self.value(text, member),
        }
    }

    fn value(&mut self, text: &str, member: Option<&str>) -> String {
        let after = self.by_own(text);
        if after == text
            && let Some(kind) = member.and_then(members::kind_of)
            && !members::is_composed(text)
            && !tells_nobody(kind, text)
            && (kind != Kind::Key || keys::is_secret(text))
        {
            return self.named(kind, text);
        }
        let rules = if words::is_of_format(member, text) {
            Rules::NoNames
        } else {
            Rules::All
        };
        self.by_known(after, rules)
    }

    /// A number is an id where its member says so, and wherever that id stands.
    fn number(&mut self, text: &str, member: Option<&str>) -> String {
        let own = member.and_then(members::kind_of);
        let own = own.filter(|kind| *kind != Kind::Key && !tells_nobody(*kind, text));
        let elsewhere = || {
            let literal = self.literals.iter().find(|rule| rule.is_for(text))?;
            Some(literal.kind).filter(|kind| !matches!(kind, Kind::User | Kind::Host))
        };
        match own.or_else(elsewhere) {
            Some(kind) => self.named(kind, text),
            None => text.to_owned(),
        }
    }

    fn named(&mut self, kind: Kind, value: &str) -> String {
        *self.counts.0.entry(kind).or_default() += 1;
        self.names.of(kind, value)
    }

    /// A text without them.
    pub fn text(&mut self, text: &str) -> String {
        self.by_rules(text, Rules::All)
    }

    fn by_rules(&mut self, text: &str, rules: Rules) -> String {
        let text = self.by_own(text);
        self.by_known(text, rules)
    }

    fn by_own(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for rule in &self.own {
            for (range, replacement) in rule.matches(&text, &mut self.names).into_iter().rev() {
                *self.counts.0.entry(rule.kind).or_default() += 1;
                self.put.insert(replacement.clone());
                text.replace_range(range, &replacement);
            }
        }
        text
    }

    fn by_known(&mut self, mut text: String, rules: Rules) -> String {
        for rule in self.literals.iter().chain(&*patterns::ALL) {
            if rules == Rules::NoNames && rule.is_bare_name() {
                continue;
            }
            for (range, replacement) in rule.matches(&text, &mut self.names).into_iter().rev() {
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
        for rule in self.own.iter().chain(&self.literals).chain(&*patterns::ALL) {
            let whole = pieces.concat();
            let found = rule.matches(&whole, &mut self.names);
            for (range, replacement) in found.into_iter().rev() {
                // A known value in one piece is found there by itself; a form may have its beginning before.
                if body::replace_across(&mut pieces, range, &replacement, rule.is_form()) {
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

    /// The kinds of which something is still in a text that was made of redacted ones. What a rule of one's
    /// own put in counts for nothing, also where the rule would find it again.
    pub fn left_in(&mut self, body: &Bytes) -> Vec<Kind> {
        let before = std::mem::take(&mut self.counts);
        let own = std::mem::take(&mut self.own);
        self.body(body);
        self.own = own;
        let mut found = std::mem::replace(&mut self.counts, before);
        let text = String::from_utf8_lossy(body);
        for string in Fragments::of(&text).decoded() {
            let is_put = |range: &std::ops::Range<usize>| {
                let mut put = self.put.iter().flat_map(|put| string.match_indices(put));
                put.any(|(at, put)| at <= range.start && range.end <= at + put.len())
            };
            let mut own = self.own.iter();
            let names = &mut self.names;
            if own.any(|rule| {
                !rule
                    .matches(&string, names)
                    .iter()
                    .all(|(at, _)| is_put(at))
            }) {
                found.0.insert(Kind::Own, 1);
            }
        }
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

//! Takes out of exchanges what tells a person, a machine or an account, and keys, so that they can be
//! written down: as fixtures, and as bodies in the log.
//!
//! What is looked for: what is known of this machine and its configuration, what can be recognised
//! in the exchange itself (Claude Code says where it works and as whom; homes have names), what stands under
//! a member of such a name, what has the form of a key, an id or an address, and rules of one's own. The same
//! value always becomes the same placeholder. Names of members and words of the formats stay: what is left must
//! still be an exchange. Works on texts; knows neither files nor the recorder.

mod amid;
mod binary;
mod body;
mod drawn;
mod edge;
mod form;
mod homes;
mod keys;
mod kind;
mod learn;
mod left;
mod lines;
mod literal;
mod machine;
mod members;
mod names;
mod patterns;
mod people;
mod pieces;
mod routes;
mod rule;
mod settings;
mod spread;
mod taking;
mod utf8;
mod words;

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;

use crate::config::{Redaction, Secret};
use body::{Fragments, Role};
pub use kind::{Counts, Kind};
pub use left::Left;
use names::{Names, is_common, is_too_short, tells_nobody};
use pieces::Pieces;
use rule::Rule;
pub use spread::spread_out;

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
    /// What is looked at are options of a transformer.
    of_options: bool,
    /// The first that was found since it was asked for, and how it begins.
    found: Option<(Kind, String)>,
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
            of_options: false,
            found: None,
        };
        for key in known
            .keys
            .iter()
            .filter(|key| key.len() >= Secret::SHORTEST)
        {
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
        let text = utf8::text(body);
        let fragments = Fragments::of(&text);
        self.learn_places(&fragments);
        self.learn_from(&fragments);
    }

    /// Recognises ids and users in anything else.
    pub fn learn(&mut self, body: &[u8]) {
        let text = utf8::text(body);
        self.learn_from(&Fragments::of(&text));
    }

    fn learn_places(&mut self, fragments: &Fragments<'_>) {
        for fragment in fragments.all() {
            for learned in learn::places(&fragment.text) {
                match learned {
                    learn::Learned::Home(path) => self.add_home(&path),
                    learn::Learned::Directory(path) => self.add(Kind::Directory, &path),
                    learn::Learned::User(name) => self.add(Kind::User, &name),
                }
            }
        }
    }

    fn learn_from(&mut self, fragments: &Fragments<'_>) {
        for unit in pieces::units(fragments) {
            let Some(first) = pieces::first(fragments, &unit) else {
                continue;
            };
            let text = whole(fragments, &unit);
            if let (Role::Value, Some(nested)) = (first.role, Fragments::nested(&text)) {
                self.learn_from(&nested);
                continue;
            }
            match members::kind_of(&first.under, &text) {
                // A user's name is learned by its home alone: as a value it may be any word.
                Some(kind) if kind.is_id() => self.add(kind, &text),
                _ if first.role == Role::Number => {}
                _ => {
                    for (kind, value) in members::ids(&text) {
                        self.add(kind, &value);
                    }
                    self.learn_users(&text);
                }
            }
        }
    }

    /// Recognises who is spoken of: whose homes, whose commits.
    pub fn learn_users(&mut self, text: &str) {
        for name in homes::users(text).into_iter().chain(people::names(text)) {
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

    /// A value that is taken out wherever it stands, unless it tells nobody or may mean something else there.
    fn add(&mut self, kind: Kind, value: &str) {
        let ids = || self.literals.iter().filter(|rule| rule.is_id()).count();
        if kind.is_id() && (!form::looks_drawn(value) || ids() >= MOST_IDS) {
            return;
        }
        if !tells_nobody(kind, value) && !self.names.gave(value) {
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

    /// A body without them: JSON, events, lines of JSON, or plain text. Bytes that need no change stay, also those
    /// that are no UTF-8.
    pub fn body(&mut self, body: &Bytes) -> Bytes {
        let text = utf8::text(body);
        let mut fragments = Fragments::of(&text);
        for unit in pieces::units(&fragments) {
            self.take_out(&mut fragments, &unit);
        }
        if fragments.is_changed() {
            utf8::bytes(fragments.joined(), body)
        } else {
            body.clone()
        }
    }

    /// The same of options of a transformer: what is one word there means something to it, whatever a user or
    /// a machine is called.
    pub fn options(&mut self, options: &Bytes) -> Bytes {
        self.of_options = true;
        let clean = self.body(options);
        self.of_options = false;
        clean
    }

    /// Of one text of a body, and of its pieces.
    fn take_out(&mut self, fragments: &mut Fragments<'_>, unit: &[usize]) {
        let Some(first) = pieces::first(fragments, unit) else {
            return;
        };
        let (role, under) = (first.role, first.under.clone());
        let strings = unit.iter().filter_map(|at| fragments.all().get(*at));
        let mut text = Pieces::of(strings.map(|one| &*one.text));
        self.unit(&mut text, role, &under);
        for (at, piece) in unit.iter().zip(text.pieces()) {
            fragments.set(*at, piece.to_owned());
        }
    }

    /// What was replaced since the last call.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }
}

/// The texts of a unit in one.
fn whole<'f>(fragments: &'f Fragments<'_>, unit: &[usize]) -> Cow<'f, str> {
    let mut strings = unit.iter().filter_map(|at| fragments.all().get(*at));
    match (strings.next(), unit.len()) {
        (Some(only), 1) => Cow::Borrowed(&*only.text),
        (first, _) => first
            .into_iter()
            .chain(strings)
            .map(|one| &*one.text)
            .collect(),
    }
}

/// So many ids are looked for wherever they stand; further ones are taken out of their members alone.
const MOST_IDS: usize = 1000;

#[cfg(test)]
mod tests;

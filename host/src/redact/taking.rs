//! Taking things out of one text: which rules apply to it, by what it is and what it stands under.

use std::ops::Range;

use super::body::{Fragments, Role, Under};
use super::left::SHOWN;
use super::names::tells_nobody;
use super::pieces::Pieces;
use super::rule::Rule;
use super::{Kind, Redactor, amid, binary, members, patterns, words};

/// Which rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    All,
    /// All but names and ids that stand for themselves: here they are words of a format.
    NoNames,
}

impl Redactor {
    /// A text without them.
    pub fn text(&mut self, text: &str) -> String {
        let mut text = Pieces::of([text]);
        self.by_own(&mut text);
        self.by_known(&mut text, Rules::All, "");
        text.into_whole()
    }

    /// The same of a model's name, also with that of its provider before it. What is one word is a name that
    /// transformers decide by, whatever a user or a machine is called.
    pub fn model(&mut self, name: &str) -> String {
        let mut text = Pieces::of([name]);
        self.by_own(&mut text);
        self.known_model(text.whole())
    }

    fn known_model(&mut self, name: &str) -> String {
        let begin = name.rfind(',').map_or(0, |comma| comma + 1);
        let (provider, model) = name.split_at(begin);
        let mut provider = Pieces::of([provider]);
        self.by_known(&mut provider, Rules::All, "");
        let rules = if words::is_model(model) {
            Rules::NoNames
        } else {
            Rules::All
        };
        let mut model = Pieces::of([model]);
        self.by_known(&mut model, rules, "");
        provider.into_whole() + model.whole()
    }

    /// A text of a body, which may have come in pieces.
    pub(super) fn unit(&mut self, text: &mut Pieces, role: Role, under: &Under<'_>) {
        if role == Role::Value && self.nested(text) {
            return;
        }
        self.by_own(text);
        self.known(text, role, under);
    }

    /// All but rules of one's own.
    fn known(&mut self, text: &mut Pieces, role: Role, under: &Under<'_>) {
        match role {
            Role::Text => self.by_known(text, Rules::All, ""),
            Role::Name => {
                let rules = self.of_name(text.whole());
                self.by_known(text, rules, "");
            }
            Role::Event => self.by_known(text, Rules::NoNames, ""),
            Role::Number => self.number(text, under),
            Role::Value => self.value(text, under),
        }
    }

    /// A path or a sentence is no name that a format gave, and an id is none.
    fn of_name(&self, name: &str) -> Rules {
        let is_id = || {
            self.literals
                .iter()
                .any(|rule| rule.is_id() && rule.is_for(name))
        };
        if !words::is_identifier(name) || is_id() {
            Rules::All
        } else {
            Rules::NoNames
        }
    }

    fn value(&mut self, text: &mut Pieces, under: &Under<'_>) {
        let whole = text.whole().to_owned();
        if self.names.gave(&whole) {
            return;
        }
        if let Some(kind) = members::kind_of(under, &whole)
            && !self.stays(kind, &whole)
        {
            let with = self.named(kind, &whole);
            return text.replace(0..whole.len(), &with);
        }
        if words::holds_model(under) {
            let with = self.known_model(&whole);
            return text.mend(0..whole.len(), &with);
        }
        let rules = if self.of_options {
            self.of_name(&whole)
        } else if words::is_of_format(under, &whole) || binary::is_binary(under, &whole) {
            Rules::NoNames
        } else {
            Rules::All
        };
        // A form may be known by the name before it, in a text as in a member.
        let lead = match &under.member {
            Some(member) if !members::is_composed(&whole) => format!("\"{member}\": \""),
            _ => String::new(),
        };
        self.by_known(text, rules, &lead);
    }

    /// A string that is JSON itself: names in it are names, and members are members. False if it is none.
    fn nested(&mut self, text: &mut Pieces) -> bool {
        let whole = text.whole().to_owned();
        let Some(fragments) = Fragments::nested(&whole) else {
            return false;
        };
        let mut edits = Vec::new();
        for fragment in fragments.all() {
            let mut inner = Pieces::of([&*fragment.text]);
            self.unit(&mut inner, fragment.role, &fragment.under);
            if inner.whole() != fragment.text {
                let with = fragment.written(inner.whole()).into_owned();
                edits.push((fragment.range.clone(), with));
            }
        }
        for (range, with) in edits.into_iter().rev() {
            text.mend(range, &with);
        }
        true
    }

    /// A number is an id or a secret where its member says so, and an id wherever that stands.
    fn number(&mut self, text: &mut Pieces, under: &Under<'_>) {
        let own = members::kind_of(under, text.whole());
        let is_secret = members::is_secret_number(under, text.whole());
        let own = own.filter(|kind| kind.is_id() || is_secret);
        let own = own.filter(|kind| !self.stays(*kind, text.whole()));
        let elsewhere = || {
            let mut literals = self.literals.iter();
            let literal = literals.find(|rule| rule.is_for(text.whole()))?;
            Some(literal.kind).filter(|kind| kind.is_id())
        };
        if let Some(kind) = own.or_else(elsewhere) {
            let with = self.named(kind, text.whole());
            text.replace(0..text.whole().len(), &with);
        }
    }

    /// It tells nobody, or was put in.
    fn stays(&self, kind: Kind, value: &str) -> bool {
        let put = |put: &String| !put.is_empty() && value.contains(put);
        tells_nobody(kind, value) || self.names.gave(value) || self.put.iter().any(put)
    }

    fn named(&mut self, kind: Kind, value: &str) -> String {
        self.count(kind, value);
        self.names.of(kind, value)
    }

    fn by_own(&mut self, text: &mut Pieces) {
        for at in 0..self.own.len() {
            let Some(rule) = self.own.get(at) else {
                continue;
            };
            for (range, with) in rule
                .matches(text.whole(), &mut self.names)
                .into_iter()
                .rev()
            {
                self.put.insert(with.clone());
                *self.counts.0.entry(Kind::Own).or_default() += 1;
                text.replace(range, &with);
            }
        }
    }

    /// Members of JSON amid a text, by their names.
    fn amid(&mut self, text: &mut Pieces) {
        for (range, with) in self
            .members(text.whole(), members::DEEPEST)
            .into_iter()
            .rev()
        {
            text.replace(range, &with);
        }
    }

    /// What becomes of them, in order.
    fn members(&mut self, text: &str, deep: usize) -> Vec<(Range<usize>, String)> {
        let mut edits = Vec::new();
        for member in amid::members(text) {
            let kind = members::kind_of(&member.under, &member.text);
            let kind = kind.filter(|kind| {
                let number = || members::is_secret_number(&member.under, &member.text);
                kind.is_id() || !member.is_number || number()
            });
            if let Some(kind) = kind {
                if !self.stays(kind, &member.text) {
                    edits.push((member.range, self.named(kind, &member.text)));
                }
            } else if deep > 0 {
                let inner = self.members(&member.text, deep - 1);
                if !inner.is_empty() {
                    let mut whole = Pieces::of([&*member.text]);
                    for (range, with) in inner.into_iter().rev() {
                        whole.replace(range, &with);
                    }
                    edits.push((member.range.clone(), member.written(whole.whole())));
                }
            }
        }
        edits
    }

    /// `lead` stands before the text, and stays.
    fn by_known(&mut self, text: &mut Pieces, rules: Rules, lead: &str) {
        if rules == Rules::All {
            self.amid(text);
        }
        text.replace(0..0, lead);
        let stays = |rule: &&Rule| rules == Rules::NoNames && rule.is_word();
        let all = self.literals.iter().chain(&*patterns::ALL);
        let mut taken = Vec::new();
        for rule in all.filter(|rule| !stays(rule)) {
            let found = rule.matches(text.whole(), &mut self.names);
            for (range, with) in found.into_iter().rev() {
                if range.start >= lead.len() {
                    taken.push((rule.kind, text.whole()[range.clone()].to_owned()));
                    text.replace(range, &with);
                }
            }
        }
        for (kind, value) in taken {
            self.count(kind, &value);
        }
        text.replace(0..lead.len(), "");
    }

    fn count(&mut self, kind: Kind, value: &str) {
        *self.counts.0.entry(kind).or_default() += 1;
        self.found
            .get_or_insert_with(|| (kind, value.chars().take(SHOWN).collect()));
    }
}

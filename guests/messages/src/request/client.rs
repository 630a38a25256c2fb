//! The client's body, member by member: those that go out as they are, or edited, and those that do not.

use crate::Profile;
use crate::profile::{Safeguards, Sampling};
use sdk::anthropic::Thinking;
use sdk::edits::Edits;
use sdk::json::{Error, Escaped, Members, RawValue, from_str};

/// What the transformer itself says: nothing may be put in their place.
const OWN: [&str; 5] = ["model", "messages", "stream", "tools", "tool_choice"];

/// A body, and what the profile says of its members.
pub(super) struct Client<'a, 'p> {
    /// The whole text.
    pub(super) text: &'a str,
    members: Members<'a>,
    profile: &'p Profile,
}

impl<'a, 'p> Client<'a, 'p> {
    /// Errors: the text is no JSON object.
    pub(super) fn read(text: &'a str, profile: &'p Profile) -> Result<Self, Error> {
        Ok(Self {
            text,
            members: from_str(text)?,
            profile,
        })
    }

    /// Whether the client sent this.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some()
    }

    /// A member that goes out and may be edited.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let stays = self.why_not(name).is_none() && self.instead(name).is_none();
        self.members.get(name).filter(|_| stays)
    }

    /// The value of a member as it goes out, the configuration's or the client's.
    pub(super) fn goes_out(&self, name: &str) -> Option<&str> {
        let client = || self.get(name).map(RawValue::get);
        self.instead(name).or_else(client)
    }

    /// Why a member does not go out. None: it does.
    pub(super) fn why_not(&self, name: &str) -> Option<&'static str> {
        let profile = self.profile;
        match name {
            "safeguards" if profile.safeguards == Safeguards::Strip => {
                Some("holds local paths and rules of the client")
            }
            "temperature" | "top_p" if profile.sampling == Sampling::Drop => {
                Some("the model takes no sampling")
            }
            "thinking" if profile.always_thinks && self.disables_thinking() => {
                Some("the model always thinks")
            }
            name if profile.drop.iter().any(|dropped| dropped == name) => {
                Some("not for a foreign provider")
            }
            _ => None,
        }
        .filter(|_| self.instead(name).is_none())
    }

    fn disables_thinking(&self) -> bool {
        let said = self.members.get("thinking");
        let said = said.and_then(|said| from_str::<Thinking<'_>>(said.get()).ok());
        said.is_some_and(|said| said.kind == "disabled")
    }

    /// What the configuration puts in the place of a member.
    fn instead(&self, name: &str) -> Option<&'p str> {
        let extra = &self.profile.extra_body;
        let value = extra.get(name).filter(|_| !OWN.contains(&name))?;
        Some(value.get())
    }

    /// Replaces and adds what the configuration says.
    pub(super) fn put_extra(&self, edits: &mut Edits<'_>) {
        for name in self.profile.extra_body.keys() {
            match (self.members.get(name), self.instead(name)) {
                (_, None) => {}
                (Some(old), Some(value)) => edits.replace(old.get(), value),
                (None, Some(value)) => self.add(edits, name, value),
            }
        }
    }

    /// Adds a member at the beginning.
    pub(super) fn add(&self, edits: &mut Edits<'_>, name: &str, value: &str) {
        let Some(brace) = self.text.find('{') else {
            return;
        };
        // A request has at least its model and its messages, so another member follows.
        let member = format!("\"{}\":{value},", Escaped::plain(name).get());
        edits.replace_range(brace + 1, brace + 1, member);
    }

    /// Each member as it stands in the text.
    pub(super) fn slices(&self) -> Vec<(&str, &'a str)> {
        self.members.slices(self.text).unwrap_or_default()
    }
}

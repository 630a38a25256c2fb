//! Puts turns into the order that strict servers insist on: every tool call is answered directly
//! behind it, no result stands alone, ids are unique, users do not speak twice in a row.

use super::turn::{Assistant, Part, Turn};
use crate::Profile;
use crate::profile::Prefill;
use sdk::host;
use sdk::json::{Escaped, separator};
use std::borrow::Cow;
use std::collections::BTreeSet;

const NO_RESULT: Escaped<'_> = Escaped::verbatim("[no result]");

/// Repairs a conversation.
pub(super) fn repair<'a>(turns: Vec<Turn<'a>>, profile: &Profile) -> Vec<Turn<'a>> {
    let mut repaired = Repair {
        turns: Vec::with_capacity(turns.len() + 2),
        ids: BTreeSet::new(),
    };
    let mut turns = turns.into_iter().peekable();
    while let Some(turn) = turns.next() {
        match turn {
            Turn::Assistant(assistant) if !assistant.calls.is_empty() => {
                let mut behind = Vec::new();
                while let Some(next) = turns.next_if(|turn| !matches!(turn, Turn::Assistant(_))) {
                    behind.push(next);
                }
                repaired.calls(assistant, behind);
            }
            other => repaired.plain(other),
        }
    }
    let mut turns = repaired.turns;
    let spoken = turns.iter().any(|turn| !matches!(turn, Turn::System(_)));
    let prefill = profile.prefill == Prefill::Continue
        && turns
            .iter()
            .rfind(|turn| !matches!(turn, Turn::System(_)))
            .is_some_and(|turn| matches!(turn, Turn::Assistant(_)));
    if prefill || !spoken {
        host::note("add", "messages", "the conversation must end with the user");
        turns.push(Turn::User(vec![Part::Text(Escaped::verbatim("Continue."))]));
    }
    turns
}

struct Repair<'a> {
    turns: Vec<Turn<'a>>,
    /// Call ids seen so far.
    ids: BTreeSet<Cow<'a, str>>,
}

impl<'a> Repair<'a> {
    /// An assistant message with calls, and what follows it up to the next one.
    fn calls(&mut self, mut assistant: Assistant<'a>, mut behind: Vec<Turn<'a>>) {
        let mut results = Vec::with_capacity(assistant.calls.len());
        for call in &mut assistant.calls {
            let result = behind
                .iter()
                .position(|turn| matches!(turn, Turn::Tool { id, .. } if *id == call.id))
                .map(|at| behind.remove(at));
            let content = match result {
                Some(Turn::Tool { content, .. }) if !content.is_empty() => content,
                Some(_) => Escaped::default(),
                None => {
                    host::note("add", "messages", "a tool call without a result got one");
                    NO_RESULT
                }
            };
            call.id = self.unique(std::mem::take(&mut call.id));
            results.push(Turn::Tool {
                id: call.id.clone(),
                content,
            });
        }
        self.turns.push(Turn::Assistant(assistant));
        self.turns.append(&mut results);
        for turn in behind {
            self.plain(turn);
        }
    }

    /// A turn outside of calls and their results.
    fn plain(&mut self, turn: Turn<'a>) {
        match turn {
            Turn::Tool { content, .. } => {
                host::note(
                    "change",
                    "messages",
                    "a result without its call became user text",
                );
                let mut text = Escaped::verbatim(r"[result of an earlier tool call]\n");
                text.join(separator::NONE, content);
                self.user(vec![Part::Text(text)]);
            }
            Turn::User(parts) => self.user(parts),
            other => self.turns.push(other),
        }
    }

    fn user(&mut self, mut parts: Vec<Part<'a>>) {
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        if parts.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some(Turn::User(before)) => before.append(&mut parts),
            _ => self.turns.push(Turn::User(parts)),
        }
    }

    /// The id itself the first time, then with a suffix.
    fn unique(&mut self, id: Cow<'a, str>) -> Cow<'a, str> {
        if self.ids.insert(id.clone()) {
            return id;
        }
        host::note("change", "messages", "a tool call id was used twice");
        let mut count = 2;
        loop {
            let id: Cow<'a, str> = Cow::Owned(format!("{id}_{count}"));
            if self.ids.insert(id.clone()) {
                return id;
            }
            count += 1;
        }
    }
}

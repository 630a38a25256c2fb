//! Puts turns into the order that strict servers insist on: every tool call is answered directly
//! behind it, no result stands alone, ids are unique, users do not speak twice in a row.

use super::names::hash;
use super::turn::{Assistant, Part, Turn};
use crate::Profile;
use crate::profile::{Prefill, ToolId, UserAfterTool};
use sdk::host;
use sdk::json::{Escaped, separator};
use std::borrow::Cow;
use std::collections::BTreeSet;

const NO_RESULT: Escaped<'_> = Escaped::verbatim("[no result]");

/// Repairs a conversation.
pub(super) fn repair<'a>(turns: Vec<Turn<'a>>, profile: &Profile) -> Vec<Turn<'a>> {
    let mut repaired = Repair {
        profile,
        turns: Vec::with_capacity(turns.len() + 2),
        ids: BTreeSet::new(),
    };
    let mut turns = joined(turns).into_iter().peekable();
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
    let spoken = turns
        .iter()
        .any(|turn| !matches!(turn, Turn::System { .. }));
    let prefill = profile.prefill == Prefill::Continue
        && turns
            .iter()
            .rfind(|turn| !matches!(turn, Turn::System { .. }))
            .is_some_and(|turn| matches!(turn, Turn::Assistant(_)));
    if profile.user_after_tool == UserAfterTool::Merge {
        turns = merged(turns);
    }
    if prefill || !spoken {
        host::note("add", "messages", "the conversation must end with the user");
        turns.push(Turn::User(vec![Part::Text(Escaped::verbatim("Continue."))]));
    }
    turns
}

/// Puts what the assistant says directly behind its calls into the same message, as Anthropic does: the results of all
/// calls are in the user message behind the last of them.
fn joined(turns: Vec<Turn<'_>>) -> Vec<Turn<'_>> {
    let mut done: Vec<Turn<'_>> = Vec::with_capacity(turns.len());
    for turn in turns {
        match (done.last_mut(), turn) {
            (Some(Turn::Assistant(before)), Turn::Assistant(more)) if !before.calls.is_empty() => {
                host::note("change", "messages", "two assistant messages became one");
                before.join(more);
            }
            (_, turn) => done.push(turn),
        }
    }
    done
}

/// Puts what the user says directly behind the result of a tool at the end of that result.
fn merged(turns: Vec<Turn<'_>>) -> Vec<Turn<'_>> {
    let mut done: Vec<Turn<'_>> = Vec::with_capacity(turns.len());
    for turn in turns {
        let (
            Some(Turn::Tool {
                content, images, ..
            }),
            Turn::User(_),
        ) = (done.last_mut(), &turn)
        else {
            done.push(turn);
            continue;
        };
        let Turn::User(parts) = turn else { continue };
        for part in parts {
            match part {
                Part::Text(text) => content.join(separator::BLANK_LINE, text),
                Part::CacheMark(_) => {
                    let why = "it stood in what went into a tool's result";
                    host::note("drop", "messages[*].content[*].cache_control", why);
                }
                image => images.push(image),
            }
        }
        host::note(
            "change",
            "messages",
            "the user's words and images went into a tool's result",
        );
    }
    done
}

struct Repair<'a, 'p> {
    profile: &'p Profile,
    turns: Vec<Turn<'a>>,
    /// Call ids seen so far.
    ids: BTreeSet<Cow<'a, str>>,
}

impl<'a> Repair<'a, '_> {
    /// An assistant message with calls, and what follows it up to the next one.
    fn calls(&mut self, mut assistant: Assistant<'a>, mut behind: Vec<Turn<'a>>) {
        let mut results = Vec::with_capacity(assistant.calls.len());
        for call in &mut assistant.calls {
            let result = behind
                .iter()
                .position(|turn| matches!(turn, Turn::Tool { id, .. } if *id == call.id))
                .map(|at| behind.remove(at));
            let (content, mark, failed) = match result {
                Some(Turn::Tool {
                    content,
                    mark,
                    failed,
                    ..
                }) => (content, mark, failed),
                _ => {
                    host::note("add", "messages", "a tool call without a result got one");
                    (NO_RESULT, None, false)
                }
            };
            call.id = self.unique(self.fitting(std::mem::take(&mut call.id)));
            results.push(Turn::Tool {
                id: call.id.clone(),
                content,
                images: Vec::new(),
                mark,
                failed,
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
            Turn::Tool { content, mark, .. } => {
                host::note(
                    "change",
                    "messages",
                    "a result without its call became user text",
                );
                let mut text = Escaped::verbatim(r"[result of an earlier tool call]\n");
                text.join(separator::NONE, content);
                let mark = mark.map(Part::CacheMark);
                self.user([Part::Text(text)].into_iter().chain(mark).collect());
            }
            Turn::User(parts) => self.user(parts),
            other => self.turns.push(other),
        }
    }

    fn user(&mut self, mut parts: Vec<Part<'a>>) {
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        if parts.iter().all(|part| matches!(part, Part::CacheMark(_))) {
            return;
        }
        match self.turns.last_mut() {
            Some(Turn::User(before)) => before.append(&mut parts),
            _ => self.turns.push(Turn::User(parts)),
        }
    }

    /// An id of the form that the provider takes.
    fn fitting(&self, id: Cow<'a, str>) -> Cow<'a, str> {
        let why = match self.profile.tool_id {
            form if fits(form, &id) => return id,
            ToolId::Alnum9 => "ids of tool calls have nine characters",
            ToolId::Word40 => "ids of tool calls have at most 40 letters, digits, _ and -",
            ToolId::Any | ToolId::Word64 => {
                "ids of tool calls have at most 64 letters, digits, _ and -"
            }
        };
        host::note("change", "messages", why);
        Cow::Owned(made(self.profile.tool_id, &id))
    }

    /// The id itself the first time, then with a suffix.
    fn unique(&mut self, id: Cow<'a, str>) -> Cow<'a, str> {
        if self.ids.insert(id.clone()) {
            return id;
        }
        host::note("change", "messages", "a tool call id was used twice");
        let mut count = 2;
        loop {
            let mut id: Cow<'a, str> = Cow::Owned(format!("{id}_{count}"));
            if !fits(self.profile.tool_id, &id) {
                id = Cow::Owned(made(self.profile.tool_id, &id));
            }
            if self.ids.insert(id.clone()) {
                return id;
            }
            count += 1;
        }
    }
}

/// Whether an id has this form.
fn fits(form: ToolId, id: &str) -> bool {
    let word = |most: usize| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        (1..=most).contains(&id.len()) && id.bytes().all(known)
    };
    match form {
        ToolId::Any => true,
        ToolId::Alnum9 => id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        ToolId::Word40 => word(40),
        ToolId::Word64 => word(64),
    }
}

/// An id of this form that stands for another one.
fn made(form: ToolId, id: &str) -> String {
    let nine = nine(hash(id));
    match form {
        ToolId::Alnum9 => nine,
        _ => format!("call_{nine}"),
    }
}

/// Nine letters and digits.
fn nine(mut hash: u64) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut id = String::with_capacity(9);
    for _ in 0..9 {
        id.push(char::from(DIGITS[(hash % 62) as usize]));
        hash /= 62;
    }
    id
}

//! Turns to `contents`: two roles that take turns, calls with the signatures that they were given with, and
//! for each call a response right behind it.

use crate::seal::{self, Place};
use chat::{Assistant, Names, Part, Said, Turn};
use sdk::json::{Escaped, Writer, quote_into};
use sdk::{Context, host};
use std::collections::BTreeMap;

const IMAGE_OMITTED: Escaped<'_> = Escaped::verbatim("[image omitted]");
const BEGINNING: Escaped<'_> = Escaped::verbatim("[the conversation begins here]");

/// What the options say of a conversation.
pub(super) struct Settings<'s> {
    pub(super) context: &'s Context,
    /// Signatures go back.
    pub(super) signatures: bool,
    /// Calls and their results have ids.
    pub(super) call_ids: bool,
    /// In place of a signature that is missing.
    pub(super) stand_in: Option<&'s str>,
}

/// Writes the list.
pub(super) fn write(
    out: &mut String,
    settings: &Settings<'_>,
    names: &mut Names,
    turns: &[Turn<'_>],
) {
    let mut contents = Contents {
        list: Writer::list(out),
        role: None,
        parts: String::new(),
    };
    // A response names its tool, where Anthropic's results name the call.
    let mut called: BTreeMap<&str, &str> = BTreeMap::new();
    for turn in turns {
        match turn {
            // Only at the beginning, where it was taken away.
            Turn::System { text, .. } => contents.text(USER, text, None),
            Turn::User(parts) => parts.iter().for_each(|part| user(&mut contents, part)),
            Turn::Assistant(turn) => {
                called.extend(turn.calls.iter().map(|call| (&*call.id, &*call.name)));
                assistant(&mut contents, settings, names, turn);
            }
            Turn::Tool {
                id,
                content,
                failed,
                ..
            } => {
                let mut part = Writer::object(contents.part(USER));
                let mut response = Writer::object(part.member("functionResponse"));
                if settings.call_ids {
                    response.plain("id", id);
                }
                let name = called.get(&**id).copied().unwrap_or_default();
                response.plain("name", &names.outgoing(name));
                let mut said = Writer::object(response.member("response"));
                said.text(if *failed { "error" } else { "output" }, content);
                said.end();
                response.end();
                part.end();
            }
        }
    }
    contents.end();
}

const USER: &str = "user";
const MODEL: &str = "model";

/// The list that is being written: parts of the same role go into the same content.
struct Contents<'o> {
    list: Writer<'o>,
    role: Option<&'static str>,
    parts: String,
}

impl Contents<'_> {
    /// The buffer, placed for the next part of this role.
    fn part(&mut self, role: &'static str) -> &mut String {
        if self.role != Some(role) {
            if self.role.is_none() && role == MODEL {
                host::note(
                    "add",
                    "messages",
                    "the conversation must begin with the user",
                );
                self.text(USER, &BEGINNING, None);
            }
            self.close();
            self.role = Some(role);
        }
        if !self.parts.is_empty() {
            self.parts.push(',');
        }
        &mut self.parts
    }

    /// `signature` is a JSON string.
    fn text(&mut self, role: &'static str, text: &Escaped<'_>, signature: Option<&str>) {
        let mut part = Writer::object(self.part(role));
        part.text("text", text);
        if let Some(signature) = signature {
            part.raw("thoughtSignature", signature);
        }
        part.end();
    }

    fn close(&mut self) {
        let Some(role) = self.role else {
            return;
        };
        let mut content = Writer::object(self.list.item());
        content.plain("role", role);
        let parts = content.member("parts");
        parts.push('[');
        parts.push_str(&self.parts);
        parts.push(']');
        content.end();
        self.parts.clear();
    }

    fn end(mut self) {
        self.close();
        self.list.end();
    }
}

fn user(contents: &mut Contents<'_>, part: &Part<'_>) {
    match part {
        Part::Text(text) => contents.text(USER, text, None),
        Part::Image(kind, data) => inline(contents, kind, data),
        Part::Document(kind, data, title) => {
            if !title.is_empty() {
                contents.text(USER, title, None);
            }
            inline(contents, kind, data);
        }
        Part::ImageUrl(_) => {
            let why = "an image by address became a placeholder";
            host::note("change", "messages", why);
            contents.text(USER, &IMAGE_OMITTED, None);
        }
        Part::CacheMark(_) => {}
    }
}

fn inline(contents: &mut Contents<'_>, kind: &str, data: &Escaped<'_>) {
    let mut part = Writer::object(contents.part(USER));
    let mut blob = Writer::object(part.member("inlineData"));
    blob.plain("mimeType", kind).text("data", data);
    blob.end();
    part.end();
}

/// What the model said: its texts apart, as it gave them, and each signature where it was.
fn assistant(
    contents: &mut Contents<'_>,
    settings: &Settings<'_>,
    names: &mut Names,
    turn: &Assistant<'_>,
) {
    let sealed = |said: Option<&Said<'_>>| match said {
        Some(Said::Thinking(_, sealed)) if settings.signatures => {
            seal::open(settings.context, sealed)
        }
        _ => None,
    };
    let mut next: Option<String> = None;
    let mut first_call = true;
    for (at, said) in turn.said.iter().enumerate() {
        match said {
            Said::Thinking(text, _) => {
                match sealed(Some(said)) {
                    Some((Place::Next, signature)) => next = Some(signature),
                    Some((Place::Before, _)) => {}
                    None => note_lost("the provider does not take this earlier thinking back"),
                }
                if !text.is_empty() {
                    note_lost("only signatures of thoughts go back, not their summaries");
                }
            }
            Said::Text(text) => {
                let own = match sealed(turn.said.get(at + 1)) {
                    Some((Place::Before, signature)) => Some(signature),
                    _ => None,
                };
                contents.text(MODEL, text, own.or_else(|| next.take()).as_deref());
            }
            Said::Call(number) => {
                let Some(call) = turn.calls.get(*number) else {
                    continue;
                };
                let mut part = Writer::object(contents.part(MODEL));
                let mut object = Writer::object(part.member("functionCall"));
                if settings.call_ids {
                    object.plain("id", &call.id);
                }
                // Arguments must be an object, and what a model once called with may be anything.
                let fits = call.arguments.trim_start().starts_with('{');
                let arguments = if fits { call.arguments } else { "{}" };
                object
                    .plain("name", &names.outgoing(&call.name))
                    .raw("args", arguments);
                object.end();
                // Of calls that were made together only the first one has a signature.
                let missing = settings.stand_in.filter(|_| first_call);
                match (next.take(), missing) {
                    (Some(signature), _) => {
                        part.raw("thoughtSignature", &signature);
                    }
                    (None, Some(stand_in)) => {
                        quote_into(part.member("thoughtSignature"), &Escaped::plain(stand_in));
                    }
                    (None, None) => {}
                }
                part.end();
                first_call = false;
            }
        }
    }
}

fn note_lost(why: &str) {
    host::note("drop", "messages[*].content[*].thinking", why);
}

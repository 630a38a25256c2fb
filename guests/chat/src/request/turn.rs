//! A conversation on its way from one format to the other: flat turns as chat completions has them,
//! their text still escaped as the client sent it.

use sdk::json::{Escaped, separator};
use std::borrow::Cow;

/// One message of chat completions.
#[derive(Debug)]
pub enum Turn<'a> {
    /// A system message, at the top or amid the conversation.
    System {
        /// What it says.
        text: Escaped<'a>,
        /// Where in the escaped text a cache mark stands, and the mark as it came: the prompt is to be cached up to
        /// there.
        marks: Vec<(usize, &'a str)>,
    },
    /// The user's text and images.
    User(Vec<Part<'a>>),
    /// The assistant's text and calls.
    Assistant(Assistant<'a>),
    /// The result of one call.
    Tool {
        /// The call's id.
        id: Cow<'a, str>,
        /// Its text.
        content: Escaped<'a>,
        /// Images behind the text, for providers that take no user behind a result.
        images: Vec<Part<'a>>,
        /// The mark at its end, as it came: the prompt is to be cached up to here.
        mark: Option<&'a str>,
        /// The tool failed. Only if the [`Form`] has a place for that: else the text says so.
        failed: bool,
    },
}

/// What the format behind a conversation can carry that chat completions cannot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form {
    /// [`Assistant::said`] is wanted: what an assistant message held, in its order.
    pub blocks: bool,
    /// The result of a tool has a mark for a failure.
    pub failures: bool,
    /// Documents that are not text, such as PDF, are taken as they are.
    pub documents: bool,
}

/// A piece of user content.
#[derive(Debug)]
pub enum Part<'a> {
    /// Text.
    Text(Escaped<'a>),
    /// An image as `(media type, base64)`.
    Image(Cow<'a, str>, Escaped<'a>),
    /// An image by its address.
    ImageUrl(Escaped<'a>),
    /// A document as `(media type, base64, title)`. Only if the [`Form`] or the profile has a place for it.
    Document(Cow<'a, str>, Escaped<'a>, Escaped<'a>),
    /// The prompt is to be cached up to here; the mark as it came. Only if the profile keeps cache marks.
    CacheMark(&'a str),
}

/// A piece of an assistant message.
#[derive(Debug)]
pub enum Said<'a> {
    /// Text of one block.
    Text(Escaped<'a>),
    /// Thinking, and what was sealed with it: the signature, or the data of redacted thinking.
    Thinking(Escaped<'a>, Cow<'a, str>),
    /// The call of this number in [`Assistant::calls`].
    Call(usize),
}

/// An assistant message.
#[derive(Debug, Default)]
pub struct Assistant<'a> {
    /// What it said.
    pub text: Escaped<'a>,
    /// What it thought, if the profile gives it back.
    pub reasoning: Escaped<'a>,
    /// What it thought as the provider gave it, JSON texts of lists, if the profile gives it back so.
    pub details: Vec<String>,
    /// Its calls.
    pub calls: Vec<Call<'a>>,
    /// The signature of the thought that leads to the next call, as a JSON string.
    pub(super) signature: Option<String>,
    /// All of it in its order, thinking still sealed. Empty unless the [`Form`] wants it.
    pub said: Vec<Said<'a>>,
}

impl Assistant<'_> {
    /// Whether nothing of it goes out.
    pub(super) fn is_empty(&self) -> bool {
        let spoke = !self.text.is_empty() || !self.calls.is_empty();
        !spoke && self.reasoning.is_empty() && self.details.is_empty() && self.said.is_empty()
    }

    /// Adds what the message behind this one holds.
    pub(super) fn join(&mut self, more: Self) {
        let calls = self.calls.len();
        self.text.join(separator::LINE, more.text);
        self.reasoning.join(separator::LINE, more.reasoning);
        self.details.extend(more.details);
        self.calls.extend(more.calls);
        self.said
            .extend(more.said.into_iter().map(|said| match said {
                Said::Call(at) => Said::Call(at + calls),
                other => other,
            }));
    }
}

/// A tool call.
#[derive(Debug)]
pub struct Call<'a> {
    /// Unique in the conversation.
    pub id: Cow<'a, str>,
    /// The client's name of the tool.
    pub name: Cow<'a, str>,
    /// JSON text of the input.
    pub arguments: &'a str,
    /// What the provider gave with it and wants back, as a JSON string.
    pub signature: Option<String>,
}

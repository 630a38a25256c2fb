//! A conversation on its way from one format to the other: flat turns as chat completions has them,
//! their text still escaped as the client sent it.

use sdk::json::Escaped;
use std::borrow::Cow;

/// One message of chat completions.
#[derive(Debug)]
pub(crate) enum Turn<'a> {
    /// A system message, at the top or amid the conversation.
    System(Escaped<'a>),
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
    },
}

/// A piece of user content.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    /// Text.
    Text(Escaped<'a>),
    /// An image as `(media type, base64)`.
    Image(Cow<'a, str>, Escaped<'a>),
    /// An image by its address.
    ImageUrl(Escaped<'a>),
}

/// An assistant message.
#[derive(Debug, Default)]
pub(crate) struct Assistant<'a> {
    pub(crate) text: Escaped<'a>,
    pub(crate) reasoning: Escaped<'a>,
    pub(crate) calls: Vec<Call<'a>>,
}

/// A tool call.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) id: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    /// JSON text of the input.
    pub(crate) arguments: &'a str,
}

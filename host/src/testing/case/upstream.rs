//! The forms that an upstream's answer has in a case, each with a file of its own. One more form
//! is one more variant here.

use crate::sse::frames;

/// A form of an upstream's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::testing) enum Form {
    /// A whole body: an answer or an error.
    Whole,
    /// Server-sent events.
    Events,
    /// JSON texts, one a line.
    Lines,
}

impl Form {
    pub(in crate::testing) const ALL: [Form; 3] = [Form::Whole, Form::Events, Form::Lines];

    /// The file that holds it.
    pub(in crate::testing) fn file(self) -> &'static str {
        match self {
            Form::Whole => "response.upstream.json",
            Form::Events => "response.upstream.sse",
            Form::Lines => "response.upstream.jsonl",
        }
    }

    /// Its `content-type`, unless the case says otherwise.
    pub(in crate::testing) fn content_type(self) -> &'static str {
        match self {
            Form::Whole => "application/json",
            Form::Events => "text/event-stream",
            Form::Lines => "application/x-ndjson",
        }
    }

    /// It comes in pieces, which can be cut anywhere.
    pub(in crate::testing) fn is_stream(self) -> bool {
        self != Form::Whole
    }

    /// The body frame by frame.
    pub(in crate::testing) fn frames(self, body: &[u8]) -> Vec<&[u8]> {
        match self {
            Form::Whole => vec![body],
            Form::Events => frames(body).collect(),
            Form::Lines => body.split_inclusive(|byte| *byte == b'\n').collect(),
        }
    }
}

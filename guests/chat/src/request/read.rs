//! Anthropic messages to turns. Nothing is reordered here, but that tool results come before the
//! rest of the user message they stand in.

mod assistant;
mod system;
mod user;

use super::lost::{Lost, NO_PLACE, Place};
use super::turn::{Form, Turn};
use crate::Profile;
use sdk::Context;
use sdk::anthropic::{Block, Content, Message, Request};
use sdk::json::{Error, Escaped, RawValue, separator};

/// The turns of a request, system text first.
pub(super) fn turns<'a>(
    context: &Context,
    request: &Request<'a>,
    profile: &Profile,
    form: Form,
) -> Result<Vec<Turn<'a>>, Error> {
    let mut reader = Reader {
        context,
        profile,
        form,
        turns: Vec::with_capacity(request.messages.len() + 8),
        lost: Lost::default(),
    };
    let pieces = reader.system_pieces(request.system)?;
    reader.turns.extend(system::turn(pieces));
    for message in &request.messages {
        reader.message(message)?;
    }
    Ok(reader.turns)
}

/// What a thinking block of ours carries for OpenRouter.
pub(crate) const REASONING_DETAILS: &str = "reasoning_details";

struct Reader<'a, 'p> {
    context: &'p Context,
    profile: &'p Profile,
    form: Form,
    turns: Vec<Turn<'a>>,
    lost: Lost,
}

impl<'a> Reader<'a, '_> {
    fn message(&mut self, message: &Message<'a>) -> Result<(), Error> {
        match message.role.as_ref() {
            "system" => self.system(message),
            "assistant" => self.assistant(message),
            _ => self.user(message),
        }
    }

    /// The cache mark of a block, if marks go out; else it is told.
    fn mark(&self, place: Place, block: &Block<'a>) -> Option<&'a str> {
        let mark = block.cache_control?.get();
        // They need content of parts.
        let keeps = self.profile.cache_control && !self.profile.content_as_string;
        if !keeps {
            self.lost.member(place, "cache_control", "drop", NO_PLACE);
        }
        keeps.then_some(mark)
    }

    /// Tells of a mark that has nothing to stand on.
    fn lost_mark(&self, place: Place, mark: Option<&str>) {
        if mark.is_some() {
            let why = "there is nothing left that it could stand on";
            self.lost.member(place, "cache_control", "drop", why);
        }
    }
}

/// The text blocks of a nested content.
pub(super) fn nested_text(content: Option<&RawValue>) -> Result<Escaped<'_>, Error> {
    let mut text = Escaped::default();
    match Content::of(content)? {
        Content::Text(all) => text = all,
        Content::Blocks(blocks) => {
            for block in &blocks {
                let piece = block.text.and_then(Escaped::of).unwrap_or_default();
                text.join(separator::LINE, piece);
            }
        }
    }
    Ok(text)
}

//! System text, at the top and amid the conversation.

use super::super::lost::Place;
use super::super::turn::{Part, Turn};
use super::Reader;
use crate::profile::MidSystem;
use sdk::anthropic::{Content, Message, ToolChange, is_attribution};
use sdk::host;
use sdk::json::{Error, Escaped, RawValue, separator};

/// Text up to a cache mark, and the mark; the last one may have none.
pub(super) type Piece<'a> = (Escaped<'a>, Option<&'a str>);

/// One message of them. None: there is no text.
pub(super) fn turn(pieces: Vec<Piece<'_>>) -> Option<Turn<'_>> {
    let mut text = Escaped::default();
    let mut marks = Vec::new();
    for (piece, mark) in pieces {
        text.join(separator::BLANK_LINE, piece);
        marks.extend(mark.map(|mark| (text.get().len(), mark)));
    }
    (!text.is_empty()).then_some(Turn::System { text, marks })
}

impl<'a> Reader<'a, '_> {
    /// The text of `system` or of a system message, without the attribution block.
    pub(super) fn system_pieces(
        &mut self,
        content: Option<&'a RawValue>,
    ) -> Result<Vec<Piece<'a>>, Error> {
        let blocks = match Content::of(content)? {
            Content::Text(all) if all.is_empty() || self.drops(&all) => return Ok(Vec::new()),
            Content::Text(all) => return Ok(vec![(all, None)]),
            Content::Blocks(blocks) => blocks,
        };
        let mut pieces: Vec<Piece<'a>> = Vec::new();
        for block in &blocks {
            let change = ToolChange::of(block).map(|change| Escaped::plain(&change.in_words()));
            if change.is_none() {
                self.lost.rest(Place::System, &block.rest);
            }
            let mark = self.mark(Place::System, block);
            match block.text.and_then(Escaped::of).or(change) {
                Some(piece) if piece.is_empty() || self.drops(&piece) => {
                    self.lost_mark(Place::System, mark);
                }
                Some(piece) => match pieces.last_mut() {
                    Some((before, open @ None)) => {
                        before.join(separator::BLANK_LINE, piece);
                        *open = mark;
                    }
                    _ => pieces.push((piece, mark)),
                },
                None => {
                    self.lost_mark(Place::System, mark);
                    host::note("drop", "system", &format!("a {} block", block.kind));
                }
            }
        }
        Ok(pieces)
    }

    fn drops(&self, text: &Escaped<'_>) -> bool {
        let drops = !self.profile.attribution && is_attribution(text);
        if drops {
            host::note(
                "drop",
                "system",
                "the attribution block changes with every request",
            );
        }
        drops
    }

    /// A system message amid the conversation stays at its place.
    pub(super) fn system(&mut self, message: &Message<'a>) -> Result<(), Error> {
        let mut pieces = self.system_pieces(message.content)?;
        if self.profile.mid_system == MidSystem::Keep {
            self.turns.extend(turn(pieces));
            return Ok(());
        }
        let Some((first, _)) = pieces.first_mut() else {
            return Ok(());
        };
        let mut folded = Escaped::verbatim(r"<system-reminder>\n");
        folded.join(separator::NONE, std::mem::take(first));
        *first = folded;
        if let Some((last, _)) = pieces.last_mut() {
            last.join(separator::NONE, Escaped::verbatim(r"\n</system-reminder>"));
        }
        host::note("change", "messages", "a system message became user text");
        let mut parts = Vec::with_capacity(pieces.len());
        for (text, mark) in pieces {
            parts.push(Part::Text(text));
            parts.extend(mark.map(Part::CacheMark));
        }
        self.turns.push(Turn::User(parts));
        Ok(())
    }
}

//! Anthropic messages to turns. Nothing is reordered here, but that tool results come before the
//! rest of the user message they stand in.

use super::lost::{Lost, Place};
use super::turn::{Assistant, Call, Part, Turn};
use crate::Profile;
use crate::profile::{MidSystem, ReasoningOut};
use sdk::anthropic::{Block, Content, Message, Request, Source, is_attribution};
use sdk::host;
use sdk::json::{Error, Escaped, RawValue, separator};

const IMAGE_BELOW: Escaped<'_> = Escaped::verbatim("[image below]");
const IMAGE_OMITTED: Escaped<'_> = Escaped::verbatim("[image omitted]");

/// The turns of a request, system text first.
pub(super) fn turns<'a>(request: &Request<'a>, profile: &Profile) -> Result<Vec<Turn<'a>>, Error> {
    let mut reader = Reader {
        profile,
        turns: Vec::with_capacity(request.messages.len() + 8),
        lost: Lost::default(),
    };
    let system = reader.system_text(request.system, separator::BLANK_LINE)?;
    if !system.is_empty() {
        reader.turns.push(Turn::System(system));
    }
    for message in &request.messages {
        reader.message(message)?;
    }
    Ok(reader.turns)
}

struct Reader<'a, 'p> {
    profile: &'p Profile,
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

    /// Text of `system` or of a system message, without the attribution block.
    fn system_text(
        &self,
        content: Option<&'a RawValue>,
        between: &'static str,
    ) -> Result<Escaped<'a>, Error> {
        let mut text = Escaped::default();
        match Content::of(content)? {
            Content::Text(all) if self.drops(&all) => {}
            Content::Text(all) => text = all,
            Content::Blocks(blocks) => {
                for block in &blocks {
                    self.lost.rest(Place::System, &block.rest);
                    match block.text.and_then(Escaped::of) {
                        Some(piece) if self.drops(&piece) => {}
                        Some(piece) => text.join(between, piece),
                        None => host::note("drop", "system", &format!("a {} block", block.kind)),
                    }
                }
            }
        }
        Ok(text)
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
    fn system(&mut self, message: &Message<'a>) -> Result<(), Error> {
        let text = self.system_text(message.content, separator::BLANK_LINE)?;
        if text.is_empty() {
            return Ok(());
        }
        if self.profile.mid_system == MidSystem::Keep {
            self.turns.push(Turn::System(text));
            return Ok(());
        }
        let mut folded = Escaped::verbatim(r"<system-reminder>\n");
        folded.join(separator::NONE, text);
        folded.join(separator::NONE, Escaped::verbatim(r"\n</system-reminder>"));
        host::note("change", "messages", "a system message became user text");
        self.turns.push(Turn::User(vec![Part::Text(folded)]));
        Ok(())
    }

    fn assistant(&mut self, message: &Message<'a>) -> Result<(), Error> {
        let mut turn = Assistant::default();
        match Content::of(message.content)? {
            Content::Text(text) => turn.text = text,
            Content::Blocks(blocks) => {
                for block in blocks {
                    self.assistant_block(&mut turn, block);
                }
            }
        }
        if !turn.text.is_empty() || !turn.calls.is_empty() {
            self.turns.push(Turn::Assistant(turn));
        }
        Ok(())
    }

    fn assistant_block(&self, turn: &mut Assistant<'a>, block: Block<'a>) {
        self.lost.rest(Place::Block, &block.rest);
        match block.kind.as_ref() {
            "text" => turn.text.join(
                separator::NONE,
                block.text.and_then(Escaped::of).unwrap_or_default(),
            ),
            "tool_use" => turn.calls.push(Call {
                id: block.id.into_cow(),
                name: block.name.into_cow(),
                arguments: match block.input.map(RawValue::get) {
                    None | Some("null") => "{}",
                    Some(input) => input,
                },
            }),
            "thinking" if self.profile.reasoning_out != ReasoningOut::Drop => {
                let thinking = block.thinking.and_then(Escaped::of).unwrap_or_default();
                turn.reasoning.join(separator::LINE, thinking);
            }
            "thinking" | "redacted_thinking" => {
                host::note(
                    "drop",
                    "messages",
                    "the provider does not take earlier thinking back",
                );
            }
            kind => host::note(
                "drop",
                "messages",
                &format!("an assistant block of type {kind}"),
            ),
        }
    }

    fn user(&mut self, message: &Message<'a>) -> Result<(), Error> {
        let blocks = match Content::of(message.content)? {
            Content::Text(text) => {
                self.turns.push(Turn::User(vec![Part::Text(text)]));
                return Ok(());
            }
            Content::Blocks(blocks) => blocks,
        };
        // Images of tool results come after all tool messages: a tool message holds text only.
        let mut images = Vec::new();
        let mut rest = Vec::new();
        for block in blocks {
            if block.kind == "tool_result" {
                let content = self.tool_result(&block, &mut images)?;
                self.turns.push(Turn::Tool {
                    id: block.tool_use_id.into_cow(),
                    content,
                });
            } else {
                rest.extend(self.part(block)?);
            }
        }
        images.append(&mut rest);
        if !images.is_empty() {
            self.turns.push(Turn::User(images));
        }
        Ok(())
    }

    fn tool_result(
        &self,
        block: &Block<'a>,
        images: &mut Vec<Part<'a>>,
    ) -> Result<Escaped<'a>, Error> {
        let mut text = Escaped::default();
        self.lost.rest(Place::Block, &block.rest);
        if block.is_error == Some(true) {
            let why = "there is no mark for a failed tool: its text says so";
            self.lost.member(Place::Block, "is_error", "change", why);
            text = Escaped::verbatim("Error: ");
        }
        let mut content = Escaped::default();
        match Content::of(block.content)? {
            Content::Text(all) => content = all,
            Content::Blocks(blocks) => {
                for block in blocks {
                    match self.part(block)? {
                        Some(Part::Text(piece)) => content.join(separator::LINE, piece),
                        Some(image) => {
                            content.join(separator::LINE, IMAGE_BELOW);
                            images.push(image);
                        }
                        None => {}
                    }
                }
            }
        }
        text.join(separator::NONE, content);
        Ok(text)
    }

    /// A block of user content or of a tool result. None: an empty text.
    fn part(&self, block: Block<'a>) -> Result<Option<Part<'a>>, Error> {
        self.lost.rest(Place::Block, &block.rest);
        let text = match block.kind.as_ref() {
            "text" => block.text.and_then(Escaped::of).unwrap_or_default(),
            "image" => return Ok(Some(self.image(block.source.unwrap_or_default()))),
            "document" => document(&block),
            "tool_reference" => {
                Escaped::plain(&format!("The tool {} can be called now.", block.tool_name))
            }
            "search_result" => nested_text(block.content)?,
            kind => {
                host::note(
                    "change",
                    "messages",
                    &format!("a {kind} block became a placeholder"),
                );
                Escaped::plain(&format!("[{kind} omitted]"))
            }
        };
        Ok((!text.is_empty()).then_some(Part::Text(text)))
    }

    fn image(&self, source: Source<'a>) -> Part<'a> {
        let data = source.data.and_then(Escaped::of);
        let url = source.url.and_then(Escaped::of);
        match (self.profile.images, data, url) {
            (true, Some(data), _) => Part::Image(source.media_type.into_cow(), data),
            (true, None, Some(url)) => Part::ImageUrl(url),
            _ => {
                host::note("change", "messages", "an image became a placeholder");
                Part::Text(IMAGE_OMITTED)
            }
        }
    }
}

/// Text of a document, or a placeholder.
fn document<'a>(block: &Block<'a>) -> Escaped<'a> {
    let title = block.title.and_then(Escaped::of).unwrap_or_default();
    let text = block.source.as_ref().filter(|source| source.kind == "text");
    let Some(text) = text.and_then(|source| Escaped::of(source.data?)) else {
        host::note("change", "messages", "a document became a placeholder");
        return Escaped::verbatim("[document omitted]");
    };
    let mut whole = title;
    whole.join(separator::LINE, text);
    whole
}

/// The text blocks of a nested content.
fn nested_text(content: Option<&RawValue>) -> Result<Escaped<'_>, Error> {
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

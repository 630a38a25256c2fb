//! Anthropic messages to turns. Nothing is reordered here, but that tool results come before the
//! rest of the user message they stand in.

use super::found;
use super::lost::{Lost, NO_PLACE, Place};
use super::turn::{Assistant, Call, Form, Part, Said, Turn};
use crate::Profile;
use crate::profile::{MidSystem, ReasoningOut};
use sdk::anthropic::{Block, Content, Message, Request, Source, ToolChange, is_attribution};
use sdk::json::{Error, Escaped, RawValue, separator};
use sdk::{Context, envelope, host};

const IMAGE_BELOW: Escaped<'_> = Escaped::verbatim("[image below]");
const DOCUMENT_BELOW: Escaped<'_> = Escaped::verbatim("[document below]");
const IMAGE_OMITTED: Escaped<'_> = Escaped::verbatim("[image omitted]");

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
    let (text, marked) = reader.system_text(request.system)?;
    if !text.is_empty() {
        reader.turns.push(Turn::System { text, marked });
    }
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

    /// Text of `system` or of a system message, without the attribution block, and whether its end has a
    /// cache mark.
    fn system_text(&self, content: Option<&'a RawValue>) -> Result<(Escaped<'a>, bool), Error> {
        let mut text = Escaped::default();
        let mut marked = false;
        match Content::of(content)? {
            Content::Text(all) if self.drops(&all) => {}
            Content::Text(all) => text = all,
            Content::Blocks(blocks) => {
                for block in &blocks {
                    let change =
                        ToolChange::of(block).map(|change| Escaped::plain(&change.in_words()));
                    if change.is_none() {
                        self.lost.rest(Place::System, &block.rest);
                    }
                    self.lost_mark(Place::System, block);
                    match block.text.and_then(Escaped::of).or(change) {
                        Some(piece) if self.drops(&piece) => {}
                        Some(piece) => {
                            if marked {
                                let why = "only a mark at the end of the system text goes out";
                                let lost = &self.lost;
                                lost.member(Place::System, "cache_control", "drop", why);
                            }
                            text.join(separator::BLANK_LINE, piece);
                            marked = self.marks(block);
                        }
                        None => host::note("drop", "system", &format!("a {} block", block.kind)),
                    }
                }
            }
        }
        Ok((text, marked))
    }

    /// Tells of a cache mark that does not go out.
    fn lost_mark(&self, place: Place, block: &Block<'_>) {
        if block.cache_control.is_some() && !self.keeps_marks() {
            self.lost.member(place, "cache_control", "drop", NO_PLACE);
        }
    }

    /// Whether the cache mark of a block goes out. What it says beside that is told as lost.
    fn marks(&self, block: &Block<'_>) -> bool {
        let Some(mark) = block.cache_control.filter(|_| self.keeps_marks()) else {
            return false;
        };
        if mark.get().contains("\"ttl\"") {
            let why = "marks go out without a time to live";
            let lost = &self.lost;
            lost.member(Place::Block, "cache_control.ttl", "drop", why);
        }
        true
    }

    /// Whether cache marks go out: they need content of parts.
    fn keeps_marks(&self) -> bool {
        self.profile.cache_control && !self.profile.content_as_string
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
        let (text, marked) = self.system_text(message.content)?;
        if text.is_empty() {
            return Ok(());
        }
        if self.profile.mid_system == MidSystem::Keep {
            self.turns.push(Turn::System { text, marked });
            return Ok(());
        }
        let mut folded = Escaped::verbatim(r"<system-reminder>\n");
        folded.join(separator::NONE, text);
        folded.join(separator::NONE, Escaped::verbatim(r"\n</system-reminder>"));
        host::note("change", "messages", "a system message became user text");
        let mut parts = vec![Part::Text(folded)];
        parts.extend(marked.then_some(Part::CacheMark));
        self.turns.push(Turn::User(parts));
        Ok(())
    }

    fn assistant(&mut self, message: &Message<'a>) -> Result<(), Error> {
        let mut turn = Assistant::default();
        match Content::of(message.content)? {
            Content::Text(text) => {
                if self.form.blocks && !text.is_empty() {
                    turn.said.push(Said::Text(text.clone()));
                }
                turn.text = text;
            }
            Content::Blocks(blocks) => {
                for block in blocks {
                    self.assistant_block(&mut turn, block);
                }
            }
        }
        if turn.is_empty() {
            let why = "nothing is left of an assistant message";
            host::note("drop", "messages", why);
        } else {
            self.turns.push(Turn::Assistant(turn));
        }
        Ok(())
    }

    fn assistant_block(&self, turn: &mut Assistant<'a>, block: Block<'a>) {
        self.lost.rest(Place::Block, &block.rest);
        if block.cache_control.is_some() {
            let lost = &self.lost;
            lost.member(Place::Block, "cache_control", "drop", NO_PLACE);
        }
        match block.kind.as_ref() {
            "text" => {
                let text = block.text.and_then(Escaped::of).unwrap_or_default();
                self.says(turn, separator::NONE, text);
            }
            "tool_use" => {
                if self.form.blocks {
                    turn.said.push(Said::Call(turn.calls.len()));
                }
                turn.calls.push(Call {
                    id: block.id.into_cow(),
                    name: block.name.into_cow(),
                    arguments: match block.input.map(RawValue::get) {
                        None | Some("null") => "{}",
                        Some(input) => input,
                    },
                });
            }
            "thinking" | "redacted_thinking" => self.reasoning(turn, &block),
            "server_tool_use" => {
                let input = block.input.map_or("{}", RawValue::get);
                let text = format!("[{} {input}]\n", block.name);
                self.says(turn, separator::LINE, Escaped::plain(&text));
            }
            kind if kind.ends_with("_tool_result") => {
                self.says(
                    turn,
                    separator::NONE,
                    found::text(block.content, &self.lost),
                );
            }
            kind => host::note(
                "drop",
                "messages",
                &format!("an assistant block of type {kind}"),
            ),
        }
    }

    /// More text of an assistant message.
    fn says(&self, turn: &mut Assistant<'a>, separator: &'static str, text: Escaped<'a>) {
        if self.form.blocks && !text.is_empty() {
            turn.said.push(Said::Text(text.clone()));
        }
        turn.text.join(separator, text);
    }

    /// Earlier thinking, in the way the provider takes it back.
    fn reasoning(&self, turn: &mut Assistant<'a>, block: &Block<'a>) {
        if self.form.blocks {
            let thinking = block.thinking.and_then(Escaped::of).unwrap_or_default();
            let sealed = if block.data.is_empty() {
                &block.signature
            } else {
                &block.data
            };
            let sealed = sealed.clone().into_cow();
            turn.said.push(Said::Thinking(thinking, sealed));
            return;
        }
        match self.profile.reasoning_out {
            ReasoningOut::ReasoningDetails => {
                let sealed = [&*block.signature, &*block.data];
                let opened = sealed
                    .iter()
                    .find_map(|sealed| envelope::open(self.context, REASONING_DETAILS, sealed));
                if let Some(details) = opened {
                    turn.details.push(details);
                    return;
                }
            }
            ReasoningOut::Drop => {}
            ReasoningOut::Reasoning
            | ReasoningOut::ReasoningContent
            | ReasoningOut::ThinkTags
            | ReasoningOut::ContentParts => {
                if let Some(thinking) = block.thinking.and_then(Escaped::of) {
                    turn.reasoning.join(separator::LINE, thinking);
                    return;
                }
            }
        }
        let why = "the provider does not take this earlier thinking back";
        host::note("drop", "messages", why);
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
                let marked = self.marks(&block);
                let failed = self.form.failures && block.is_error == Some(true);
                self.turns.push(Turn::Tool {
                    id: block.tool_use_id.into_cow(),
                    content,
                    images: Vec::new(),
                    marked,
                    failed,
                });
            } else {
                let marked = self.marks(&block);
                let part = self.part(block)?;
                let mark = (marked && part.is_some()).then_some(Part::CacheMark);
                rest.extend(part);
                rest.extend(mark);
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
        self.lost_mark(Place::Block, block);
        if block.is_error == Some(true) && !self.form.failures {
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
                        Some(other) => {
                            let document = matches!(other, Part::Document(..));
                            let below = if document {
                                DOCUMENT_BELOW
                            } else {
                                IMAGE_BELOW
                            };
                            content.join(separator::LINE, below);
                            images.push(other);
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
        self.lost_mark(Place::Block, &block);
        let text = match block.kind.as_ref() {
            "text" => block.text.and_then(Escaped::of).unwrap_or_default(),
            "image" => return Ok(Some(self.image(block.source().unwrap_or_default()))),
            "document" => match self.whole_document(&block) {
                Some(document) => return Ok(Some(document)),
                None => document(&block),
            },
            "tool_reference" => {
                Escaped::plain(&format!("The tool {} can be called now.", block.tool_name))
            }
            "search_result" => search_result(&block)?,
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

    /// A document that goes out as it is.
    fn whole_document(&self, block: &Block<'a>) -> Option<Part<'a>> {
        let source = block.source().filter(|_| self.form.documents)?;
        let data = source.data.filter(|_| source.kind == "base64")?;
        let title = block.title.and_then(Escaped::of).unwrap_or_default();
        let data = Escaped::of(data)?;
        Some(Part::Document(source.media_type.into_cow(), data, title))
    }

    fn image(&self, source: Source<'a>) -> Part<'a> {
        let data = source.data.and_then(Escaped::of);
        let url = source.url.and_then(Escaped::of);
        let images = self.profile.images && !self.profile.content_as_string;
        match (images, data, url) {
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
    let Some(text) = block.source.and_then(found::source) else {
        host::note("change", "messages", "a document became a placeholder");
        return Escaped::verbatim("[document omitted]");
    };
    let mut whole = title;
    whole.join(separator::LINE, text);
    whole
}

/// Title, address and text of a search result that the client gives.
fn search_result<'a>(block: &Block<'a>) -> Result<Escaped<'a>, Error> {
    let mut text = block.title.and_then(Escaped::of).unwrap_or_default();
    let address = block.source.and_then(Escaped::of).unwrap_or_default();
    text.join(separator::LINE, address);
    text.join(separator::LINE, nested_text(block.content)?);
    Ok(text)
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

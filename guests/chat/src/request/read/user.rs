//! What the user said and showed, and what tools gave.

use super::super::found;
use super::super::lost::Place;
use super::super::turn::{Part, Turn};
use super::{Reader, nested_text};
use sdk::anthropic::{Block, Content, Message, Source};
use sdk::host;
use sdk::json::{Error, Escaped, separator};

const IMAGE_BELOW: Escaped<'_> = Escaped::verbatim("[image below]");
const DOCUMENT_BELOW: Escaped<'_> = Escaped::verbatim("[document below]");
const IMAGE_OMITTED: Escaped<'_> = Escaped::verbatim("[image omitted]");

impl<'a> Reader<'a, '_> {
    pub(super) fn user(&mut self, message: &Message<'a>) -> Result<(), Error> {
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
                let (content, mark) = self.tool_result(&block, &mut images)?;
                let failed = self.form.failures && block.is_error == Some(true);
                self.turns.push(Turn::Tool {
                    id: block.tool_use_id.into_cow(),
                    content,
                    images: Vec::new(),
                    mark,
                    failed,
                });
            } else {
                let mark = self.mark(Place::Block, &block);
                match self.part(block)? {
                    Some(part) => {
                        rest.push(part);
                        rest.extend(mark.map(Part::CacheMark));
                    }
                    None => self.lost_mark(Place::Block, mark),
                }
            }
        }
        images.append(&mut rest);
        if !images.is_empty() {
            self.turns.push(Turn::User(images));
        }
        Ok(())
    }

    /// Its text, and the mark that stands at its end: its own, or the last one in it.
    fn tool_result(
        &self,
        block: &Block<'a>,
        images: &mut Vec<Part<'a>>,
    ) -> Result<(Escaped<'a>, Option<&'a str>), Error> {
        let mut text = Escaped::default();
        self.lost.rest(Place::Block, &block.rest);
        let mut mark = self.mark(Place::Block, block);
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
                    mark = self.mark(Place::Block, &block).or(mark);
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
        if text.is_empty() {
            self.lost_mark(Place::Block, mark.take());
        }
        Ok((text, mark))
    }

    /// A block of user content or of a tool result. None: an empty text.
    fn part(&self, block: Block<'a>) -> Result<Option<Part<'a>>, Error> {
        self.lost.rest(Place::Block, &block.rest);
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
        let source = block.source()?;
        let pdf = self.profile.pdf && !self.profile.content_as_string;
        let taken = self.form.documents || (pdf && source.media_type == *"application/pdf");
        if !taken {
            return None;
        }
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

//! What a tool of Anthropic's found, and documents that hold text: their words, for providers that have no place for
//! such blocks.

use super::lost::{Lost, NO_PLACE, Place};
use super::read::nested_text;
use sdk::host;
use sdk::json::{Escaped, Members, RawValue, from_str, separator};

/// How deep results may stand in one another.
const DEPTH: usize = 4;

/// Titles, addresses and text of a result or a list of them, each on a line.
pub(super) fn text<'a>(content: Option<&'a RawValue>, lost: &Lost) -> Escaped<'a> {
    let Some(content) = content else {
        return Escaped::default();
    };
    let mut text = Escaped::default();
    gather(&mut text, content, lost, DEPTH);
    text.join(separator::NONE, Escaped::verbatim(r"\n"));
    text
}

fn gather<'a>(text: &mut Escaped<'a>, content: &'a RawValue, lost: &Lost, depth: usize) {
    if let Some(piece) = Escaped::of(content) {
        text.join(separator::LINE, piece);
        return;
    }
    let list = from_str::<Vec<Members<'a>>>(content.get());
    let list = list.or_else(|_| from_str(content.get()).map(|one| vec![one]));
    for result in list.unwrap_or_default() {
        one(text, &result, lost, depth);
    }
}

fn one<'a>(text: &mut Escaped<'a>, result: &Members<'a>, lost: &Lost, depth: usize) {
    for name in ["title", "url", "text", "stdout", "stderr", "error_code"] {
        let piece = result.get(name).and_then(Escaped::of).unwrap_or_default();
        text.join(separator::LINE, piece);
    }
    for (name, value) in result.iter() {
        match name {
            "type" | "title" | "url" | "text" | "stdout" | "stderr" | "error_code" => {}
            _ if value.get() == "null" => {}
            "return_code" if value.get() == "0" => {}
            "return_code" => {
                let words = format!("return code {}", value.get());
                text.join(separator::LINE, Escaped::plain(&words));
            }
            "content" if depth > 0 => gather(text, value, lost, depth - 1),
            "source" => text.join(separator::LINE, source(value).unwrap_or_else(omitted)),
            _ => lost.member(Place::Block, name, "drop", NO_PLACE),
        }
    }
}

/// The text that the source of a document holds.
pub(super) fn source(source: &RawValue) -> Option<Escaped<'_>> {
    let members: Members<'_> = from_str(source.get()).ok()?;
    let kind = members.get("type").and_then(Escaped::of)?;
    match kind.get() {
        "text" => Escaped::of(members.get("data")?),
        "content" => {
            let text = nested_text(members.get("content")).ok()?;
            Some(text).filter(|text| !text.is_empty())
        }
        _ => None,
    }
}

fn omitted<'a>() -> Escaped<'a> {
    host::note("change", "messages", "a document became a placeholder");
    Escaped::verbatim("[document omitted]")
}

//! The second pass over a body: texts and names that only some rules ask for, where they stand.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Texts of a body, as they stand in it.
#[derive(Debug, Default)]
pub struct Details<'b> {
    /// JSON strings, quotes included, of the system's: the member `system`, then `role: "system"`
    /// messages.
    pub system: Vec<&'b str>,
    /// Names of tools.
    pub tools: Vec<Cow<'b, str>>,
    /// JSON strings of the last user message.
    pub last_user: Vec<&'b str>,
}

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    system: Option<&'b RawValue>,
    #[serde(borrow, default)]
    messages: Vec<Message<'b>>,
    #[serde(borrow, default)]
    tools: Option<Vec<Tool<'b>>>,
}

/// A message, its content still to be read.
#[derive(Deserialize)]
pub(crate) struct Message<'b> {
    #[serde(borrow)]
    pub(crate) role: Option<Cow<'b, str>>,
    #[serde(borrow)]
    pub(crate) content: Option<&'b RawValue>,
}

#[derive(Deserialize)]
struct Tool<'b> {
    #[serde(borrow)]
    name: Option<Cow<'b, str>>,
}

/// A block of a content, or of `system`.
#[derive(Deserialize)]
pub(crate) struct Block<'b> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Option<Cow<'b, str>>,
    #[serde(borrow)]
    text: Option<&'b RawValue>,
    #[serde(borrow)]
    pub(crate) content: Option<&'b RawValue>,
}

impl<'b> Details<'b> {
    /// Reads a body. One that does not have the usual form has no details.
    pub fn read(body: &'b [u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<Body<'b>>(body) else {
            return Self::default();
        };
        let mut system = body.system.map(texts).unwrap_or_default();
        let mut last_user = None;
        for message in &body.messages {
            match message.role.as_deref() {
                Some("system") => system.extend(message.content.into_iter().flat_map(texts)),
                Some("user") => last_user = message.content,
                _ => {}
            }
        }
        let tools = body.tools.unwrap_or_default();
        Self {
            system,
            tools: tools.into_iter().filter_map(|tool| tool.name).collect(),
            last_user: last_user.map(texts).unwrap_or_default(),
        }
    }

    /// Whether a system text holds these words.
    pub fn system_has(&self, words: &str) -> bool {
        self.system
            .iter()
            .any(|literal| plain(literal).contains(words))
    }

    /// What follows `Working directory:` in a system text: the client's block about its surroundings.
    pub fn working_directory(&self) -> Option<String> {
        const MARK: &str = "orking directory:";
        self.system.iter().find_map(|literal| {
            let text = plain(literal);
            let (_, rest) = text.split_once(MARK)?;
            let line = rest.lines().next().unwrap_or_default().trim();
            (!line.is_empty() && line.len() <= 4096).then(|| line.to_owned())
        })
    }
}

/// A JSON string without its quotes and escapes.
pub(crate) fn plain(literal: &str) -> Cow<'_, str> {
    let inside = literal
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inside {
        Some(inside) if !inside.contains('\\') => Cow::Borrowed(inside),
        _ => Cow::Owned(serde_json::from_str(literal).unwrap_or_default()),
    }
}

/// The strings of a content: itself, or the `text` of its blocks.
pub(crate) fn texts(content: &RawValue) -> Vec<&str> {
    if content.get().starts_with('"') {
        return vec![content.get()];
    }
    let blocks = blocks(content).into_iter();
    let texts = blocks.filter_map(|(_, block)| block.text.map(RawValue::get));
    texts.filter(|text| text.starts_with('"')).collect()
}

/// The blocks of a content, each with its JSON. A content that is no list has none.
pub(crate) fn blocks(content: &RawValue) -> Vec<(&str, Block<'_>)> {
    let items: Vec<&RawValue> = serde_json::from_str(content.get()).unwrap_or_default();
    items
        .into_iter()
        .filter_map(|item| Some((item.get(), serde_json::from_str(item.get()).ok()?)))
        .collect()
}

/// Where `part` stands in `body`, of which it must be a part.
pub(crate) fn range_in(body: &[u8], part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - body.as_ptr() as usize;
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_names_are_found_in_every_form() {
        let body = br#"{"system":[{"type":"text","text":"a\nWorking directory: /home/me\nx"}],
            "tools":[{"name":"Bash"},{"type":"web_search_20250305","name":"web_search"}],
            "messages":[{"role":"user","content":"old"},{"role":"system","content":"mid"},
              {"role":"user","content":[{"type":"image","source":{}},{"type":"text","text":"new"}]}]}"#;
        let details = Details::read(body);
        assert!(details.system_has("mid") && !details.system_has("old"));
        assert_eq!(details.working_directory().as_deref(), Some("/home/me"));
        assert_eq!(details.tools, ["Bash", "web_search"]);
        assert_eq!(details.last_user, [r#""new""#]);
        assert_eq!(Details::read(b"{\"messages\":7}").system.len(), 0);
    }
}

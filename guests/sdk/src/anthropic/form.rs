//! What in a request does not have the form of the Messages API, in that API's words. Looked for only when a body could not
//! be read: what a parser says of it names no place, and means nothing to who wrote the request.

use crate::json::{Error, Members, RawValue, Str, from_str};
use serde::de::{Error as _, MapAccess};

/// What a value must be.
#[derive(Clone, Copy)]
enum Form {
    Text,
    /// Text that may be null: the SDKs write so what is not set.
    TextOrNull,
    Flag,
    /// A whole number, 0 or more.
    Whole,
    List(&'static Form),
    Object(&'static [Member]),
    /// Text or blocks.
    Content,
    Block,
}

/// A member: its name, what it must be, and whether it must be there.
type Member = (&'static str, Form, bool);

const REQUEST: Form = Form::Object(&[
    ("messages", Form::List(&MESSAGE), true),
    ("system", Form::Content, false),
    ("tools", Form::List(&TOOL), false),
    ("tool_choice", CHOICE, false),
    ("max_tokens", Form::Whole, false),
    ("stop_sequences", Form::List(&Form::Text), false),
    ("thinking", THINKING, false),
    ("output_config", OUTPUT, false),
    ("stream", Form::Flag, false),
]);
const MESSAGE: Form = Form::Object(&[
    ("role", Form::Text, true),
    ("content", Form::Content, false),
]);
const TOOL: Form = Form::Object(&[
    ("name", Form::Text, false),
    ("defer_loading", Form::Flag, false),
]);
const CHOICE: Form = Form::Object(&[
    ("type", Form::Text, false),
    ("name", Form::Text, false),
    ("disable_parallel_tool_use", Form::Flag, false),
]);
const THINKING: Form = Form::Object(&[
    ("type", Form::Text, false),
    ("budget_tokens", Form::Whole, false),
]);
const OUTPUT: Form = Form::Object(&[
    ("effort", Form::TextOrNull, false),
    (
        "format",
        Form::Object(&[("type", Form::Text, false)]),
        false,
    ),
]);
const BLOCK: Form = Form::Object(&[
    ("type", Form::Text, false),
    ("signature", Form::Text, false),
    ("data", Form::Text, false),
    ("id", Form::Text, false),
    ("name", Form::Text, false),
    ("tool_use_id", Form::Text, false),
    ("tool_name", Form::Text, false),
    ("is_error", Form::Flag, false),
]);

/// The error for a request that could not be read, with the words of the Messages API if its form is at fault, else as
/// the parser has it.
pub(super) fn told(body: &[u8], error: Error) -> Error {
    let text = std::str::from_utf8(body).ok();
    match text.and_then(misfit_in) {
        Some(words) => Error::custom(words),
        None => error,
    }
}

/// What does not fit in the text of a request.
pub(super) fn misfit_in(text: &str) -> Option<String> {
    misfit(&REQUEST, from_str(text).ok()?, "")
}

/// The first thing that does not fit, and what it should be.
fn misfit(form: &Form, raw: &RawValue, path: &str) -> Option<String> {
    let json = raw.get();
    let begins = |byte: char| json.starts_with(byte);
    let (fits, expected) = match form {
        Form::Text => (begins('"'), "Input should be a valid string"),
        Form::TextOrNull => (
            begins('"') || json == "null",
            "Input should be a valid string",
        ),
        Form::Flag => (
            matches!(json, "true" | "false" | "null"),
            "Input should be a valid boolean",
        ),
        Form::Whole => return not_whole(json).map(|words| format!("{path}: {words}")),
        Form::List(_) => (begins('['), "Input should be a valid list"),
        Form::Content => (
            begins('[') || begins('"') || json == "null",
            "Input should be a valid list",
        ),
        Form::Object(_) | Form::Block => (
            begins('{'),
            "Input should be a valid dictionary or object to extract fields from",
        ),
    };
    if !fits {
        let colon = if path.is_empty() { "" } else { ": " };
        return Some(format!("{path}{colon}{expected}"));
    }
    match form {
        Form::List(item) => items(item, raw, path),
        Form::Content if begins('[') => items(&Form::Block, raw, path),
        Form::Object(known) => members(known, raw, path),
        Form::Block => block(raw, path),
        _ => None,
    }
}

fn items(form: &Form, raw: &RawValue, path: &str) -> Option<String> {
    let items = from_str::<Vec<&RawValue>>(raw.get()).ok()?;
    let mut items = items.iter().enumerate();
    items.find_map(|(at, item)| misfit(form, item, &format!("{path}.{at}")))
}

fn members(known: &[Member], raw: &RawValue, path: &str) -> Option<String> {
    let members: Members<'_> = from_str(raw.get()).ok()?;
    let dot = if path.is_empty() { "" } else { "." };
    known.iter().find_map(|(name, form, needed)| {
        let path = format!("{path}{dot}{name}");
        match members.get(name) {
            None => needed.then(|| format!("{path}: Field required")),
            Some(value) => {
                // What may be left out may be null, but for most texts.
                let absent = !needed && !matches!(form, Form::Text) && value.get() == "null";
                if absent {
                    None
                } else {
                    misfit(form, value, &path)
                }
            }
        }
    })
}

/// A block; what stands in it is looked at where this crate reads it.
fn block(raw: &RawValue, path: &str) -> Option<String> {
    if let Some(words) = misfit(&BLOCK, raw, path) {
        return Some(words);
    }
    let members: Members<'_> = from_str(raw.get()).ok()?;
    let nested = matches!(
        members.get("type")?.get(),
        r#""tool_result""# | r#""search_result""#
    );
    let content = members.get("content").filter(|_| nested)?;
    misfit(&Form::Content, content, &format!("{path}.content"))
}

/// Reads a whole number, which may be written as `5.0`. Null is none.
pub(crate) fn whole<'de, M: MapAccess<'de>>(map: &mut M) -> Result<Option<u64>, M::Error> {
    let Some(raw) = map.next_value::<Option<&'de RawValue>>()? else {
        return Ok(None);
    };
    match not_whole(raw.get()) {
        None => Ok(whole_number(raw.get())),
        Some(words) => Err(M::Error::custom(words)),
    }
}

/// Reads a text. Null is none.
pub(crate) fn text<'de, M: MapAccess<'de>>(map: &mut M) -> Result<Str<'de>, M::Error> {
    let text = map.next_value::<Option<Str<'de>>>()?;
    Ok(text.unwrap_or_default())
}

/// A whole number, 0 or more, as JSON; it may be written as `5.0`. None: it is something else.
pub fn whole_number(json: &str) -> Option<u64> {
    let number = number(json)?;
    not_whole(json).is_none().then_some(number as u64)
}

/// Above this not every whole number can be told.
const MOST: f64 = 9_007_199_254_740_992.0;

fn number(json: &str) -> Option<f64> {
    json.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Why this is no whole number, 0 or more. None: it is one.
fn not_whole(json: &str) -> Option<&'static str> {
    match number(json) {
        Some(number) if number < 0.0 => Some("Input should be greater than or equal to 0"),
        Some(number) if number.fract() != 0.0 => {
            Some("Input should be a valid integer, got a number with a fractional part")
        }
        Some(number) if number <= MOST => None,
        _ => Some("Input should be a valid integer"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Request;

    #[test]
    fn what_does_not_fit_is_named_with_what_it_should_be() {
        let object = "Input should be a valid dictionary or object to extract fields from";
        for (members, said) in [
            (
                r#""messages":"x""#,
                "messages: Input should be a valid list".to_owned(),
            ),
            (
                r#""messages":null"#,
                "messages: Input should be a valid list".to_owned(),
            ),
            (r#""messages":[5]"#, format!("messages.0: {object}")),
            (
                r#""messages":[{}]"#,
                "messages.0.role: Field required".to_owned(),
            ),
            (
                r#""messages":[],"max_tokens":-1"#,
                "max_tokens: Input should be greater than or equal to 0".to_owned(),
            ),
            (
                r#""messages":[],"max_tokens":"5""#,
                "max_tokens: Input should be a valid integer".to_owned(),
            ),
            (
                r#""messages":[],"max_tokens":5.5"#,
                "max_tokens: Input should be a valid integer, got a number with a fractional part"
                    .to_owned(),
            ),
            (
                r#""messages":[],"thinking":"on""#,
                format!("thinking: {object}"),
            ),
            (
                r#""messages":[],"tools":[{"name":1}]"#,
                "tools.0.name: Input should be a valid string".to_owned(),
            ),
            (
                r#""messages":[],"output_config":{"effort":5}"#,
                "output_config.effort: Input should be a valid string".to_owned(),
            ),
            (
                r#""messages":[],"stream":"yes""#,
                "stream: Input should be a valid boolean".to_owned(),
            ),
        ] {
            let body = format!("{{{members}}}");
            let error = Request::parse(body.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), said, "{members}");
        }
    }

    #[test]
    fn blocks_are_named_by_their_place() {
        let content = r#"[{"type":"text","text":"a"},{"type":"tool_result","content":5}]"#;
        let body = format!(r#"{{"messages":[{{"role":"user","content":{content}}}]}}"#);
        let request = Request::parse(body.as_bytes()).unwrap();
        let error = super::super::Content::of(request.messages[0].content);
        assert!(error.is_ok());
        assert_eq!(
            request.misfit().unwrap(),
            "messages.0.content.1.content: Input should be a valid list"
        );
    }

    #[test]
    fn an_effort_of_null_is_none() {
        let body = br#"{"messages":[],"output_config":{"effort":null,"format":null}}"#;
        let request = Request::parse(body).unwrap();
        assert_eq!(request.output_config.unwrap().effort, "");
        let body = br#"{"messages":5,"output_config":{"effort":null}}"#;
        let error = Request::parse(body).unwrap_err();
        assert_eq!(error.to_string(), "messages: Input should be a valid list");
    }

    #[test]
    fn a_whole_number_may_have_a_point() {
        for (written, read) in [
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("1e3", Some(1000)),
            ("null", None),
        ] {
            let body = format!(r#"{{"messages":[],"max_tokens":{written}}}"#);
            let request = Request::parse(body.as_bytes()).unwrap();
            assert_eq!(request.max_tokens, read, "{written}");
        }
    }
}

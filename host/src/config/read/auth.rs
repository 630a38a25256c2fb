//! Keys and how they are presented.

use super::super::reader::{Place, Reader};
use super::super::text::Value;
use super::super::{Auth, Key, Secret};

/// `api_key` of a provider: a key, or a list of them. An unset variable is a state, not a problem: the
/// other keys and providers work.
pub(super) fn key(provider: &str, at: &Place<'_>, reader: &mut Reader<'_>) -> Key {
    let places = match at.node.value {
        Value::List(_) => reader.items(at).unwrap_or_default(),
        _ => vec![at.clone()],
    };
    let (mut keys, mut unset) = (Vec::new(), Vec::new());
    for place in &places {
        match reader.string_or_unset(place) {
            None => {}
            Some(Err(variable)) => unset.push((place, variable)),
            Some(Ok(text)) => {
                let key = header_text(place, text.trim(), reader).map(Secret::new);
                let key = key.filter(|key| !key.expose().is_empty());
                keys.extend(key.filter(|key| !keys.contains(key)));
            }
        }
    }
    let lost = if keys.is_empty() {
        format!("provider {provider} cannot be used")
    } else {
        format!("this key of provider {provider} is left out")
    };
    for (place, variable) in &unset {
        reader.warning(
            place,
            format!("the variable {variable} is not set, so {lost}"),
            format!("export it, or put `{variable}=...` into ~/.config/transom/env"),
        );
    }
    match unset.into_iter().next() {
        _ if !keys.is_empty() => Key::Set(keys),
        Some((_, variable)) => Key::Missing { variable },
        None => Key::Absent,
    }
}

/// A key that can be the value of a header. Its text is in no message.
pub(super) fn header_text<'k>(
    at: &Place<'_>,
    key: &'k str,
    reader: &mut Reader<'_>,
) -> Option<&'k str> {
    if key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(key);
    }
    reader.problem(
        at,
        "the key has a space or a character that no header can carry",
        "copy it again, whole and on one line",
    );
    None
}

const FORMS: &str =
    "\"bearer\", \"x-api-key\", { header: \"NAME\" } or { command: [\"PROGRAM\", ...] }";

/// `auth` of a provider.
pub(super) fn auth(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Auth> {
    match &at.node.value {
        Value::String(_) => match reader.string(at)?.as_str() {
            "bearer" => Some(Auth::Bearer),
            "x-api-key" => Some(Auth::Header("x-api-key".to_owned())),
            other => {
                reader.problem(
                    at,
                    format!("`{other}` is not known"),
                    format!("write {FORMS}"),
                );
                None
            }
        },
        Value::Object(_) => {
            let fields = reader.fields(at, &["header", "command"])?;
            match (fields.get("header"), fields.get("command")) {
                (Some(name), None) => header(name, reader),
                (None, Some(words)) => command(words, reader),
                _ => {
                    reader.problem(
                        at,
                        "one of `header` and `command` is needed",
                        format!("write {FORMS}"),
                    );
                    None
                }
            }
        }
        _ => {
            reader.expected(at, FORMS);
            None
        }
    }
}

/// Headers that the connection itself needs.
const TAKEN: [&str; 6] = [
    "host",
    "connection",
    "content-length",
    "content-type",
    "transfer-encoding",
    "te",
];

fn header(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Auth> {
    let name = reader.text(at)?.to_ascii_lowercase();
    if http::HeaderName::try_from(&name).is_err() || TAKEN.contains(&name.as_str()) {
        reader.problem(
            at,
            format!("`{name}` cannot carry a key"),
            "name a header such as \"x-api-key\"",
        );
        return None;
    }
    Some(Auth::Header(name))
}

/// A list is a program and its arguments; a string goes to the shell.
fn command(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Auth> {
    if matches!(at.node.value, Value::String(_)) {
        let line = reader.text(at)?;
        return Some(Auth::Command(vec!["sh".to_owned(), "-c".to_owned(), line]));
    }
    let items = reader.items(at)?;
    if items.is_empty() {
        reader.problem(
            at,
            "there is no program in it",
            "write [\"PROGRAM\", \"ARGUMENT\", ...]",
        );
        return None;
    }
    let words: Vec<_> = items
        .iter()
        .filter_map(|item| reader.string(item))
        .collect();
    (words.len() == items.len()).then_some(Auth::Command(words))
}

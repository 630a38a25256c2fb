//! Writing one setting into the text of a configuration, with everything else in it as it was: comments, order
//! and form are the author's. Opens no file.

use jsonc_parser::cst::{CstInputValue, CstRootNode};

use super::text;

/// Why a setting cannot be written into a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    /// It is not one object, or the section in it is none.
    #[error("the file is not of a form that can be edited: {0}")]
    Form(String),
    /// The edited text would say something else than the setting more.
    #[error("editing it would change more than that")]
    Meaning,
}

/// The text with `pins.NAME` set to a sha256. The same text if it says so already.
pub fn with_pin(text: &str, name: &str, sha256: &str) -> Result<String, NotWritten> {
    with_setting(text, "pins", name, sha256)
}

/// The text with `SECTION.NAME` set to a string. The same text if it says so already.
pub fn with_setting(
    text: &str,
    section: &str,
    name: &str,
    value: &str,
) -> Result<String, NotWritten> {
    let form = |why: &str| NotWritten::Form(why.to_owned());
    let root = CstRootNode::parse(text, &text::options())
        .map_err(|error| NotWritten::Form(error.to_string()))?;
    let object = root
        .object_value()
        .ok_or_else(|| form("it is not one object"))?;
    let members = match object.get(section) {
        None => object.object_value_or_set(section),
        Some(members) => members
            .object_value()
            .ok_or_else(|| form(&format!("`{section}` is not an object")))?,
    };
    let written = CstInputValue::String(value.to_owned());
    match members.get(name) {
        Some(member) => member.set_value(written),
        None => drop(members.append(name, written)),
    }
    let edited = root.to_string();
    if says(text, section, name, None)? == says(&edited, section, name, Some(value))? {
        Ok(edited)
    } else {
        Err(NotWritten::Meaning)
    }
}

/// What a text says beside the setting, which must be the one given, if one is.
fn says(
    text: &str,
    section: &str,
    name: &str,
    wanted: Option<&str>,
) -> Result<serde_json::Value, NotWritten> {
    let parsed = jsonc_parser::parse_to_serde_value(text, &text::options());
    let value: Option<serde_json::Value> =
        parsed.map_err(|error| NotWritten::Form(error.to_string()))?;
    let mut value = value.unwrap_or_default();
    let Some(members) = value.as_object_mut() else {
        return Ok(value);
    };
    let mut rest = members.remove(section).unwrap_or_default();
    let found = rest.as_object_mut().and_then(|rest| rest.remove(name));
    if wanted.is_some() && found.as_ref().and_then(serde_json::Value::as_str) != wanted {
        return Err(NotWritten::Meaning);
    }
    if rest.as_object().is_some_and(|others| !others.is_empty()) {
        members.insert(section.to_owned(), rest);
    }
    // Members are compared without regard to their order.
    value.sort_all_objects();
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn comments_order_and_form_stay_as_they_were() {
        let text = "// mine\n{\n  listen: '127.0.0.1:1', // here\n  pins: {\n    /* old */ zai: \"aa\",\n  },\n  providers: [ /* none */ ],\n}\n";
        let edited = with_pin(text, "acme", SHA).unwrap();
        for line in text.lines() {
            assert!(edited.contains(line.trim()), "{line} is gone:\n{edited}");
        }
        assert!(edited.contains(&format!("\"acme\": \"{SHA}\"")), "{edited}");
        assert_eq!(edited.lines().count(), text.lines().count() + 1, "{edited}");
    }

    #[test]
    fn a_pin_is_replaced_and_one_that_is_right_changes_nothing() {
        let text = "{ pins: { acme: 'old' /* this */ }, trust: 'pinned' }";
        let edited = with_pin(text, "acme", SHA).unwrap();
        assert!(
            edited.contains("/* this */") && !edited.contains("old"),
            "{edited}"
        );
        let again = with_pin(&edited, "acme", SHA).unwrap();
        assert_eq!(again, edited);
    }

    #[test]
    fn pins_are_added_where_there_are_none() {
        let edited = with_pin("{\n  // only this\n  providers: []\n}", "acme", SHA).unwrap();
        assert!(
            edited.contains("// only this") && edited.contains(SHA),
            "{edited}"
        );
    }

    #[test]
    fn what_cannot_be_edited_is_left_alone() {
        for text in ["[]", "", "{ pins: 7 }", "{ a: ", "7"] {
            assert!(with_pin(text, "acme", SHA).is_err(), "{text}");
        }
    }
}

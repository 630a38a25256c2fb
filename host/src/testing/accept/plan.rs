//! Changes of `case.json5` that leave its comments and everything else as the author wrote it.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::CstRootNode;
use serde_json::Value;

use super::member;

/// Values to set, by path.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Vec<String>, Value)>);

impl Edits {
    pub(super) fn set(&mut self, path: &[&str], value: Value) {
        let path = path.iter().map(|name| (*name).to_owned()).collect();
        self.0.push((path, value));
    }

    /// The text with all of them made. Errors: a sentence that says what to write by hand.
    pub(super) fn applied(&self, text: &str) -> Result<String, String> {
        if self.0.is_empty() {
            return Ok(text.to_owned());
        }
        let by_hand = || {
            let all: Vec<String> = self
                .0
                .iter()
                .map(|(path, value)| format!("{}: {value}", path.join(".")))
                .collect();
            format!("write into case.json5: {}", all.join(", "))
        };
        let root = CstRootNode::parse(text, &ParseOptions::default()).map_err(|_| by_hand())?;
        for (path, value) in &self.0 {
            set(&root, path, value).ok_or_else(by_hand)?;
        }
        Ok(root.to_string())
    }
}

fn set(root: &CstRootNode, path: &[String], value: &Value) -> Option<()> {
    let (last, parents) = path.split_last()?;
    let mut object = root.object_value()?;
    for name in parents {
        object = object.object_value_or_create(name)?;
    }
    member::set(&object, last, value);
    Some(())
}

/// A `case.json5` for a folder that has none. Its words are the folder's name until somebody finds
/// better ones.
pub(super) fn fresh(name: &str) -> String {
    let words = Value::String(name.replace(['-', '_'], " "));
    format!(
        "{{\n  why: {words},  // say what would go wrong without this case\n  source: \"accepted as it came\",  // recorded, documented, an issue, or our own rule\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_edit_leaves_comments_and_order_alone() {
        let text = "{\n  // first\n  why: \"w\", // last\n  request: {\n    path: '/a', // where\n  },\n}\n";
        let mut edits = Edits::default();
        edits.set(&["request", "path"], json!("/b"));
        edits.set(&["expect", "ends"], json!("error"));
        let new = edits.applied(text).unwrap();
        for kept in ["// first", "why: \"w\", // last", "path: \"/b\", // where"] {
            assert!(new.contains(kept), "{kept}: {new}");
        }
        let value: Value =
            jsonc_parser::parse_to_serde_value(&new, &ParseOptions::default()).unwrap();
        assert_eq!(value["expect"]["ends"], "error");
    }

    #[test]
    fn of_a_list_only_the_texts_that_changed_are_written_anew() {
        let text = "{\n  configure_fails: [\n    'one', // first\n    'two',\n  ],\n}\n";
        let mut edits = Edits::default();
        edits.set(&["configure_fails"], json!(["one", "three"]));
        assert_eq!(
            edits.applied(text).unwrap(),
            "{\n  configure_fails: [\n    'one', // first\n    \"three\",\n  ],\n}\n"
        );
    }

    #[test]
    fn what_cannot_be_edited_is_said() {
        let mut edits = Edits::default();
        edits.set(&["request", "path"], json!("/b"));
        let why = edits.applied("{ request: 7 }").unwrap_err();
        assert_eq!(why, "write into case.json5: request.path: \"/b\"");
    }

    #[test]
    fn a_fresh_plan_can_be_read() {
        let text = fresh("a-\"new\"-case");
        let value: Value =
            jsonc_parser::parse_to_serde_value(&text, &ParseOptions::default()).unwrap();
        assert_eq!(value["why"], "a \"new\" case");
    }
}

//! Changes values in the text of a document and leaves everything else as it is written: comments,
//! order, spaces, notation.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use serde_json::Value;

/// The text of a JSON document with another value. None: its text cannot be edited.
pub(super) fn changed(text: &str, new: &Value) -> Option<String> {
    let root = CstRootNode::parse(text, &ParseOptions::default()).ok()?;
    change(&root.value()?, new);
    Some(root.to_string())
}

/// Gives a value another one; of lists and objects only the parts that are others.
fn change(node: &CstNode, new: &Value) {
    if value(node).as_ref() == Some(new) {
        return;
    }
    match (node.as_object(), node.as_array(), new) {
        (Some(object), _, Value::Object(members)) => {
            for member in object.properties() {
                let name = member.decoded_name();
                if !name.is_some_and(|name| members.contains_key(&name)) {
                    member.remove();
                }
            }
            for (name, new) in members {
                set(&object, name, new);
            }
        }
        (_, Some(list), Value::Array(items)) if list.elements().len() == items.len() => {
            for (element, new) in list.elements().iter().zip(items) {
                change(element, new);
            }
        }
        (_, Some(list), Value::Array(items)) => resize(&list, items),
        _ => replace(node, new),
    }
}

/// Sets a member of an object.
pub(super) fn set(object: &CstObject, name: &str, new: &Value) {
    match object.get(name).and_then(|member| member.value()) {
        Some(node) => change(&node, new),
        None => drop(object.append(name, input(new))),
    }
}

/// A list of another length: what is the same at both ends stays.
fn resize(list: &CstArray, new: &[Value]) {
    let old = list.elements();
    let values: Vec<Option<Value>> = old.iter().map(value).collect();
    let same = |(old, new): &(&Option<Value>, &Value)| old.as_ref() == Some(*new);
    let head = values.iter().zip(new).take_while(same).count();
    let rest = values.len().min(new.len()) - head;
    let tail = values.iter().rev().zip(new.iter().rev());
    let tail = tail.take(rest).take_while(same).count();
    for element in old.into_iter().take(values.len() - tail).skip(head) {
        element.remove();
    }
    let added = new.iter().take(new.len() - tail).enumerate().skip(head);
    for (at, item) in added {
        list.insert(at, input(item));
    }
}

fn replace(node: &CstNode, new: &Value) {
    let new = input(new);
    if let Some(text) = node.as_string_lit() {
        drop(text.replace_with(new));
    } else if let Some(number) = node.as_number_lit() {
        drop(number.replace_with(new));
    } else if let Some(flag) = node.as_boolean_lit() {
        drop(flag.replace_with(new));
    } else if let Some(null) = node.as_null_keyword() {
        drop(null.replace_with(new));
    } else if let Some(object) = node.as_object() {
        drop(object.replace_with(new));
    } else if let Some(list) = node.as_array() {
        drop(list.replace_with(new));
    }
}

fn value(node: &CstNode) -> Option<Value> {
    jsonc_parser::parse_to_serde_value(&node.to_string(), &ParseOptions::default()).ok()
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(flag) => CstInputValue::Bool(*flag),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(members) => CstInputValue::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), input(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn only_what_changed_is_written_anew() {
        let text =
            "{\n  \"t\": 0.9,\n  \"m\": [{ \"role\": \"user\", \"n\": 1 }],\n  \"gone\": 1\n}\n";
        let new = json!({"t": 0.7, "m": [{"role": "user", "n": 2}], "new": true});
        assert_eq!(
            changed(text, &new).unwrap(),
            "{\n  \"t\": 0.7,\n  \"m\": [{ \"role\": \"user\", \"n\": 2 }],\n  \"new\": true\n}\n"
        );
    }

    #[test]
    fn a_list_that_grew_keeps_its_other_items() {
        let text = "[\n  { \"a\": 1 },\n  { \"b\": 2 }\n]\n";
        let new = json!([{"a": 1}, {"x": 9}, {"b": 2}]);
        let text = changed(text, &new).unwrap();
        assert!(
            text.contains("{ \"a\": 1 }") && text.contains("{ \"b\": 2 }"),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), new);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..9_u8).prop_map(Value::from),
            "[a-c\"\\\\\n\u{e9}]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-c]", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_document_becomes_any_other(old in any_value(), new in any_value(), pretty: bool) {
            let text = if pretty { format!("{old:#}\n") } else { old.to_string() };
            let text = changed(&text, &new).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), new, "{}", text);
        }
    }
}

//! JSON schemas of tools: what a provider does not take of them.

use super::lost::Lost;
use crate::Profile;
use sdk::json::{Escaped, Members, RawValue, Str, Writer};

/// The schema as it came, without the members the provider refuses.
pub(super) fn write(out: &mut String, schema: &RawValue, profile: &Profile, lost: &Lost) {
    if profile.schema_strip.is_empty() {
        out.push_str(schema.get());
        return;
    }
    let Ok(members) = sdk::json::from_str::<Members<'_>>(schema.get()) else {
        out.push_str(schema.get());
        return;
    };
    let mut object = Writer::object(out);
    for (name, value) in members.iter() {
        if profile.schema_strip.iter().any(|strip| strip == name) {
            lost.stripped(name);
        } else {
            object.raw(Escaped::plain(name).get(), value.get());
        }
    }
    object.end();
}

/// Whether strict servers take the schema: each object in it lists all its properties as required and
/// refuses others.
pub fn is_strict(schema: &RawValue) -> bool {
    let json = schema.get();
    if let Ok(list) = sdk::json::from_str::<Vec<&RawValue>>(json) {
        return list.into_iter().all(is_strict);
    }
    let Ok(members) = sdk::json::from_str::<Members<'_>>(json) else {
        return true;
    };
    let properties = members.get("properties").map(RawValue::get);
    let properties = properties.and_then(|json| sdk::json::from_str::<Members<'_>>(json).ok());
    let closed = properties.is_none_or(|properties| {
        let required = members.get("required").map_or("[]", RawValue::get);
        let required: Vec<Str<'_>> = sdk::json::from_str(required).unwrap_or_default();
        let mut names = properties.iter().map(|(name, _)| name);
        members
            .get("additionalProperties")
            .is_some_and(|more| more.get() == "false")
            && names.all(|name| required.iter().any(|known| *known == *name))
    });
    closed && members.iter().all(|(_, value)| is_strict(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict(schema: &str) -> bool {
        is_strict(sdk::json::from_str(schema).unwrap())
    }

    #[test]
    fn a_schema_is_strict_if_every_object_in_it_is_closed() {
        let inner = r#"{"type":"object","properties":{"b":{"type":"string"}},"required":["b"],"additionalProperties":false}"#;
        assert!(strict(inner));
        let outer = |inner: &str| {
            format!(
                r#"{{"type":"object","properties":{{"a":{{"anyOf":[{inner},{{"type":"null"}}]}}}},"required":["a"],"additionalProperties":false}}"#
            )
        };
        assert!(strict(&outer(inner)));
        assert!(!strict(&outer(&inner.replace("false", "true"))));
        assert!(!strict(&inner.replace(r#"["b"]"#, "[]")));
        assert!(strict(r#"{"type":"string"}"#));
    }
}

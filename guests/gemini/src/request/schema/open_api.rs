//! The dialect of OpenAPI 3.0, for `parameters`: references are put in where they point to, a type is one
//! word, and null is a flag.

use super::{COMMON, NO_WORD, Told, bound};
use sdk::json::{Escaped, Members, RawValue, Str, Writer};

/// How deep references are followed: schemas may refer to themselves.
const DEEPEST: u32 = 5;

/// Writes a schema.
pub(super) fn write(out: &mut String, schema: &RawValue, told: &mut Told) {
    let root: Members<'_> = sdk::json::from_str(schema.get()).unwrap_or_default();
    let definitions = ["$defs", "definitions"].iter();
    let definitions = definitions.filter_map(|name| root.get(name));
    let definitions = definitions.filter_map(|all| sdk::json::from_str(all.get()).ok());
    let mut dialect = OpenApi {
        definitions: definitions.collect(),
        depth: 0,
        told,
    };
    dialect.schema(out, &root);
}

struct OpenApi<'a, 't> {
    definitions: Vec<Members<'a>>,
    depth: u32,
    told: &'t mut Told,
}

impl<'a> OpenApi<'a, '_> {
    fn raw(&mut self, out: &mut String, schema: &'a RawValue) {
        let members: Members<'a> = sdk::json::from_str(schema.get()).unwrap_or_default();
        self.schema(out, &members);
    }

    fn schema(&mut self, out: &mut String, schema: &Members<'a>) {
        let mut object = Writer::object(out);
        self.members(&mut object, schema);
        object.end();
    }

    /// All members of a schema, into an object that is open.
    fn members(&mut self, object: &mut Writer<'_>, schema: &Members<'a>) {
        if let Some(address) = schema.get("$ref") {
            self.referred(object, address);
            return;
        }
        for (word, value) in schema.iter() {
            self.member(object, schema, word, value);
        }
        let array = schema.get("type").map(RawValue::get) == Some(r#""array""#);
        if array && schema.get("items").is_none() {
            object.raw("items", r#"{"type":"STRING"}"#);
        }
    }

    fn referred(&mut self, object: &mut Writer<'_>, address: &RawValue) {
        let name = address.get().trim_matches('"').rsplit('/').next();
        let found = name.and_then(|name| self.definitions.iter().find_map(|all| all.get(name)));
        match found {
            Some(schema) if self.depth < DEEPEST => {
                self.told
                    .tell("change", "$ref", "what it refers to stands in its place");
                let members: Members<'a> = sdk::json::from_str(schema.get()).unwrap_or_default();
                self.depth += 1;
                self.members(object, &members);
                self.depth -= 1;
            }
            _ => {
                self.told.tell("drop", "$ref", NO_WORD);
                object.raw("type", r#""OBJECT""#);
            }
        }
    }

    fn member(
        &mut self,
        object: &mut Writer<'_>,
        schema: &Members<'a>,
        word: &str,
        value: &'a RawValue,
    ) {
        match word {
            "type" => self.kind(object, value),
            "properties" => self.properties(object, value),
            "items" => self.raw(object.member("items"), value),
            "required" => required(object, schema, value),
            "anyOf" | "oneOf" => self.any_of(object, value),
            "enum" => {
                let words = sdk::json::from_str::<Vec<Str<'_>>>(value.get());
                match words {
                    Ok(_) => {
                        object.raw("enum", value.get());
                    }
                    Err(_) => self.told.tell("drop", "enum", "only texts can be listed"),
                }
            }
            "const" if value.get().starts_with('"') => {
                self.told
                    .tell("change", "const", "an enum of one value says the same");
                object.raw("enum", &format!("[{value}]"));
            }
            "format" if known_format(schema, value) => {
                object.raw("format", value.get());
            }
            "exclusiveMinimum" | "exclusiveMaximum" => {
                bound(object, schema, (word, value), self.told);
            }
            "$defs" | "definitions" => {}
            known if COMMON.contains(&known) => {
                object.raw(known, value.get());
            }
            unknown => self.told.tell("drop", unknown, NO_WORD),
        }
    }

    /// One type in capitals; null among several is a flag.
    fn kind(&mut self, object: &mut Writer<'_>, value: &'a RawValue) {
        let one = |value: &RawValue| value.get().to_ascii_uppercase();
        let Ok(kinds) = sdk::json::from_str::<Vec<&RawValue>>(value.get()) else {
            object.raw("type", &one(value));
            return;
        };
        let null = |kind: &&&RawValue| kind.get() == r#""null""#;
        self.told.tell("change", "type", "a type is one word here");
        if kinds.iter().any(|kind| null(&kind)) {
            object.flag("nullable", true);
        }
        let others: Vec<&&RawValue> = kinds.iter().filter(|kind| !null(kind)).collect();
        match others.as_slice() {
            [] => {}
            [kind] => {
                object.raw("type", &one(kind));
            }
            several => {
                let mut list = Writer::list(object.member("anyOf"));
                for kind in several {
                    let mut schema = Writer::object(list.item());
                    schema.raw("type", &one(kind));
                    schema.end();
                }
                list.end();
            }
        }
    }

    /// An object without any is one that says nothing of its properties.
    fn properties(&mut self, object: &mut Writer<'_>, value: &'a RawValue) {
        let members: Members<'a> = sdk::json::from_str(value.get()).unwrap_or_default();
        if members.iter().next().is_none() {
            return;
        }
        let mut all = Writer::object(object.member("properties"));
        for (name, schema) in members.iter() {
            self.raw(all.member(Escaped::plain(name).get()), schema);
        }
        all.end();
    }

    /// Alternatives; null among them is a flag, and one that is left needs no list.
    fn any_of(&mut self, object: &mut Writer<'_>, value: &'a RawValue) {
        let schemas: Vec<Members<'a>> = sdk::json::from_str(value.get()).unwrap_or_default();
        let null = |one: &Members<'_>| one.get("type").map(RawValue::get) == Some(r#""null""#);
        let nulls = schemas.iter().filter(|one| null(one)).count();
        if nulls > 0 {
            self.told.tell("change", "anyOf", "null is a flag here");
            object.flag("nullable", true);
        }
        if schemas.len() - nulls == 1 {
            for schema in schemas.iter().filter(|one| !null(one)) {
                self.members(object, schema);
            }
            return;
        }
        let mut list = Writer::list(object.member("anyOf"));
        for schema in schemas.iter().filter(|one| !null(one)) {
            self.schema(list.item(), schema);
        }
        list.end();
    }
}

/// Only properties that are there can be required.
fn required(object: &mut Writer<'_>, schema: &Members<'_>, value: &RawValue) {
    let properties = schema.get("properties").map_or("{}", RawValue::get);
    let properties: Members<'_> = sdk::json::from_str(properties).unwrap_or_default();
    let names: Vec<Str<'_>> = sdk::json::from_str(value.get()).unwrap_or_default();
    let mut there = names.iter().filter(|name| properties.get(name).is_some());
    let Some(first) = there.next() else {
        return;
    };
    let mut list = Writer::list(object.member("required"));
    for name in std::iter::once(first).chain(there) {
        sdk::json::quote_into(list.item(), &Escaped::plain(name));
    }
    list.end();
}

/// Other formats are refused by their type.
fn known_format(schema: &Members<'_>, value: &RawValue) -> bool {
    let kind = schema.get("type").map_or("", RawValue::get);
    let known: &[&str] = match kind.trim_matches('"') {
        "string" => &["enum", "date-time"],
        "number" => &["float", "double"],
        "integer" => &["int32", "int64"],
        _ => &[],
    };
    known.contains(&value.get().trim_matches('"'))
}

//! Schemas of tools: what Gemini has no word for goes away or is said in another one.
//!
//! Sources: `Schema` and `FunctionDeclaration` of google-genai 3.4.0; Google's page on structured output
//! for the part of JSON schema that is known; and the many reports of `Unknown name "exclusiveMinimum" …
//! Cannot find field`, by which one such word refuses the whole request.

mod json;
mod open_api;

use crate::Schema;
use sdk::host;
use sdk::json::{Members, RawValue, Writer};

/// Words that both dialects know, with values that are no schemas.
const COMMON: [&str; 14] = [
    "title",
    "description",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "pattern",
    "default",
    "nullable",
    "propertyOrdering",
];

const NO_WORD: &str = "the provider has no word for it";

/// What was told already: each action on a word once a request.
pub(super) struct Told {
    path: &'static str,
    words: Vec<(String, String)>,
}

impl Told {
    pub(super) fn new(path: &'static str) -> Self {
        Self {
            path,
            words: Vec::new(),
        }
    }

    fn tell(&mut self, action: &str, word: &str, why: &str) {
        let told = |known: &(String, String)| known.0 == action && known.1 == word;
        if !self.words.iter().any(told) {
            host::note(action, &format!("{}.{word}", self.path), why);
            self.words.push((action.to_owned(), word.to_owned()));
        }
    }
}

/// Writes a schema in a dialect.
pub(super) fn write(out: &mut String, schema: &RawValue, dialect: Schema, told: &mut Told) {
    match dialect {
        Schema::Json => json::write(out, schema, told),
        Schema::OpenApi => open_api::write(out, schema, told),
    }
}

/// Whether the schema of an object names properties.
pub(super) fn has_properties(schema: &RawValue) -> bool {
    let members: Members<'_> = sdk::json::from_str(schema.get()).unwrap_or_default();
    let properties = members.get("properties").map_or("", RawValue::get);
    sdk::json::from_str::<Members<'_>>(properties).is_ok_and(|all| all.iter().next().is_some())
}

/// A bound that is not part of the range: of whole numbers the next one is, of others the bound itself is the
/// nearest that can be said.
fn bound(
    object: &mut Writer<'_>,
    schema: &Members<'_>,
    (word, value): (&str, &RawValue),
    told: &mut Told,
) {
    let (other, step) = match word {
        "exclusiveMinimum" => ("minimum", 1),
        _ => ("maximum", -1),
    };
    if schema.get(other).is_some() || value.get().parse::<f64>().is_err() {
        told.tell("drop", word, NO_WORD);
        return;
    }
    told.tell(
        "change",
        word,
        "said by the bound that is part of the range",
    );
    let whole = schema
        .get("type")
        .is_some_and(|kind| kind.get() == r#""integer""#);
    match value.get().parse::<i64>() {
        Ok(number) if whole => object.raw(other, &number.saturating_add(step).to_string()),
        _ => object.raw(other, value.get()),
    };
}

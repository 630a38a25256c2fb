//! What a house says when a conversation is too long: the first such row of its table in `tests/errors`.

use std::path::Path;

use serde_json::Value;

use crate::harness::upstream::Answer;

/// The answer of the provider whose table has this name.
pub(super) fn answer(table: &str) -> Answer {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/errors/{table}.json5"));
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let table: Value =
        jsonc_parser::parse_to_serde_value(&text, &jsonc_parser::ParseOptions::default())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let rows = table["errors"].as_array().into_iter().flatten();
    let too_long = |row: &&Value| {
        let told = row["told"]["overflow"].as_str();
        told.is_some_and(|told| told.starts_with("prompt is too long")) && row["body"].is_object()
    };
    let mut rows = rows.filter(too_long);
    let row = rows.next().expect("a table with an overflow");
    let status = row["status"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    Answer::json(status.unwrap_or(200), &row["body"])
}

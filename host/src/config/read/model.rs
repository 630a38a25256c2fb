//! `models` of a provider.

use super::super::reader::{Fields, Place, Reader};
use super::super::text::Value;
use super::super::{Model, Price};

/// No model has more tokens than this; a larger number is a slip.
const MOST_TOKENS: u64 = 100_000_000;

pub(in super::super) const MODEL: [&str; 6] = [
    "context_window",
    "id",
    "input",
    "max_output",
    "price",
    "vision",
];

pub(in super::super) const PRICE: [&str; 4] = ["cache_read", "cache_write", "input", "output"];

/// Names, and objects that know more; what they do not say the catalog may know.
pub(super) fn models(
    at: &Place<'_>,
    vendor: Option<&'static str>,
    reader: &mut Reader<'_>,
) -> Vec<Model> {
    let mut models: Vec<Model> = Vec::new();
    for item in reader.items(at).unwrap_or_default() {
        let Some(mut model) = model(&item, reader) else {
            continue;
        };
        model.learn(vendor);
        if models.iter().any(|other| other.id == model.id) {
            reader.problem(
                &item,
                format!("`{}` is listed twice", model.id),
                "keep one of the two",
            );
            continue;
        }
        if let Some(day) = model.retired {
            gone(&item, &model.id, day, reader);
        }
        models.push(model);
    }
    models
}

/// Requests for it are passed on all the same: the provider has the last word.
pub(super) fn gone(at: &Place<'_>, model: &str, day: &str, reader: &mut Reader<'_>) {
    reader.warning(
        at,
        format!("the provider retired the model `{model}` on {day}"),
        "choose another one, unless you know that it is served to you",
    );
}

fn model(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Model> {
    if matches!(at.node.value, Value::String(_)) {
        return Some(Model::named(reader.text(at)?));
    }
    let fields = reader.fields(at, &MODEL)?;
    let (context_window, max_output) = (
        tokens(&fields, "context_window", reader),
        tokens(&fields, "max_output", reader),
    );
    let vision = vision(&fields, reader);
    let price = fields.get("price").and_then(|at| price(at, reader));
    let Some(id) = fields.get("id") else {
        reader.problem(
            at,
            "the model has no `id`",
            "write it as the provider names it",
        );
        return None;
    };
    Some(Model {
        context_window,
        max_output,
        vision,
        price,
        ..Model::named(reader.text(id)?)
    })
}

fn tokens(fields: &Fields<'_>, name: &str, reader: &mut Reader<'_>) -> Option<u32> {
    let number = reader.number(fields.get(name)?, "tokens", (1, MOST_TOKENS))?;
    u32::try_from(number).ok()
}

/// `vision`, or whether `image` is among what it reads.
fn vision(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Option<bool> {
    let said = fields.get("vision").and_then(|at| reader.flag(at));
    let at = fields.get("input");
    let items = at.and_then(|at| reader.items(at)).unwrap_or_default();
    let kinds = [("text", false), ("image", true), ("pdf", false)];
    let reads: Vec<bool> = items
        .iter()
        .filter_map(|item| reader.choice(item, &kinds))
        .collect();
    let listed = (at.is_some() && reads.len() == items.len()).then(|| reads.contains(&true));
    if let (Some(at), Some(said), Some(listed)) = (at, said, listed)
        && said != listed
    {
        let what = "`input` and `vision` contradict each other";
        reader.problem(at, what, "keep one of the two");
    }
    listed.or(said)
}

/// Dollars for a million tokens.
fn price(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Price> {
    let fields = reader.fields(at, &PRICE)?;
    let mut dollars = |name: &str| {
        let at = fields.get(name)?;
        reader.decimal(at, "dollars for a million tokens")
    };
    let (input, output) = (dollars("input"), dollars("output"));
    let (cache_read, cache_write) = (dollars("cache_read"), dollars("cache_write"));
    for name in ["input", "output"] {
        if fields.lacks(name) {
            reader.problem(
                at,
                format!("the price has no `{name}`"),
                "write { input: DOLLARS, output: DOLLARS } for a million tokens each",
            );
        }
    }
    Some(Price {
        input: input?,
        output: output?,
        cache_read,
        cache_write,
    })
}

//! One provider of the list.

use super::super::glimpse;
use super::super::reader::{Fields, Place, Reader};
use super::super::text::Value;
use super::super::{Auth, Glimpse, Key, Provider, Secret, Transformer};
use super::model::models;
use super::{auth, base_url, transformer};
use crate::catalog;

pub(in super::super) const SETTINGS: [&str; 7] = [
    "api_key",
    "auth",
    "base_url",
    "models",
    "name",
    "options",
    "transformer",
];

/// Reads all of it before it gives up. What could be read joins `seen` even then.
pub(super) fn provider(
    at: &Place<'_>,
    seen: &mut Vec<Glimpse>,
    reader: &mut Reader<'_>,
) -> Option<Provider> {
    let fields = reader.fields(at, &SETTINGS)?;
    let name = match fields.get("name") {
        Some(place) => name(place, seen, reader),
        None => {
            if fields.lacks("name") {
                let remedy = "give it one, such as \"cerebras\"";
                reader.problem(at, "the provider has no `name`", remedy);
            }
            None
        }
    };
    let shown = name.clone().unwrap_or_default();
    let key = fields
        .get("api_key")
        .map_or(Key::Absent, |place| auth::key(&shown, place, reader));
    let auth = fields
        .get("auth")
        .and_then(|place| auth::auth(place, reader));
    let base_url = match fields.get("base_url") {
        Some(place) => base_url::base_url(place, last_stage(&fields), reader),
        None => {
            if fields.lacks("base_url") {
                let remedy = "write where its API begins, such as \"https://api.cerebras.ai/v1\"";
                reader.problem(at, "the provider has no `base_url`", remedy);
            }
            None
        }
    };
    let vendor = base_url
        .as_ref()
        .and_then(|url| catalog::vendor(url, &shown));
    let models = fields
        .get("models")
        .map(|place| models(place, vendor, reader))
        .unwrap_or_default();
    let transformer = read_transformer(at, &fields, base_url.as_ref(), reader);
    seen.push(Glimpse {
        name: name.clone().or_else(|| written(fields.get("name")?)),
        base_url: base_url.clone(),
        key: key.clone(),
        transformer: transformer.as_ref().map(Transformer::shown),
        stages: match (fields.get("transformer"), &transformer) {
            (Some(at), Some(read)) => glimpse::stages(at, fields.get("options"), read),
            _ => Vec::new(),
        },
    });
    if let (Some(place), Some(Auth::Command(_))) = (fields.get("api_key"), &auth) {
        reader.problem(
            place,
            "the key would come from `api_key` and from `auth`",
            "keep one of the two",
        );
    }
    if let (Some(place), Some(url)) = (fields.get("base_url"), &base_url) {
        if let Some(transformer) = &transformer {
            base_url::contradiction(place, url, transformer, reader);
        }
        if !matches!(key, Key::Absent) || matches!(auth, Some(Auth::Command(_))) {
            base_url::in_the_clear(place, url, reader);
        }
    }
    if let (Key::Set(keys), Some(transformer)) = (&key, &transformer) {
        for key in keys {
            key_in_options(at, key, transformer, reader);
        }
    }
    Some(Provider {
        name: name?,
        base_url: base_url?,
        key,
        models,
        vendor,
        transformer: transformer?,
        auth,
    })
}

/// The transformer that speaks to the provider, as the file names it.
fn last_stage<'t>(fields: &Fields<'t>) -> Option<&'t str> {
    let mut node = fields.get("transformer")?.node;
    if let Value::List(stages) = &node.value {
        node = stages.last()?;
        node = node.get("name").unwrap_or(node);
    }
    match &node.value {
        Value::String(name) => Some(name),
        _ => None,
    }
}

/// A name that cannot be taken, as the file has it.
fn written(at: &Place<'_>) -> Option<String> {
    match &at.node.value {
        Value::String(text) if !text.is_empty() => Some(text.escape_debug().to_string()),
        _ => None,
    }
}

fn name(at: &Place<'_>, seen: &[Glimpse], reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.text(at)?;
    if name.contains(',') || name.trim() != name || name.chars().any(char::is_control) {
        reader.problem(
            at,
            format!("`{}` is no name for a provider", name.escape_debug()),
            "a comma parts provider and model: use letters, digits and -, without blanks around",
        );
        return None;
    }
    let mut names = seen.iter().filter_map(|other| other.name.as_deref());
    if let Some(other) = names.find(|other| other.eq_ignore_ascii_case(&name)) {
        reader.problem(
            at,
            format!("there is a provider `{other}` already, and names are compared without case"),
            "give it another name",
        );
        return None;
    }
    Some(name)
}

fn read_transformer(
    at: &Place<'_>,
    fields: &Fields<'_>,
    base_url: Option<&url::Url>,
    reader: &mut Reader<'_>,
) -> Option<Transformer> {
    if let Some(place) = fields.get("transformer") {
        return transformer::transformer(place, fields.get("options"), reader);
    }
    if !fields.lacks("transformer") {
        return None;
    }
    let guess = base_url
        .map(|url| format!(", for this URL probably \"{}\"", base_url::fitting(url)))
        .unwrap_or_default();
    reader.problem(
        at,
        "the provider has no `transformer`",
        format!(
            "choose one{guess}: \"anthropic\" (bytes pass untouched), \"openai\", \"cerebras\", \
             \"zai\", or a component of yours by name"
        ),
    );
    None
}

/// Options are handed to the transformer, and a transformer never sees a key.
fn key_in_options(
    at: &Place<'_>,
    key: &Secret,
    transformer: &Transformer,
    reader: &mut Reader<'_>,
) {
    let Transformer::Chain(stages) = transformer else {
        return;
    };
    let key = key.expose().as_bytes();
    let given = stages
        .iter()
        .find(|stage| memchr::memmem::find(&stage.options, key).is_some());
    // A short "key" of a server of one's own, such as "x", is in many a text.
    if let Some(stage) = given.filter(|_| key.len() >= 8) {
        reader.problem(
            at,
            format!("the options of `{}` hold the provider's key", stage.name),
            "take it out: transom presents the key itself; see `auth`",
        );
    }
}

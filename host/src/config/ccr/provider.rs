//! `Providers` of a ccr file: endpoint and chain of each become a base URL and a transformer of ours.

use url::Url;

use super::super::reader::{Place, Reader};
use super::super::text::{Member, Node, Value};
use super::chain::Chain;
use super::endpoint::{Endpoint, Format};
use super::members::{Members, is_set};
use super::{as_written, literal};

const KNOWN: [&str; 6] = [
    "api_base_url",
    "api_key",
    "models",
    "name",
    "tokenizer",
    "transformer",
];

/// Adds our `providers`.
pub(super) fn providers(fields: &Members<'_>, members: &mut Vec<Member>, reader: &mut Reader<'_>) {
    let found = ["Providers", "providers"]
        .into_iter()
        .find_map(|name| Some((name, fields.get(name)?)));
    let plugins = plugins(fields, reader);
    let Some((written, at)) = found else {
        return;
    };
    let mut used = Vec::new();
    let mut list = Vec::new();
    for item in reader.items(at).unwrap_or_default() {
        if let Some(provider) = provider(&item, &mut used, reader) {
            list.push(provider);
        }
    }
    for (place, stem) in plugins {
        if !used.iter().any(|name| same(name, &stem)) {
            reader.warning(
                &place,
                format!(
                    "not carried over: the plugin `{stem}`, since JavaScript is not run in the host"
                ),
                "docs/porting-from-ccr.md makes a transformer of it",
            );
        }
    }
    let node = Node {
        line: at.node.line,
        value: Value::List(list),
    };
    members.push(Member::new("providers", node).written(written));
}

/// The file of a plugin and the name by which chains use it are alike, but not always the same.
fn same(used: &str, stem: &str) -> bool {
    let plain = |text: &str| {
        let text = text.to_ascii_lowercase().replace(['-', '_', '.'], "");
        text.replace("transformer", "").replace("plugin", "")
    };
    plain(used) == plain(stem)
}

/// The plugins that `transformers` loads, by the stem of their file.
fn plugins<'t>(fields: &Members<'t>, reader: &mut Reader<'_>) -> Vec<(Place<'t>, String)> {
    let Some(at) = fields.get("transformers") else {
        return Vec::new();
    };
    let mut plugins = Vec::new();
    for item in reader.items(at).unwrap_or_default() {
        let Some(Value::String(path)) = item.node.get("path").map(|node| &node.value) else {
            reader.warning(
                &item,
                "not carried over: the plugin has no `path`",
                "take it out, or name its file",
            );
            continue;
        };
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        plugins.push((item, stem.to_owned()));
    }
    plugins
}

fn provider(at: &Place<'_>, used: &mut Vec<String>, reader: &mut Reader<'_>) -> Option<Node> {
    let fields = Members::read(at, &KNOWN, reader)?;
    for name in ["name", "api_base_url"] {
        if fields.lacks(name) {
            reader.warning(
                at,
                format!(
                    "not carried over: a provider without `{name}`, which ccr leaves out as well"
                ),
                "give it one, or take it out",
            );
            return None;
        }
    }
    let mut members = Vec::new();
    if let Some(place) = fields.get("name") {
        members.push(Member::new("name", super::copied(place.node)));
    }
    if let Some(place) = fields.get("api_key") {
        let key = match &place.node.value {
            Value::String(text) | Value::Number(text) => {
                Node::text(place.node.line, as_written(text))
            }
            _ => place.node.clone(),
        };
        members.push(Member::new("api_key", key));
    }
    if let Some(place) = fields.get("tokenizer") {
        let what = "not carried over: there are no tokenizers to choose";
        reader.warning(place, what, "take it out");
    }
    let name = match fields.get("name").map(|place| &place.node.value) {
        Some(Value::String(name)) => name.as_str(),
        _ => "",
    };
    let url = match fields.get("api_base_url") {
        Some(place) => base_url(place, reader).map(|url| (place, url)),
        None => None,
    };
    let chain = Chain::read(fields.get("transformer"), reader);
    used.extend(chain.plugins().map(str::to_owned));
    let endpoint = url.as_ref().map(|(_, url)| chain.endpoint(url));
    if let (Some((place, url)), Some(endpoint)) = (&url, &endpoint) {
        let node = Node::text(place.node.line, literal(&endpoint.base));
        members.push(Member::new("base_url", node).written("api_base_url"));
        told(place, url, endpoint, &chain, reader);
        chain.fit(name, url, endpoint, place, &mut members, reader);
    } else {
        // The URL's problem is told; without a transformer there would be a second one about nothing.
        let node = Node::text(at.node.line, "openai");
        members.push(Member::new("transformer", node));
        members.push(Member::new(
            "base_url",
            Node::text(at.node.line, "http://127.0.0.1:9"),
        ));
    }
    if let Some(place) = fields.get("models") {
        members.push(Member::new("models", models(place, reader)));
    }
    Some(Node::object(at.node.line, members))
}

fn base_url(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Url> {
    let text = reader.text(at)?;
    match Url::parse(text.trim()) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            reader.problem(
                at,
                "there is a login in the URL",
                "take it out; keys belong into `api_key`",
            );
            None
        }
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
        _ => {
            reader.problem(
                at,
                "this is not a URL that begins with https:// or http://",
                "write the endpoint, such as \"https://api.cerebras.ai/v1/chat/completions\"",
            );
            None
        }
    }
}

/// What a person would wonder about later.
fn told(
    at: &Place<'_>,
    url: &Url,
    endpoint: &Endpoint,
    chain: &Chain<'_>,
    reader: &mut Reader<'_>,
) {
    match endpoint.format {
        Format::Messages if chain.is_empty() => reader.warning(
            at,
            "this endpoint speaks the Messages API, so it is asked in that; ccr would send it OpenAI's format",
            "write transformer: { use: [\"Anthropic\"] } to say so",
        ),
        Format::Unknown => {
            let added = if chain.speaks_messages() {
                "/v1/messages"
            } else {
                "/chat/completions"
            };
            // What stands behind it may be a key.
            let (base, _) = url.as_str().split_once(['?', '#']).unwrap_or((url.as_str(), ""));
            reader.warning(
                at,
                format!("{base} is not the URL of an endpoint: {added} is added to it"),
                "write the whole URL of the endpoint",
            );
        }
        Format::Messages | Format::Chat | Format::Gemini | Format::Responses => {}
    }
}

/// ccr takes a model twice; the second says nothing.
fn models(at: &Place<'_>, reader: &mut Reader<'_>) -> Node {
    let Value::List(items) = &at.node.value else {
        return at.node.clone();
    };
    let mut seen: Vec<&Node> = Vec::new();
    let mut list = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if !is_set(item) {
            continue;
        }
        if seen.iter().any(|other| other.value == item.value) {
            let what = "the model stands in the list twice";
            reader.warning(&at.item(index, item), what, "take one out");
        } else {
            list.push(super::copied(item));
        }
        seen.push(item);
    }
    Node {
        line: at.node.line,
        value: Value::List(list),
    }
}

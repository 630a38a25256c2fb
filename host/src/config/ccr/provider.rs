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
    let mut found = Vec::new();
    for item in reader.items(at).unwrap_or_default() {
        if let Some(provider) = provider(&item, &mut used, reader) {
            found.push(provider);
        }
    }
    let list = usable(found, reader);
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

/// One of the list.
struct Found<'t> {
    at: Place<'t>,
    node: Node,
    /// What is wrong with its URL.
    flaw: Option<Flaw<'t>>,
    /// No problem was told of it.
    clean: bool,
}

/// Where, what, and what to do.
type Flaw<'t> = (Place<'t>, &'static str, &'static str);

/// ccr starts as long as one can be used, and so is it here: what is wrong with the URL or the name of another one is
/// a problem only if there is none.
fn usable(found: Vec<Found<'_>>, reader: &mut Reader<'_>) -> Vec<Node> {
    let any = found.iter().any(|one| one.clean && one.flaw.is_none());
    let mut names: Vec<String> = Vec::new();
    let mut list = Vec::new();
    for Found { at, node, flaw, .. } in found {
        match flaw {
            Some((place, what, remedy)) if any => {
                let what = format!("not carried over: {what}, so the provider is left out");
                reader.warning(&place, what, remedy);
                continue;
            }
            Some((place, what, remedy)) => reader.problem(&place, what, remedy),
            None => {}
        }
        if let Some(Value::String(name)) = node.get("name").map(|name| &name.value).filter(|_| any)
        {
            let mut known = names.iter();
            if let Some(first) = known.find(|known| known.eq_ignore_ascii_case(name)) {
                let what = format!(
                    "not carried over: there is a provider `{first}` already, and the first one counts"
                );
                reader.warning(&at, what, "give it another name");
                continue;
            }
            names.push(name.clone());
        }
        list.push(node);
    }
    list
}

fn provider<'t>(
    at: &Place<'t>,
    used: &mut Vec<String>,
    reader: &mut Reader<'_>,
) -> Option<Found<'t>> {
    let problems = reader.problems.len();
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
            _ => super::copied(place.node),
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
    let (url, flaw) = match fields.get("api_base_url") {
        Some(place) => match base_url(place, reader) {
            Some(Ok(url)) => (Some((place, url)), None),
            Some(Err((what, remedy))) => (None, Some((place.clone(), what, remedy))),
            None => (None, None),
        },
        None => (None, None),
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
    Some(Found {
        at: at.clone(),
        node: Node::object(at.node.line, members),
        flaw,
        clean: reader.problems.len() == problems,
    })
}

/// Errors: what is wrong, and what to do. None: it was told.
fn base_url(
    at: &Place<'_>,
    reader: &mut Reader<'_>,
) -> Option<Result<Url, (&'static str, &'static str)>> {
    let text = reader.text(at)?;
    Some(match Url::parse(text.trim()) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => Err((
            "there is a login in the URL",
            "take it out; keys belong into `api_key`",
        )),
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err((
            "this is not a URL that begins with https:// or http://",
            "write the endpoint, such as \"https://api.cerebras.ai/v1/chat/completions\"",
        )),
    })
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

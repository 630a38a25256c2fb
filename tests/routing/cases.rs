//! `tests/fixtures/routing`: requests, where claude-code-router sends each, where transom does, and
//! why that differs.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::harness::upstream::{Answer, Request};

/// Every file of cases. One that is not named here fails a test.
const FILES: [&str; 9] = [
    "background",
    "image",
    "long-context",
    "named",
    "odd",
    "subagent",
    "tables",
    "think",
    "web-search",
];

/// How many there are.
pub(crate) const COUNT: usize = 86;

/// The models that the upstream has. `blind-m` reads text only.
pub(crate) const MODELS: [&str; 9] = [
    "default-m",
    "background-m",
    "think-m",
    "long-m",
    "search-m",
    "image-m",
    "agent-m",
    "other-m",
    "blind-m",
];

/// The provider's name.
pub(crate) const PROVIDER: &str = "main";

/// The folder of the project that has a table of its own, a conversation in it, and one with its own table.
pub(crate) const PROJECT: &str = "/p/one";
pub(crate) const OWN_TABLE: &str = "of-one";

/// A message that holds it goes where whoever is asked first says.
pub(crate) const WORD: &str = "zauberwort";

pub(crate) fn to(model: &str) -> String {
    format!("{PROVIDER},{model}")
}

/// The routes of the project.
pub(crate) fn project_routes() -> Value {
    json!({ "default": to("other-m"), "think": to("agent-m") })
}

/// Those of the conversation.
pub(crate) fn conversation_routes() -> Value {
    json!({ "default": to("blind-m") })
}

/// Where a request ends up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum End {
    /// At this model.
    Model(String),
    /// Refused with this status.
    Refused(u16),
}

/// A request and its ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// A file below `requests/`.
    request: String,
    /// Members that are other than in the file.
    #[serde(default)]
    change: Map<String, Value>,
    /// Members that are not there.
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    pub(crate) headers: Map<String, Value>,
    /// So many words more in the last message.
    #[serde(default)]
    pad: usize,
    /// An image of so many bytes in the last message.
    #[serde(default)]
    image: usize,
    /// An answer of the same conversation told so many input tokens just before.
    told: Option<u64>,
    /// Where the subagent's tag is put.
    tag: Option<Value>,
    pub(crate) ccr: End,
    pub(crate) ours: End,
    /// Told in `x-transom-route`.
    pub(crate) route: Option<String>,
    /// Why the two differ.
    pub(crate) why: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/routing")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All of them, in a fixed order.
pub(crate) fn all() -> Vec<Case> {
    let cases = FILES.iter().flat_map(|name| {
        let path = folder().join(format!("{name}.json5"));
        let value: Value = jsonc_parser::parse_to_serde_value(
            &read(&path),
            &jsonc_parser::ParseOptions::default(),
        )
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let cases: Vec<Case> = serde_json::from_value(value)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        cases
    });
    cases.collect()
}

/// Files of cases in the folder.
pub(crate) fn files() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the folder of fixtures");
    let names = entries.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        name.strip_suffix(".json5").map(str::to_owned)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

pub(crate) fn known_files() -> Vec<String> {
    FILES.map(str::to_owned).to_vec()
}

/// What the upstream answers: the words of [`Case::before`] say how many tokens it counted.
pub(crate) fn answer(request: &Request) -> Answer {
    let body = request.json();
    let said = body["messages"][0]["content"].as_str().unwrap_or_default();
    let told = said.strip_prefix(TELL).and_then(|count| count.parse().ok());
    Answer::json(200, &message(told.unwrap_or(7)))
}

const TELL: &str = "tell ";

/// A short message.
pub(crate) fn message(input_tokens: u64) -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [{ "type": "text", "text": "ok" }],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": { "input_tokens": input_tokens, "output_tokens": 1 },
    })
}

impl Case {
    /// The request of the same conversation that is sent first, if there is one.
    pub(crate) fn before(&self) -> Option<Value> {
        let mut body = self.body();
        let words = format!("{TELL}{}", self.told?);
        body["messages"] = json!([{ "role": "user", "content": words }]);
        Some(body)
    }

    /// The request that the client sends, without streaming.
    pub(crate) fn body(&self) -> Value {
        let path = folder().join(format!("requests/{}.json", self.request));
        let mut body: Value = serde_json::from_str(&read(&path)).expect("a request is JSON");
        for (name, value) in &self.change {
            body[name] = value.clone();
        }
        if let Some(members) = body.as_object_mut() {
            members.retain(|name, _| !self.without.contains(name));
        }
        body["stream"] = false.into();
        if self.pad > 0 {
            let words = "word ".repeat(self.pad);
            add(&mut body, json!({ "type": "text", "text": words }));
        }
        if self.image > 0 {
            let data = "A".repeat(self.image / 4 * 4);
            let source = json!({ "type": "base64", "media_type": "image/png", "data": data });
            add(&mut body, json!({ "type": "image", "source": source }));
        }
        if let Some(place) = &self.tag {
            tag(&mut body, place);
        }
        body
    }
}

/// A block at the end of the last message.
fn add(body: &mut Value, block: Value) {
    let messages = body["messages"].as_array_mut().expect("messages is a list");
    let user = |message: &&mut Value| message["role"] == "user";
    let message = messages.iter_mut().rev().find(user);
    let message = message.expect("a message of the user");
    if let Some(text) = message["content"].as_str() {
        message["content"] = json!([{ "type": "text", "text": text }]);
    }
    let content = message["content"].as_array_mut();
    content.expect("a list of blocks").push(block);
}

fn tag(body: &mut Value, place: &Value) {
    let tag = format!("<CCR-SUBAGENT-MODEL>{PROVIDER},agent-m</CCR-SUBAGENT-MODEL>");
    let before = |text: &Value| json!(format!("{tag}{}", text.as_str().unwrap_or_default()));
    match (place.as_u64(), place.as_str()) {
        (Some(block), _) => {
            let text = &mut body["system"][block as usize]["text"];
            *text = before(text);
        }
        (_, Some("string")) => body["system"] = json!(format!("{tag}You are a helper.")),
        (_, Some("behind")) => body["system"][1]["text"] = json!(format!("You help.\n{tag}")),
        (_, Some("message")) => {
            let text = &mut body["messages"][1]["content"][0]["text"];
            *text = before(text);
        }
        (_, Some("user")) => {
            let text = &mut body["messages"][0]["content"][0]["text"];
            *text = before(text);
        }
        _ => panic!("`tag: {place}` is no place"),
    }
}

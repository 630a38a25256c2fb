//! What a stage was given and made, as the files of a case (`tests/fixtures/README.md`).

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::chain::usual_path;
use crate::error::ApiError;
use crate::http::error_json;
use crate::recorder::{Back, Made, Played, Requested};
use crate::sse::Framing;
use crate::upstream::joined;
use crate::wasm::bindings::{Context, Ending};

/// The files of one case, and what could not be put into them.
pub(super) struct Fixture {
    /// Name and content of all but `case.json5`.
    pub(super) files: Vec<(&'static str, Bytes)>,
    /// What `case.json5` says of the exchange, as JSON.
    pub(super) case: Bytes,
    /// What it says of itself.
    label: Label,
    /// Sentences for the person who records.
    pub(super) remarks: Vec<String>,
}

/// What a case says of itself.
pub(super) struct Label {
    pub(super) why: String,
    pub(super) source: String,
}

/// Headers that say something to a transformer, or begin so. Any other may tell an account, and is left out.
const SAYING: [&str; 10] = [
    "anthropic-ratelimit-",
    "content-type",
    "ratelimit",
    "retry-after",
    "x-model",
    "x-ratelimit-",
    "x-request-limit",
    "x-should-retry",
    "x-token-limit",
    "x-usage",
];

/// Headers of a connection or a moment, of which nobody needs to know that they are left out.
const PASSING: [&str; 24] = [
    "alt-svc",
    "anthropic-organization-id",
    "cf-cache-status",
    "cf-ray",
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "keep-alive",
    "nel",
    "openai-organization",
    "openai-project",
    "report-to",
    "request-id",
    "server",
    "set-cookie",
    "strict-transport-security",
    "trailer",
    "transfer-encoding",
    "vary",
    "via",
    "x-amzn-requestid",
    "x-envoy-upstream-service-time",
    "x-request-id",
];

/// The headers of an answer that go into a case, and the names of those of which a person should know
/// that they do not.
pub(super) fn sorted_out(headers: Vec<(String, String)>) -> (Vec<(String, String)>, Vec<String>) {
    let says = |name: &str| SAYING.iter().any(|begin| name.starts_with(begin));
    let (kept, left): (Vec<_>, Vec<_>) = headers.into_iter().partition(|(name, _)| says(name));
    let names = left.into_iter().map(|(name, _)| name);
    let told = names.filter(|name| !PASSING.contains(&name.as_str()));
    (kept, told.collect())
}

/// The case of one stage.
pub(super) fn fixture(
    label: Label,
    context: &Context,
    options: &Value,
    played: &Played,
) -> Fixture {
    let mut fixture = Fixture {
        files: vec![("request.client.json", played.given.clone())],
        case: Bytes::new(),
        label,
        remarks: Vec::new(),
    };
    let mut case = Map::new();
    case.insert("context".to_owned(), context_of(context));
    if options
        .as_object()
        .is_some_and(|options| !options.is_empty())
    {
        case.insert("options".to_owned(), options.clone());
    }
    if let Some(fault) = &played.fault {
        fixture.remarks.push(format!(
            "the transformer broke, so that nothing is expected of it yet: {fault}"
        ));
        // What came is what shows it.
        if let Some(back) = &played.back {
            fixture.upstream(back, &mut case);
        }
    } else {
        let request = fixture.request(&played.request, context);
        case.insert("request".to_owned(), request);
        if let Some(back) = &played.back {
            fixture.back(back, &mut case);
        }
    }
    fixture.case = Bytes::from(Value::Object(case).to_string());
    fixture
}

impl Fixture {
    /// Every file, ready to be written.
    pub(super) fn all(&self) -> Vec<(&'static str, Bytes)> {
        let mut case = Map::new();
        case.insert("why".to_owned(), json!(self.label.why));
        case.insert("source".to_owned(), json!(self.label.source));
        let said: Map<String, Value> = serde_json::from_slice(&self.case).unwrap_or_default();
        case.extend(said);
        let text = super::case_file::json5(&Value::Object(case));
        let mut all = self.files.clone();
        all.push(("case.json5", Bytes::from(text)));
        all
    }

    /// The member `request` of a case, and the file beside it.
    fn request(&mut self, requested: &Requested, context: &Context) -> Value {
        match requested {
            Requested::Unsupported => json!({"unsupported": true}),
            Requested::Failed(error) => json!({"fails": failure(error)}),
            Requested::Answer(answer) => {
                self.files.push(("response.client.json", pretty(answer)));
                json!({"answer": true})
            }
            Requested::Forward {
                path,
                headers,
                body,
                reply,
            } => {
                if serde_json::from_slice::<Value>(body).is_ok() {
                    self.files.push(("request.upstream.json", pretty(body)));
                } else {
                    let why = "the upstream's request is no JSON, and is left out";
                    self.remarks.push(why.to_owned());
                }
                let mut request = Map::new();
                // The usual one may be what the transformer left unsaid.
                if path != usual_path(&context.operation) {
                    request.insert("path".to_owned(), json!(path));
                }
                if !headers.is_empty() {
                    request.insert("headers".to_owned(), map(headers));
                }
                request.insert("reply".to_owned(), json!(reply));
                Value::Object(request)
            }
        }
    }

    /// What came, and what the client must get of it.
    fn back(&mut self, back: &Back, case: &mut Map<String, Value>) {
        match &back.made {
            Made::Nothing => {
                let why = "the upstream's answer is for the host alone, and is left out";
                return self.remarks.push(why.to_owned());
            }
            Made::NotMine => {
                let why =
                    "the transformer leaves this error to the host, so that its answer is left out";
                return self.remarks.push(why.to_owned());
            }
            Made::Again => {
                let why = "the transformer wants another request sent, which no fixture can show: the answer is left out";
                return self.remarks.push(why.to_owned());
            }
            Made::Message(_) | Made::Events(..) | Made::Error(_) => {}
        }
        self.upstream(back, case);
        match &back.made {
            Made::Message(message) => self.files.push(("response.client.json", pretty(message))),
            Made::Error(error) => {
                let envelope = envelope(error);
                self.files.push(("response.client.json", pretty(&envelope)));
                case.insert("expect".to_owned(), expected(error));
            }
            Made::Events(events, error) => {
                let cut = matches!(back.answer.ending, Ending::Broken(_));
                let mut pieces = vec![events.clone()];
                if let Some(error) = error.as_ref().filter(|_| !cut) {
                    let envelope = envelope(error);
                    let text = String::from_utf8_lossy(&envelope);
                    pieces.push(crate::sse::event("error", &text));
                    case.insert("expect".to_owned(), json!({"ends": "error"}));
                }
                self.files.push(("response.client.sse", joined(pieces)));
            }
            Made::Nothing | Made::NotMine | Made::Again => {}
        }
    }

    fn upstream(&mut self, back: &Back, case: &mut Map<String, Value>) {
        let answer = &back.answer;
        let file = match back.framing {
            None => "response.upstream.json",
            Some(Framing::Sse) => "response.upstream.sse",
            Some(Framing::JsonLines) => "response.upstream.jsonl",
        };
        self.files.push((file, answer.body.clone()));
        let kept = &answer.head.headers;
        let mut upstream = Map::new();
        upstream.insert("status".to_owned(), json!(answer.head.status));
        if !kept.is_empty() {
            upstream.insert("headers".to_owned(), map(kept));
        }
        case.insert("upstream".to_owned(), Value::Object(upstream));
        if let Ending::Broken(how) = &answer.ending {
            case.insert("ending".to_owned(), json!({"broken": how}));
        }
    }
}

fn context_of(context: &Context) -> Value {
    let mut value = json!({
        "exchange_id": context.exchange_id,
        "provider": context.provider,
        "model": context.model,
        "requested_model": context.requested_model,
        "operation": context.operation,
        "streaming": context.streaming,
        "input_estimate": context.input_estimate,
    });
    let lists = [
        ("headers", &context.headers),
        ("limits", &context.limits),
        ("extra", &context.extra),
    ];
    for (name, list) in lists {
        if let Some(members) = value.as_object_mut().filter(|_| !list.is_empty()) {
            members.insert(name.to_owned(), map(list));
        }
    }
    value
}

fn map(list: &[(String, String)]) -> Value {
    let members = list
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)));
    Value::Object(members.collect())
}

fn failure(error: &ApiError) -> Value {
    let mut fails = json!({"kind": error.kind, "message": error.message});
    if error.status != ApiError::new(error.kind, "").status {
        fails["status"] = json!(error.status);
    }
    fails
}

fn expected(error: &ApiError) -> Value {
    let mut expect = json!({"status": error.status});
    let mut headers = Map::new();
    if let Some(ms) = error.retry_after_ms {
        let seconds = ms.div_ceil(1000).to_string();
        headers.insert("retry-after".to_owned(), json!(seconds));
    }
    if let Some(retry) = error.should_retry {
        headers.insert("x-should-retry".to_owned(), json!(retry.to_string()));
    }
    if !headers.is_empty() {
        expect["headers"] = Value::Object(headers);
    }
    expect
}

/// Without the request's id, which the host adds.
fn envelope(error: &ApiError) -> Bytes {
    let mut value: Value = serde_json::from_str(&error_json(error, "")).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.shift_remove("request_id");
    }
    Bytes::from(value.to_string())
}

/// JSON that a person can read: these files are compared by value.
fn pretty(body: &Bytes) -> Bytes {
    let value = serde_json::from_slice::<Value>(body);
    match value.and_then(|value| serde_json::to_string_pretty(&value)) {
        Ok(text) => Bytes::from(text + "\n"),
        Err(_) => body.clone(),
    }
}

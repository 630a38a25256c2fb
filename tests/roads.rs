//! The ways through transom that faults are tried on: each a transformer, and what its upstream
//! says when all is well. One host has all of them; one scripted upstream answers each request as
//! the test says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::harness::client::{self, Exchange, Reply};
use crate::harness::grammar::{self, Report};
use crate::harness::host::{self, Builder, Host};
use crate::harness::upstream::{Answer, Recorded, Request, Upstream};

/// A way from the client to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Road {
    /// Chat completions, by the `cerebras` component.
    Cerebras,
    /// Chat completions, by the `openai` component.
    OpenAi,
    /// Gemini's own API, by the `gemini` component.
    Gemini,
    /// Ollama's native API, whose streams are JSON texts, one a line, by the `ollama` component.
    Ollama,
    /// OpenAI's Responses API, by the `responses` component.
    Responses,
    /// Z.ai's Anthropic side, by the `zai` component.
    Zai,
    /// An Anthropic upstream, passed through untouched.
    Passthrough,
}

pub(crate) const CEREBRAS: &[u8] = include_bytes!("streams/cerebras.sse");
pub(crate) const OPENAI: &[u8] = include_bytes!("streams/openai.sse");
pub(crate) const GEMINI: &[u8] = include_bytes!("streams/gemini.sse");
pub(crate) const OLLAMA: &[u8] = include_bytes!("streams/ollama.jsonl");
pub(crate) const RESPONSES: &[u8] = include_bytes!("streams/responses.sse");
pub(crate) const ZAI: &[u8] = include_bytes!("streams/zai.sse");

impl Road {
    pub(crate) const ALL: [Self; 7] = [
        Self::Cerebras,
        Self::OpenAi,
        Self::Gemini,
        Self::Ollama,
        Self::Responses,
        Self::Zai,
        Self::Passthrough,
    ];

    /// The provider's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cerebras => "cerebras",
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
            Self::Responses => "responses",
            Self::Zai => "zai",
            Self::Passthrough => "plain",
        }
    }

    pub(crate) fn transformer(self) -> &'static str {
        match self {
            Self::Passthrough => "anthropic",
            _ => self.name(),
        }
    }

    /// The upstream speaks the Messages API.
    pub(crate) fn is_anthropic(self) -> bool {
        matches!(self, Self::Zai | Self::Passthrough)
    }

    /// The provider in the words of the configuration. Its base path is its name, so that the
    /// upstream sees on which road a request came.
    pub(crate) fn provider(self, upstream: &str) -> Value {
        let base = match self {
            Self::Cerebras | Self::OpenAi | Self::Responses => {
                format!("{upstream}/{}/v1", self.name())
            }
            _ => format!("{upstream}/{}", self.name()),
        };
        host::provider(self.name(), &base, self.transformer(), "model-1")
    }

    /// How the path begins that the provider is asked at.
    pub(crate) fn path(self) -> String {
        let path = match self {
            Self::Cerebras | Self::OpenAi => "v1/chat/completions",
            // A method follows.
            Self::Gemini => "models/model-1:",
            Self::Ollama => "api/chat",
            Self::Responses => "v1/responses",
            Self::Zai | Self::Passthrough => "v1/messages",
        };
        format!("/{}/{path}", self.name())
    }

    /// A client's request.
    pub(crate) fn request(self, stream: bool, text: &str) -> Value {
        json!({
            "model": format!("{},model-1", self.name()),
            "max_tokens": 1024,
            "stream": stream,
            "tools": [tool("Read"), tool("Bash")],
            "messages": [{ "role": "user", "content": text }],
        })
    }

    /// The stream of an upstream when all is well.
    pub(crate) fn stream(self) -> &'static [u8] {
        match self {
            Self::Cerebras => CEREBRAS,
            Self::OpenAi => OPENAI,
            Self::Gemini => GEMINI,
            Self::Ollama => OLLAMA,
            Self::Responses => RESPONSES,
            Self::Zai | Self::Passthrough => ZAI,
        }
    }

    /// An overload as its upstream says it within a 200.
    pub(crate) fn overload(self, words: &str) -> Value {
        match self {
            Self::Zai | Self::Passthrough => {
                json!({ "type": "error", "error": { "type": "overloaded_error", "message": words } })
            }
            Self::Cerebras | Self::OpenAi | Self::Responses => {
                json!({ "error": { "message": words, "type": "server_error", "code": "overloaded_error" } })
            }
            Self::Gemini => {
                json!({ "error": { "code": 503, "message": words, "status": "UNAVAILABLE" } })
            }
            Self::Ollama => json!({ "error": words }),
        }
    }

    /// What that becomes: where only words are said, they have no type.
    pub(crate) fn overloaded(self) -> (u16, &'static str) {
        match self {
            Self::Ollama => (500, "api_error"),
            _ => (529, "overloaded_error"),
        }
    }

    /// One frame of its streams.
    pub(crate) fn frame(self, event: &str, data: &Value) -> Vec<u8> {
        match self {
            Self::Ollama => format!("{data}\n"),
            Self::Cerebras | Self::OpenAi | Self::Gemini => format!("data: {data}\n\n"),
            Self::Responses | Self::Zai | Self::Passthrough => {
                format!("event: {event}\ndata: {data}\n\n")
            }
        }
        .into_bytes()
    }

    /// What ends one of its frames.
    pub(crate) fn frame_end(self) -> &'static str {
        if self == Self::Ollama { "\n" } else { "\n\n" }
    }

    /// Its events, each with its end.
    pub(crate) fn frames(self) -> Vec<&'static [u8]> {
        let stream = self.stream();
        let end = self.frame_end().as_bytes();
        let ends = stream.windows(end.len()).enumerate();
        let ends = ends.filter_map(|(at, bytes)| (bytes == end).then_some(at + end.len()));
        let mut start = 0;
        ends.map(|end| &stream[std::mem::replace(&mut start, end)..end])
            .collect()
    }

    /// A whole answer of an upstream when all is well.
    pub(crate) fn whole(self) -> Value {
        if self.is_anthropic() {
            return json!({
                "id": "msg_whole", "type": "message", "role": "assistant", "model": "model-1",
                "content": [{ "type": "text", "text": "All is well." }],
                "stop_reason": "end_turn", "stop_sequence": null,
                "usage": { "input_tokens": 12, "output_tokens": 4 },
            });
        }
        if self == Self::Ollama {
            return json!({
                "model": "model-1", "created_at": "2026-11-01T10:00:00Z",
                "message": { "role": "assistant", "content": "All is well." },
                "done_reason": "stop", "done": true, "prompt_eval_count": 12, "eval_count": 4,
            });
        }
        if self == Self::Responses {
            return json!({
                "id": "resp_whole", "object": "response", "status": "completed", "error": null,
                "incomplete_details": null, "model": "model-1",
                "output": [{
                    "id": "msg_whole", "type": "message", "role": "assistant", "status": "completed",
                    "content": [{ "type": "output_text", "text": "All is well.", "annotations": [] }],
                }],
                "usage": { "input_tokens": 12, "output_tokens": 4, "total_tokens": 16 },
            });
        }
        if self == Self::Gemini {
            return json!({
                "candidates": [{
                    "content": { "role": "model", "parts": [{ "text": "All is well." }] },
                    "finishReason": "STOP", "index": 0,
                }],
                "usageMetadata": {
                    "promptTokenCount": 12, "candidatesTokenCount": 4, "totalTokenCount": 16,
                },
                "modelVersion": "model-1", "responseId": "8f3kaZ3vBo",
            });
        }
        json!({
            "id": "chatcmpl-whole", "object": "chat.completion", "created": 1, "model": "model-1",
            "choices": [{
                "index": 0, "finish_reason": "stop",
                "message": { "role": "assistant", "content": "All is well." },
            }],
            "usage": { "prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16 },
        })
    }
}

fn tool(name: &str) -> Value {
    json!({
        "name": name, "description": name,
        "input_schema": {
            "type": "object",
            "properties": { "file_path": { "type": "string" }, "command": { "type": "string" } },
        },
    })
}

/// A host with every road, and the upstream behind it.
#[derive(Debug)]
pub(crate) struct Roads {
    pub(crate) upstream: Upstream,
    pub(crate) host: Host,
    script: Script,
    asked: AtomicUsize,
}

/// What each request is answered, by the words in it.
type Script = Arc<Mutex<HashMap<String, Answer>>>;

/// The end of the words, so that no words begin with other ones.
const STOP: &str = " ends.";

impl Roads {
    /// With the configuration's defaults.
    pub(crate) async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    /// With more in the configuration.
    pub(crate) async fn with(more: impl FnOnce(Builder) -> Builder) -> Self {
        let script = Script::default();
        let answers = Arc::clone(&script);
        let upstream = Upstream::start(move |request| scripted(&answers, request)).await;
        let roads = Road::ALL.into_iter();
        let builder = roads.fold(Builder::new(), |builder, road| {
            builder.provider(road.provider(&upstream.url()))
        });
        // Compiled components are shared by the tests: what is tested here is not compiling.
        let cache = format!("{}/transom-cache", env!("CARGO_TARGET_TMPDIR"));
        Self {
            host: more(
                builder
                    .env("XDG_CACHE_HOME", &cache)
                    .env("TRANSOM_LOG", "warn"),
            )
            .start(),
            upstream,
            script,
            asked: AtomicUsize::new(0),
        }
    }

    /// Words for a request, which the upstream answers as told.
    pub(crate) fn words(&self, answer: Answer) -> String {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let words = format!("Question {number}{STOP}");
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.insert(words.clone(), answer);
        words
    }

    /// Asks on a road; the upstream answers as told.
    pub(crate) async fn ask(&self, road: Road, stream: bool, answer: Answer) -> Reply {
        self.open(road, stream, answer).await.finish().await
    }

    /// The same, with the answer left to be read.
    pub(crate) async fn open(&self, road: Road, stream: bool, answer: Answer) -> Exchange {
        let request = road.request(stream, &self.words(answer));
        client::open_messages(self.host.base(), &request).await
    }

    /// Asks for a stream and checks the form of the answer, which must be one.
    pub(crate) async fn stream(&self, road: Road, answer: Answer) -> Report {
        let reply = self.ask(road, true, answer).await;
        assert_eq!(reply.status, 200, "{road:?}: {}", reply.text());
        checked(road, &reply)
    }

    /// The last request that came on a road.
    pub(crate) fn last(&self, road: Road) -> Recorded {
        let records = self.upstream.records();
        let came = |record: &&Recorded| record.request.path().starts_with(&road.path());
        let last = records.iter().rev().find(came);
        last.cloned().expect("a request came on this road")
    }
}

/// The report on a streamed answer, without violations.
///
/// Passed through, the bytes of an event that is never finished have already gone when the upstream
/// breaks: a cut there may fall inside an event, everywhere else only between two.
pub(crate) fn checked(road: Road, reply: &Reply) -> Report {
    let mut report = grammar::check(reply);
    if road == Road::Passthrough && report.told == grammar::Told::Cut {
        let inside = "10: the body stops inside an event";
        report.violations.retain(|violation| violation != inside);
    }
    assert!(
        report.violations.is_empty(),
        "{road:?} breaks the grammar: {:?}\n{}",
        report.violations,
        reply.text()
    );
    report
}

/// An answer that is an error of the Messages API: the message.
pub(crate) fn error_of(reply: &Reply, status: u16, kind: &str) -> String {
    let body = reply.json();
    assert_eq!(
        (reply.status, body["error"]["type"].as_str()),
        (status, Some(kind)),
        "{body}"
    );
    assert_eq!(body["type"], "error", "{body}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let id = reply.header("request-id").expect("a request-id");
    assert_eq!(body["request_id"], id, "{body}");
    let message = body["error"]["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty(), "an error without a message: {body}");
    message.to_owned()
}

fn scripted(script: &Script, request: &Request) -> Answer {
    let body = String::from_utf8_lossy(&request.body);
    let words = body.find("Question ").and_then(|start| {
        let end = body[start..].find(STOP)?;
        Some(&body[start..start + end + STOP.len()])
    });
    let script = script.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = words.and_then(|words| script.get(words));
    let unknown = || Answer::json(418, &json!({ "error": "the script has no such question" }));
    answer.cloned().unwrap_or_else(unknown)
}

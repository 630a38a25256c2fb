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
    /// Z.ai's Anthropic side, by the `zai` component.
    Zai,
    /// An Anthropic upstream, passed through untouched.
    Passthrough,
}

pub(crate) const CEREBRAS: &[u8] = include_bytes!("streams/cerebras.sse");
pub(crate) const OPENAI: &[u8] = include_bytes!("streams/openai.sse");
pub(crate) const ZAI: &[u8] = include_bytes!("streams/zai.sse");

impl Road {
    pub(crate) const ALL: [Self; 4] = [Self::Cerebras, Self::OpenAi, Self::Zai, Self::Passthrough];

    /// The provider's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cerebras => "cerebras",
            Self::OpenAi => "openai",
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
        let base = if self.is_anthropic() {
            format!("{upstream}/{}", self.name())
        } else {
            format!("{upstream}/{}/v1", self.name())
        };
        host::provider(self.name(), &base, self.transformer(), "model-1")
    }

    /// The path that the provider is asked at.
    pub(crate) fn path(self) -> String {
        if self.is_anthropic() {
            format!("/{}/v1/messages", self.name())
        } else {
            format!("/{}/v1/chat/completions", self.name())
        }
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
            Self::Zai | Self::Passthrough => ZAI,
        }
    }

    /// Its events, each with its blank line.
    pub(crate) fn frames(self) -> Vec<&'static [u8]> {
        let stream = self.stream();
        let ends = stream.windows(2).enumerate();
        let ends = ends.filter_map(|(at, pair)| (pair == b"\n\n").then_some(at + 2));
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
        let came = |record: &&Recorded| record.request.path() == road.path();
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

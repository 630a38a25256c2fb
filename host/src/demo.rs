//! The embedded upstream: speaks Cerebras' chat completions on loopback, so that transom can be
//! tried without a key. It tells how transom works, a word at a time, or whole.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

/// What the upstream says.
const STORY: &str = "This answer comes from the upstream that is embedded in transom. It speaks the chat completions \
    of an OpenAI-like provider; a WebAssembly component turns every chunk into the events of Anthropic's Messages API. \
    Replace the component's file while these words are on their way, and they still arrive as the component that \
    this exchange began with makes them.";

/// Between two words.
const PACE: Duration = Duration::from_millis(25);

/// A running embedded upstream. It lives as long as the process.
pub(crate) struct Upstream {
    address: SocketAddr,
}

impl Upstream {
    /// Listens on a free loopback port.
    pub(crate) async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let router = Router::new().route("/v1/chat/completions", post(complete));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address })
    }

    /// For a provider's `base_url`.
    pub(crate) fn base_url(&self) -> Url {
        Url::parse(&format!("http://{}/v1", self.address))
            .expect("invariant: an address makes a URL")
    }
}

#[derive(Deserialize)]
struct Request {
    model: String,
    #[serde(default)]
    stream: bool,
}

async fn complete(body: Bytes) -> Response {
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => {
            let body = json!({"message": error.to_string(), "type": "invalid_request_error", "param": null, "code": "wrong_api_format"});
            return (http::StatusCode::BAD_REQUEST, body.to_string()).into_response();
        }
    };
    let words: Vec<&str> = STORY.split_inclusive(' ').collect();
    let usage = json!({"prompt_tokens": body.len() / 4, "completion_tokens": words.len(), "total_tokens": body.len() / 4 + words.len()});
    if !request.stream {
        let message = json!({"role": "assistant", "content": STORY});
        let body = json!({"id": "chatcmpl-demo", "object": "chat.completion", "created": 0, "model": request.model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage});
        return ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response();
    }
    let mut chunks: Vec<Bytes> = vec![chunk(&request.model, &json!({"role": "assistant"}), None)];
    chunks.extend(
        words
            .iter()
            .map(|word| chunk(&request.model, &json!({"content": word}), None)),
    );
    chunks.push(chunk(&request.model, &json!({}), Some(&usage)));
    chunks.push(Bytes::from_static(b"data: [DONE]\n\n"));
    let paced = futures_util::stream::unfold(chunks.into_iter(), |mut chunks| async {
        let chunk = chunks.next()?;
        tokio::time::sleep(PACE).await;
        Some((Ok::<_, Infallible>(chunk), chunks))
    });
    (
        [(CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(paced),
    )
        .into_response()
}

/// One event of Cerebras' stream: finish and usage share the last chunk.
fn chunk(model: &str, delta: &serde_json::Value, usage: Option<&serde_json::Value>) -> Bytes {
    let mut chunk = json!({"id": "chatcmpl-demo", "object": "chat.completion.chunk", "created": 0, "model": model,
        "choices": [{"index": 0, "delta": delta}]});
    if let Some(usage) = usage {
        chunk["choices"][0]["finish_reason"] = json!("stop");
        chunk["usage"] = usage.clone();
    }
    Bytes::from(format!("data: {chunk}\n\n"))
}

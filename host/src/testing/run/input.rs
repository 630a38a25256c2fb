//! What a case hands to the component: the client's body, the context, the upstream's head.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::testing::case::Case;
use crate::wasm::bindings::{Context, Head};

pub(super) fn client_body(case: &Case) -> anyhow::Result<Bytes> {
    if let Some(body) = case.file("request.client.json")? {
        return Ok(Bytes::from(body));
    }
    let plan = &case.plan.context;
    let streaming = plan.streaming.unwrap_or(case.stream()?.is_some());
    let model = plan
        .requested_model
        .clone()
        .unwrap_or_else(|| "test,test-model".to_owned());
    let body = json!({"model": model, "max_tokens": 1024, "messages": [{"role": "user", "content": "hi"}], "stream": streaming});
    Ok(Bytes::from(body.to_string()))
}

pub(super) fn context(case: &Case, guest: &str) -> Context {
    let plan = &case.plan.context;
    let text =
        |given: &Option<String>, usual: &str| given.clone().unwrap_or_else(|| usual.to_owned());
    let list = |map: &std::collections::BTreeMap<String, String>| {
        map.iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    let asked = || {
        let body = case.file("request.client.json").ok()??;
        Some(
            serde_json::from_slice::<Value>(&body)
                .ok()?
                .get("stream")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        )
    };
    let streamed = case.stream().is_ok_and(|stream| stream.is_some());
    let provider = text(&plan.provider, guest);
    let model = text(&plan.model, "test-model");
    Context {
        exchange_id: text(&plan.exchange_id, "0123456789abcdefghijABCD"),
        requested_model: text(&plan.requested_model, &format!("{provider},{model}")),
        provider,
        model,
        operation: text(&plan.operation, "messages"),
        streaming: plan.streaming.or_else(asked).unwrap_or(streamed),
        input_estimate: plan.input_estimate.unwrap_or(100),
        headers: list(&plan.headers),
        limits: list(&plan.limits),
        extra: list(&plan.extra),
    }
}

pub(super) fn head(case: &Case, status: u16, content_type: &str) -> Head {
    let given = &case.plan.upstream.headers;
    let mut headers: Vec<_> = given
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !given.contains_key("content-type") {
        headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
    Head { status, headers }
}

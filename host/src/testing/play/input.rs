//! What a case hands to the component: options, context, the client's body, the upstream's answer.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::testing::case::{CLIENT_REQUEST, Case, EndingPlan, Form};
use crate::wasm::bindings::{Context, Ending, Head};

/// Everything that a component gets to see of a case.
pub(in crate::testing) struct Inputs {
    pub(in crate::testing) options: Bytes,
    pub(in crate::testing) context: Context,
    pub(in crate::testing) request: Bytes,
    pub(in crate::testing) upstream: Option<Upstream>,
}

/// The upstream's answer.
pub(in crate::testing) struct Upstream {
    pub(in crate::testing) form: Form,
    pub(in crate::testing) head: Head,
    pub(in crate::testing) body: Bytes,
    pub(in crate::testing) ending: Ending,
}

impl Inputs {
    /// Reads the files of a case. `guest` is the provider's name unless the case has another.
    ///
    /// Errors: a file that cannot be read, two answers of the upstream.
    pub(in crate::testing) fn of(case: &Case, guest: &str) -> Result<Self, String> {
        let upstream = case.upstream()?;
        let sent = case.file(CLIENT_REQUEST)?;
        let streamed = upstream.as_ref().is_some_and(|(form, _)| form.is_stream());
        let context = context(case, guest, sent.as_deref(), streamed);
        let request = sent.unwrap_or_else(|| usual_request(&context));
        Ok(Self {
            options: Bytes::from(json!(case.plan.options).to_string()),
            request: Bytes::from(request),
            upstream: upstream.map(|(form, body)| Upstream {
                form,
                head: head(case, form),
                body: Bytes::from(body),
                ending: match &case.plan.ending {
                    EndingPlan::Complete => Ending::Complete,
                    EndingPlan::Broken(how) => Ending::Broken(how.clone()),
                },
            }),
            context,
        })
    }
}

fn usual_request(context: &Context) -> Vec<u8> {
    let body = json!({
        "model": context.requested_model,
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "hi"}],
        "stream": context.streaming,
    });
    body.to_string().into_bytes()
}

/// The model as the provider of a case names it.
pub(in crate::testing) fn model(case: &Case) -> &str {
    case.plan.context.model.as_deref().unwrap_or("test-model")
}

fn context(case: &Case, guest: &str, sent: Option<&[u8]>, streamed: bool) -> Context {
    let plan = &case.plan.context;
    let text =
        |given: &Option<String>, usual: &str| given.clone().unwrap_or_else(|| usual.to_owned());
    let list = |map: &std::collections::BTreeMap<String, String>| {
        map.iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    let asked = sent.map(|body| {
        let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
        body.get("stream").and_then(Value::as_bool).unwrap_or(false)
    });
    let provider = text(&plan.provider, guest);
    let model = model(case).to_owned();
    Context {
        exchange_id: text(&plan.exchange_id, "0123456789abcdefghijABCD"),
        requested_model: text(&plan.requested_model, &format!("{provider},{model}")),
        provider,
        model,
        operation: text(&plan.operation, "messages"),
        streaming: plan.streaming.or(asked).unwrap_or(streamed),
        input_estimate: plan.input_estimate.unwrap_or(100),
        headers: list(&plan.headers),
        limits: list(&plan.limits),
        extra: list(&plan.extra),
    }
}

fn head(case: &Case, form: Form) -> Head {
    let plan = &case.plan.upstream;
    let mut headers: Vec<_> = plan
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !plan.headers.contains_key("content-type") {
        headers.push(("content-type".to_owned(), form.content_type().to_owned()));
    }
    Head {
        status: plan.status.unwrap_or(200),
        headers,
    }
}

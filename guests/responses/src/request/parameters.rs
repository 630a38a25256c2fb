//! Limits, sampling, reasoning, the form of the answer and what is stored.

use crate::{Options, model};
use chat::Profile;
use sdk::anthropic::Request;
use sdk::json::Writer;
use sdk::{Context, host};

/// `max_output_tokens` and sampling; what there is no parameter for is told.
pub(super) fn limits(
    body: &mut Writer<'_>,
    context: &Context,
    options: &Options,
    request: &Request<'_>,
) {
    if let Some(wanted) = request.max_tokens {
        let limit = chat::output_limit(wanted, context, options.max_out_clamp);
        if limit < options.max_out_least {
            host::note("change", "max_tokens", "the provider wants more");
        }
        body.number("max_output_tokens", limit.max(options.max_out_least));
    }
    let samples = model::samples(&context.model, options);
    for (name, value) in [
        ("temperature", request.temperature),
        ("top_p", request.top_p),
    ] {
        match value {
            Some(value) if samples => {
                body.raw(name, value.get());
            }
            Some(_) => host::note("drop", name, "the model takes no sampling"),
            None => {}
        }
    }
    let why = "the provider has no such parameter";
    if request.top_k.is_some() {
        host::note("drop", "top_k", why);
    }
    let stops = request.stop_sequences.as_deref().unwrap_or_default();
    if !stops.is_empty() {
        host::note("drop", "stop_sequences", why);
    }
}

/// Whether a summary of what the model thinks is asked for.
pub(super) fn shown(options: &Options, request: &Request<'_>) -> bool {
    let thinking = request.thinking.as_ref();
    thinking.is_some_and(|thinking| thinking.kind != "disabled") && !options.summary.is_empty()
}

/// `reasoning`: how hard, and whether with a summary.
pub(super) fn reasoning(
    body: &mut Writer<'_>,
    context: &Context,
    options: &Options,
    request: &Request<'_>,
    reasons: bool,
) {
    let shown = shown(options, request);
    let profile = Profile::default();
    let known = model::efforts(&context.model, options);
    let wanted = chat::wanted_effort(request, &profile);
    let effort = wanted.and_then(|wanted| sdk::effort::nearest(wanted, known.iter().copied()));
    let written = reasons && (shown || effort.is_some());
    if written {
        let mut object = Writer::object(body.member("reasoning"));
        if let Some(effort) = effort {
            object.plain("effort", effort);
        }
        if shown {
            object.plain("summary", &options.summary);
        }
        object.end();
    }
    let (action, why) = if written {
        ("change", "said in the provider's own words")
    } else {
        ("drop", "the model has nothing for it")
    };
    if request.thinking.is_some() {
        host::note(action, "thinking", why);
    }
    let effort = request.output_config.as_ref().map(|output| &output.effort);
    if effort.is_some_and(|effort| !effort.is_empty()) {
        host::note(action, "output_config.effort", why);
    }
}

/// `text.format`: structured output.
pub(super) fn format(body: &mut Writer<'_>, request: &Request<'_>) {
    let output = request.output_config.as_ref();
    let Some(format) = output.and_then(|output| output.format.as_ref()) else {
        return;
    };
    let Some(schema) = format.schema.filter(|_| format.kind == "json_schema") else {
        let why = "no such format is known";
        host::note("drop", "output_config.format", why);
        return;
    };
    let mut text = Writer::object(body.member("text"));
    let mut object = Writer::object(text.member("format"));
    object
        .raw("type", r#""json_schema""#)
        .raw("name", r#""output""#)
        .raw("schema", schema.get())
        .flag("strict", chat::is_strict(schema));
    object.end();
    text.end();
}

/// Nothing is stored there, so what was thought must come along.
pub(super) fn storage(
    body: &mut Writer<'_>,
    context: &Context,
    options: &Options,
    request: &Request<'_>,
    reasons: bool,
) {
    body.flag("store", false);
    if reasons {
        body.raw("include", r#"["reasoning.encrypted_content"]"#);
    }
    if options.prompt_cache_key
        && let Some(key) = chat::session_hash(request)
    {
        body.plain("prompt_cache_key", &key);
    }
    if context.streaming {
        body.flag("stream", true);
    }
}

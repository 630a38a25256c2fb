//! Limits, sampling, thinking, format and the like: each goes out if the profile has a place for it, and what
//! does not is told.

use super::schema::is_strict;
use super::{effort, identity};
use crate::Profile;
use crate::profile::{MaxTokensField, Sampling};
use sdk::anthropic::Request;
use sdk::json::{RawValue, Writer};
use sdk::{Context, host};

/// Writes all parameters but those of tools.
pub(super) fn write(
    body: &mut Writer<'_>,
    context: &Context,
    profile: &Profile,
    request: &Request<'_>,
    has_tools: bool,
) {
    let limit = request
        .max_tokens
        .map(|wanted| output_limit(wanted, context, profile.max_out_clamp));
    if let Some(limit) = limit {
        let field = match profile.max_tokens_field {
            MaxTokensField::MaxTokens => "max_tokens",
            MaxTokensField::MaxCompletionTokens => "max_completion_tokens",
        };
        if profile.takes(field) {
            body.number(field, limit);
        }
    }
    sampling(body, profile, request);
    stop(body, profile, request);
    let streaming = request.stream == Some(true);
    if has_tools && effort::is_odd_with_tools(profile) {
        effort::write_with_tools(body, request, profile);
    } else {
        effort::write(body, request, profile, (limit, streaming));
    }
    if !profile.reasoning_format.is_empty() && profile.takes("reasoning_format") {
        body.plain("reasoning_format", &profile.reasoning_format);
    }
    response_format(body, profile, request, has_tools);
    identity(body, profile, request);
    if streaming {
        body.flag("stream", true);
        if profile.stream_options && profile.takes("stream_options") {
            body.raw("stream_options", r#"{"include_usage":true}"#);
        }
    }
}

fn sampling(body: &mut Writer<'_>, profile: &Profile, request: &Request<'_>) {
    for (name, value) in [
        ("temperature", request.temperature),
        ("top_p", request.top_p),
    ] {
        let Some(value) = value else {
            continue;
        };
        if profile.sampling == Sampling::Drop {
            host::note("drop", name, "the model takes no sampling");
        } else if profile.takes(name) {
            fitted(body, profile.sampling, name, value);
        }
    }
    let Some(top_k) = request.top_k else {
        return;
    };
    if !profile.top_k {
        host::note("drop", "top_k", "the provider does not take it");
    } else if profile.takes("top_k") {
        body.raw("top_k", top_k.get());
    }
}

/// One value of sampling, put into the range that the provider takes.
fn fitted(body: &mut Writer<'_>, sampling: Sampling, name: &str, value: &RawValue) {
    let number: f64 = value.get().parse().unwrap_or(0.5);
    let fitted = match sampling {
        Sampling::Clamp | Sampling::Open01 if number <= 0.0 => "0.01",
        Sampling::Clamp if number > 1.0 => "1",
        Sampling::Open01 if number >= 1.0 => "0.99",
        _ => value.get(),
    };
    if fitted != value.get() {
        host::note("change", name, "the provider takes a smaller range");
    }
    if sampling == Sampling::Open01 && number <= 0.0 && name == "temperature" {
        body.flag("do_sample", false);
    }
    body.raw(name, fitted);
}

/// Hashes that stand for the client's session and user.
fn identity(body: &mut Writer<'_>, profile: &Profile, request: &Request<'_>) {
    if profile.prompt_cache_key
        && let Some(key) = identity::session_hash(request)
        && profile.takes("prompt_cache_key")
    {
        body.plain("prompt_cache_key", &key);
    }
    if !profile.user_field.is_empty()
        && let Some(user) = identity::user(request)
        && profile.takes(&profile.user_field)
    {
        body.plain(&profile.user_field, &user);
    }
}

/// The smallest of what the client wants, `most` (0: no limit) and what the model can.
pub fn output_limit(wanted: u64, context: &Context, most: u64) -> u64 {
    let limits = [Some(most), sdk::limit(context, "max-output")];
    let most = limits.into_iter().flatten().filter(|most| *most > 0).min();
    match most.filter(|most| *most < wanted) {
        Some(most) => {
            host::note(
                "change",
                "max_tokens",
                &format!("{most} is the most to ask for"),
            );
            most
        }
        None => wanted,
    }
}

fn stop(body: &mut Writer<'_>, profile: &Profile, request: &Request<'_>) {
    let stops = request.stop_sequences.as_deref().unwrap_or_default();
    if stops.len() > profile.stop_max {
        host::note("drop", "stop_sequences", "the provider takes fewer");
    }
    if stops.is_empty() || profile.stop_max == 0 || !profile.takes("stop") {
        return;
    }
    let mut list = Writer::list(body.member("stop"));
    for stop in stops.iter().take(profile.stop_max) {
        list.item().push_str(stop.get());
    }
    list.end();
}

fn response_format(
    body: &mut Writer<'_>,
    profile: &Profile,
    request: &Request<'_>,
    has_tools: bool,
) {
    let format = request
        .output_config
        .as_ref()
        .and_then(|config| config.format.as_ref());
    let Some(format) = format else {
        return;
    };
    let Some(schema) = format.schema.filter(|_| format.kind == "json_schema") else {
        let why = "no such format is known";
        host::note("drop", "output_config.format", why);
        return;
    };
    if !profile.response_format || (has_tools && !profile.response_format_with_tools) {
        host::note(
            "drop",
            "output_config.format",
            "the provider does not take it here",
        );
        return;
    }
    if !profile.takes("response_format") {
        return;
    }
    let mut format = Writer::object(body.member("response_format"));
    format.raw("type", r#""json_schema""#);
    let mut inner = Writer::object(format.member("json_schema"));
    inner
        .raw("name", r#""output""#)
        .raw("schema", schema.get())
        .flag("strict", is_strict(schema));
    inner.end();
    format.end();
}

//! Limits, sampling, stop sequences and the form of the answer, in `generationConfig`.

use crate::Options;
use sdk::anthropic::Request;
use sdk::json::Writer;
use sdk::{Context, host};

/// The most stop sequences that the API takes.
const STOPS_MOST: usize = 5;

/// Writes them. Returns how many tokens the answer may have.
pub(super) fn write(
    config: &mut Writer<'_>,
    context: &Context,
    options: &Options,
    request: &Request<'_>,
    has_tools: bool,
) -> Option<u64> {
    let limit = request
        .max_tokens
        .map(|wanted| chat::output_limit(wanted, context, options.max_out_clamp));
    if let Some(limit) = limit {
        config.number("maxOutputTokens", limit);
    }
    for (name, value) in [
        ("temperature", request.temperature),
        ("topP", request.top_p),
        ("topK", request.top_k),
    ] {
        if let Some(value) = value {
            config.raw(name, value.get());
        }
    }
    let stops = request.stop_sequences.as_deref().unwrap_or_default();
    if stops.len() > STOPS_MOST {
        host::note("drop", "stop_sequences", "the provider takes fewer");
    }
    if !stops.is_empty() {
        let mut list = Writer::list(config.member("stopSequences"));
        for stop in stops.iter().take(STOPS_MOST) {
            list.item().push_str(stop.get());
        }
        list.end();
    }
    format(config, options, request, has_tools);
    limit
}

fn format(config: &mut Writer<'_>, options: &Options, request: &Request<'_>, has_tools: bool) {
    let output = request.output_config.as_ref();
    let Some(format) = output.and_then(|output| output.format.as_ref()) else {
        return;
    };
    let path = "output_config.format";
    let Some(schema) = format.schema.filter(|_| format.kind == "json_schema") else {
        host::note("drop", path, "no such format is known");
        return;
    };
    if has_tools && !options.schema_with_tools {
        host::note("drop", path, "the provider does not take it beside tools");
        return;
    }
    config.plain("responseMimeType", "application/json");
    super::schema::write(
        config.member("responseJsonSchema"),
        schema,
        crate::Schema::Json,
        &mut super::schema::Told::new("output_config.format.schema"),
    );
}

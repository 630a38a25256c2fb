//! A whole answer: a chat completion to an Anthropic message. Thinking first, then text, then calls.

use crate::details::Details;
use crate::profile::ReasoningOut;
use crate::request::{Names, final_answer};
use crate::stop::{Finish, Holds, finish};
use crate::stream::chunk::{Choice, Chunk, Delta, call_id, non_empty};
use crate::stream::{CUT_CALL, FunctionDelta, Piece, Think, mend};
use crate::usage::Tokens;
use crate::{Profile, error, profile, signature};
use sdk::events::{StopReason, Usage};
use sdk::json::{Escaped, RawValue, Writer, separator};
use sdk::{Context, Failure, Head, failure};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A call of an answer.
struct Called<'m> {
    id: Escaped<'m>,
    function: &'m FunctionDelta<'m>,
    /// That of the thought that led to it, as a JSON string.
    signature: Option<String>,
}

/// Converts a 2xx body.
pub(crate) fn convert(
    context: &Context,
    profile: &Profile,
    names: &Names,
    head: &Head,
    body: &[u8],
) -> Result<String, Failure> {
    let completion: Chunk<'_> = sdk::json::from_slice(body)
        .map_err(|_| failure::upstream("upstream answered with something else than JSON"))?;
    let flat = || completion.choices.is_none() && error::is_flat(&String::from_utf8_lossy(body));
    if completion.error.is_some() || completion.base_failed() || flat() {
        return Err(error::explain(profile, head, body));
    }
    let choices = completion.choices.as_deref().unwrap_or_default();
    let first = |choice: &&Choice<'_>| choice.index.unwrap_or(0) == 0;
    let choice = choices.iter().find(first).or(choices.first());
    if let Some(error) = choice.and_then(|choice| choice.error) {
        return Err(error::inside(&profile.error_codes, error));
    }
    let Some(Choice {
        message: Some(message),
        finish_reason,
        stop_reason,
        ..
    }) = choice
    else {
        return Err(failure::upstream("upstream answered without a message"));
    };
    let mut calls = calls(message);
    let reason = non_empty(*finish_reason).unwrap_or_default();
    let reason = reason.unescape();
    let cut = finish(&reason, Holds::default()) == Finish::Stop(StopReason::MaxTokens);
    let answers = final_answers(names, &mut calls, cut)?;
    let stop = non_empty(*stop_reason).filter(|_| profile.stop_reason);
    let holds = Holds {
        calls: !calls.is_empty(),
        refusal: non_empty(message.refusal).is_some(),
        at_stop: stop.is_some(),
    };
    let reason = match finish(&reason, holds) {
        Finish::Stop(reason) => reason,
        Finish::Error => return Err(failure::upstream("upstream ended its answer with an error")),
    };
    let mut out = String::with_capacity(body.len() + 256);
    let mut answer = Writer::object(&mut out);
    answer
        .plain("id", &sdk::message_id(context))
        .raw("type", r#""message""#)
        .raw("role", r#""assistant""#)
        .plain("model", &context.model);
    let mut content = Writer::list(answer.member("content"));
    write_said(&mut content, context, profile, message, &answers);
    write_calls(&mut content, context, names, &calls);
    content.end();
    answer.plain("stop_reason", reason.name());
    match stop.filter(|_| reason == StopReason::StopSequence) {
        Some(stop) => answer.text("stop_sequence", &stop),
        None => answer.raw("stop_sequence", "null"),
    };
    let usage = completion.usage.map(Tokens::usage);
    let usage = usage.unwrap_or_else(|| Usage {
        input: context.input_estimate.into(),
        ..Usage::default()
    });
    usage.write(answer.member("usage"));
    answer.end();
    Ok(out)
}

/// Takes out the calls that say a text, and gives the texts. `cut`: by the limit. Errors: one broke off.
fn final_answers(
    names: &Names,
    calls: &mut Vec<Called<'_>>,
    cut: bool,
) -> Result<Vec<String>, Failure> {
    let says = |function: &FunctionDelta<'_>| {
        function
            .name()
            .is_some_and(|name| names.says_text(&name.unescape()))
    };
    let text = |function: &FunctionDelta<'_>| {
        let text = final_answer(&function.arguments().unescape(), cut);
        text.ok_or_else(|| failure::upstream(CUT_CALL))
    };
    let texts: Result<Vec<String>, Failure> = calls
        .iter()
        .filter(|call| says(call.function))
        .map(|call| text(call.function))
        .collect();
    calls.retain(|call| !says(call.function));
    texts
}

/// Writes thinking and text; `answers` are texts that were said by calls.
fn write_said(
    content: &mut Writer<'_>,
    context: &Context,
    profile: &Profile,
    message: &Delta<'_>,
    answers: &[String],
) {
    let mut said = message.said(&profile.reasoning_in);
    let inside = match profile.think_tags {
        profile::ThinkTags::Off => None,
        profile::ThinkTags::Parse => Some(false),
        profile::ThinkTags::Open => Some(true),
    };
    if let Some(inside) = inside {
        let mut think = Think::new(inside);
        let mut pieces = think.feed(&said.text.unescape());
        pieces.extend(think.flush());
        said.text = Escaped::default();
        for piece in pieces {
            match piece {
                Piece::Thinking(text) => said.thinking.join(separator::NONE, Escaped::plain(&text)),
                Piece::Text(text) => said.text.join(separator::NONE, Escaped::plain(&text)),
            }
        }
    }
    for answer in answers {
        said.text
            .join(separator::BLANK_LINE, Escaped::plain(answer));
    }
    let sealed = sealed(context, profile, message);
    if !said.thinking.is_empty() {
        let mut block = Writer::object(content.item());
        block
            .raw("type", r#""thinking""#)
            .text("thinking", &said.thinking)
            .plain("signature", &sealed);
        block.end();
    } else if !sealed.is_empty() {
        write_redacted(content, &sealed);
    }
    if !said.text.is_empty() {
        let mut block = Writer::object(content.item());
        block.raw("type", r#""text""#).text("text", &said.text);
        block.end();
    }
}

/// Thinking that is not to be read.
fn write_redacted(content: &mut Writer<'_>, sealed: &str) {
    let mut block = Writer::object(content.item());
    block
        .raw("type", r#""redacted_thinking""#)
        .plain("data", sealed);
    block.end();
}

/// The envelope with what the provider wants back, empty if there is nothing.
fn sealed(context: &Context, profile: &Profile, message: &Delta<'_>) -> String {
    let mut details = Details::default();
    if let Some(raw) = message.reasoning_details
        && profile.reasoning_out == ReasoningOut::ReasoningDetails
    {
        details.add(raw);
    }
    if details.is_empty() {
        return String::new();
    }
    details.seal(context)
}

/// Each call, the old `function_call` among them.
fn calls<'m>(message: &'m Delta<'m>) -> Vec<Called<'m>> {
    let calls = message.tool_calls.as_deref().unwrap_or_default().iter();
    let calls =
        calls.filter_map(|call| Some((call.id, call.function.as_ref()?, call.extra_content)));
    let old = message
        .function_call
        .as_ref()
        .map(|function| (None, function, None));
    calls
        .chain(old)
        .filter(|(_, function, _)| function.name().is_some())
        .map(|(id, function, extra_content)| Called {
            id: call_id(id).unwrap_or_default(),
            function,
            signature: signature::within(extra_content),
        })
        .collect()
}

fn write_calls(content: &mut Writer<'_>, context: &Context, names: &Names, calls: &[Called<'_>]) {
    let mut ids: BTreeSet<String> = BTreeSet::new();
    for (at, call) in calls.iter().enumerate() {
        let function = call.function;
        let mut id = call.id.unescape().into_owned();
        if id.is_empty() {
            id = format!("toolu_{}{at:02}", context.exchange_id);
        }
        if !ids.insert(id.clone()) {
            id = format!("{id}_{}", at + 1);
            ids.insert(id.clone());
        }
        let name = function.name().unwrap_or_default();
        let arguments = function.arguments();
        if let Some(signature) = &call.signature {
            write_redacted(content, &signature::seal(context, signature));
        }
        let mut block = Writer::object(content.item());
        block
            .raw("type", r#""tool_use""#)
            .plain("id", &id)
            .plain("name", names.incoming(&name.unescape()))
            .raw("input", &input(&arguments.unescape()));
        block.end();
    }
}

/// Arguments as an object; those that mean none become `{}`.
fn input(arguments: &str) -> Cow<'_, str> {
    let object = |text: &str| {
        text.trim_start().starts_with('{') && sdk::json::from_str::<&RawValue>(text).is_ok()
    };
    if object(arguments) {
        return Cow::Borrowed(arguments);
    }
    match mend(arguments) {
        Some(mended) if !mended.is_empty() => return Cow::Owned(mended),
        None if !arguments.trim().is_empty() => {
            let message = "the upstream called a tool with arguments that are not a JSON object";
            sdk::host::log(sdk::host::Level::Warn, message);
        }
        _ => {}
    }
    Cow::Borrowed("{}")
}

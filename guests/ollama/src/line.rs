//! What Ollama answers: one JSON text, a whole answer or a line of a stream. Both have the same members.

use sdk::events::{StopReason, Usage};
use sdk::json::{Escaped, RawValue};
use sdk::{Context, Failure, error};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A line, or a whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Line<'a> {
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) message: Option<Message<'a>>,
    /// True on the last line.
    pub(crate) done: Option<bool>,
    /// `stop` or `length`; `load` and `unload` of requests that only load a model.
    done_reason: Option<Cow<'a, str>>,
    /// Tokens of the prompt. Versions of 2024 left it out when the prompt was cached.
    prompt_eval_count: Option<u64>,
    /// Tokens of the answer.
    eval_count: Option<u64>,
}

/// What the model says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Message<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<Vec<Call<'a>>>,
}

/// A call, always whole.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Call<'a> {
    /// Since 2025; older versions have none.
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) function: Function<'a>,
}

/// Name and arguments.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Function<'a> {
    pub(crate) name: Cow<'a, str>,
    /// An object. Some front ends make a string of it.
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

impl<'a> Line<'a> {
    /// Errors: it is no such JSON.
    pub(crate) fn parse(text: &'a str) -> Result<Self, sdk::json::Error> {
        sdk::json::from_str(text)
    }

    /// Why the answer stopped. `called`: tools are called.
    pub(crate) fn stop_reason(&self, called: bool) -> StopReason {
        match self.done_reason.as_deref() {
            Some("length") => StopReason::MaxTokens,
            _ if called => StopReason::ToolUse,
            _ => StopReason::EndTurn,
        }
    }

    /// The tokens, those of the prompt estimated if Ollama does not tell them.
    pub(crate) fn usage(&self, context: &Context) -> Usage {
        Usage {
            input: self
                .prompt_eval_count
                .unwrap_or(context.input_estimate.into()),
            output: self.eval_count.unwrap_or(0),
            ..Usage::default()
        }
    }
}

impl<'a> Message<'a> {
    pub(crate) fn thinking(&self) -> Escaped<'a> {
        self.thinking.and_then(Escaped::of).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> Escaped<'a> {
        self.content.and_then(Escaped::of).unwrap_or_default()
    }

    /// The calls that name a tool.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call<'a>> {
        let calls = self.tool_calls.as_deref().unwrap_or_default();
        calls.iter().filter(|call| !call.function.name.is_empty())
    }
}

impl<'a> Call<'a> {
    /// The call's own id, else one made of the exchange's and the call's number: also where an earlier call has it, as
    /// results could not be told apart. It is then one of those `taken`.
    pub(crate) fn id(&self, context: &Context, taken: &mut BTreeSet<String>) -> String {
        let own = self.id.as_deref().filter(|id| !id.is_empty());
        let id = match own.filter(|id| !taken.contains(*id)) {
            Some(id) => id.to_owned(),
            None => format!("toolu_{}{:02}", context.exchange_id, taken.len()),
        };
        taken.insert(id.clone());
        id
    }

    /// The arguments as the text of an object, mended where they are nearly one; `{}` for what is none.
    pub(crate) fn arguments(&self) -> Cow<'a, str> {
        let Some(raw) = self.function.arguments else {
            return Cow::Borrowed("{}");
        };
        if raw.get().starts_with('{') {
            return Cow::Borrowed(raw.get());
        }
        let inside = Escaped::of(raw).map(|text| text.unescape().into_owned());
        let object = |text: String| {
            let whole = text.trim_start().starts_with('{')
                && sdk::json::from_str::<&RawValue>(text.as_str()).is_ok();
            let mended = || chat::mend(&text).filter(|mended| !mended.is_empty());
            if whole { Some(text) } else { mended() }
        };
        match inside.and_then(object) {
            Some(text) => Cow::Owned(text),
            None => {
                let message = "the upstream called a tool with arguments that are not an object";
                sdk::host::log(sdk::host::Level::Warn, message);
                Cow::Borrowed("{}")
            }
        }
    }
}

/// The failure that an error body says: `{"error": "the words"}`. In a stream the status is 200.
pub(crate) fn failure(status: u16, body: &str) -> Failure {
    let said = error::read(body);
    let status = if status < 400 {
        said.status.unwrap_or(500)
    } else {
        status
    };
    error::classify(status, &said)
}

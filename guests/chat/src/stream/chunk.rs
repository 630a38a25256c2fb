//! What OpenAI-like upstreams send, borrowed. Members whose type differs between servers stay raw.

use crate::profile::ReasoningIn;
use crate::usage::Tokens;
use sdk::json::{Escaped, RawValue, separator};
use serde::Deserialize;

/// A `chat.completion.chunk`, or a whole `chat.completion`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chunk<'a> {
    #[serde(borrow)]
    pub(crate) choices: Option<Vec<Choice<'a>>>,
    pub(crate) usage: Option<Tokens>,
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) x_groq: Option<Groq<'a>>,
    #[serde(borrow)]
    base_resp: Option<BaseResp<'a>>,
}

/// MiniMax's word on how it went, in every answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BaseResp<'a> {
    #[serde(borrow)]
    status_code: Option<&'a RawValue>,
}

impl Chunk<'_> {
    /// Whether MiniMax says that it went wrong.
    pub(crate) fn base_failed(&self) -> bool {
        let code = self.base_resp.as_ref().and_then(|base| base.status_code);
        code.is_some_and(|code| code.get() != "0")
    }
}

/// Groq's extras.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Groq<'a> {
    pub(crate) usage: Option<Tokens>,
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
}

/// One choice.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choice<'a> {
    pub(crate) index: Option<u64>,
    /// Of a chunk.
    #[serde(borrow)]
    pub(crate) delta: Option<Delta<'a>>,
    /// Of a whole answer.
    #[serde(borrow)]
    pub(crate) message: Option<Delta<'a>>,
    #[serde(borrow)]
    pub(crate) finish_reason: Option<&'a RawValue>,
    /// vLLM: the stop string that was met, or the number of a token.
    #[serde(borrow)]
    pub(crate) stop_reason: Option<&'a RawValue>,
    /// OpenRouter: what went wrong with this choice.
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
}

/// A delta or a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Delta<'a> {
    #[serde(borrow)]
    pub(crate) content: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_content: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) reasoning_details: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) tool_calls: Option<Vec<CallDelta<'a>>>,
    #[serde(borrow)]
    pub(crate) function_call: Option<FunctionDelta<'a>>,
}

/// A piece of a tool call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CallDelta<'a> {
    #[serde(borrow)]
    pub(crate) index: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) function: Option<FunctionDelta<'a>>,
    /// Gemini's extras.
    #[serde(borrow)]
    pub(crate) extra_content: Option<&'a RawValue>,
}

impl CallDelta<'_> {
    /// Whether it has neither id nor name nor arguments.
    pub(crate) fn is_empty(&self) -> bool {
        let says = |function: &FunctionDelta<'_>| {
            function.name().is_some() || !function.arguments().is_empty()
        };
        call_id(self.id).is_none() && !self.function.as_ref().is_some_and(says)
    }
}

/// Name and arguments of a call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FunctionDelta<'a> {
    #[serde(borrow)]
    pub(crate) name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) arguments: Option<&'a RawValue>,
}

/// A part of a content list (Mistral), or an entry of `reasoning_details` (OpenRouter).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PartDelta<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    summary: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
}

/// Text and thinking of a delta, each perhaps empty.
#[derive(Debug, Default)]
pub(crate) struct Said<'a> {
    pub(crate) thinking: Escaped<'a>,
    pub(crate) text: Escaped<'a>,
    /// The text holds a refusal.
    pub(crate) refused: bool,
}

impl<'a> Delta<'a> {
    /// What the delta says. Where reasoning comes in several of the members `order`, the first one counts:
    /// servers that send two send the same twice.
    pub(crate) fn said(&self, order: &[ReasoningIn]) -> Said<'a> {
        let mut said = content(self.content);
        let reasoning = order.iter().map(|member| match member {
            ReasoningIn::ReasoningContent => self.reasoning_content,
            ReasoningIn::Reasoning => self.reasoning,
            ReasoningIn::ReasoningDetails => self.reasoning_details,
            ReasoningIn::Thinking => self.thinking,
            ReasoningIn::ReasoningText => self.reasoning_text,
        });
        let mut reasoning = reasoning.flatten().map(loose_text);
        if let Some(thinking) = reasoning.find(|text| !text.is_empty()) {
            said.thinking = thinking;
        }
        if let Some(refusal) = non_empty(self.refusal) {
            said.refused = true;
            said.text.join(separator::NONE, refusal);
        }
        said
    }
}

impl<'a> Delta<'a> {
    /// The literal that is all the delta says, and whether it is thinking.
    pub(crate) fn only_literal(&self, said: &Said<'a>) -> Option<(bool, &'a str)> {
        let string = |raw: Option<&'a RawValue>| {
            let json = raw?.get();
            (json.starts_with('"') && json.len() > 2).then_some(json)
        };
        if self.refusal.is_some() || self.reasoning_details.is_some() || self.thinking.is_some() {
            return None;
        }
        match (said.thinking.is_empty(), said.text.is_empty()) {
            (true, false) => Some((false, string(self.content)?)),
            (false, true) => {
                let mut reasoning = [self.reasoning_content, self.reasoning, self.reasoning_text]
                    .into_iter()
                    .filter_map(string);
                let only = reasoning.next()?;
                reasoning.next().is_none().then_some((true, only))
            }
            _ => None,
        }
    }
}

/// Content: a string, or a list of text and thinking parts.
fn content(raw: Option<&RawValue>) -> Said<'_> {
    let mut said = Said::default();
    let Some(raw) = raw else {
        return said;
    };
    if let Some(text) = Escaped::of(raw) {
        said.text = text;
        return said;
    }
    for part in parts(raw) {
        if let Some(thinking) = part.thinking {
            said.thinking.join(separator::NONE, loose_text(thinking));
        } else if let Some(text) = part.text.and_then(Escaped::of) {
            said.text.join(separator::NONE, text);
        }
    }
    said
}

/// A string; or the texts of a list of parts or of one part.
fn loose_text(raw: &RawValue) -> Escaped<'_> {
    if let Some(text) = Escaped::of(raw) {
        return text;
    }
    let mut text = Escaped::default();
    for part in parts(raw) {
        let piece = part.text.or(part.summary).or(part.content);
        let piece = piece.and_then(Escaped::of).unwrap_or_default();
        text.join(separator::NONE, piece);
    }
    text
}

fn parts(raw: &RawValue) -> Vec<PartDelta<'_>> {
    let json = raw.get();
    if json.starts_with('{') {
        return sdk::json::from_str(json).map_or_else(|_| Vec::new(), |part| vec![part]);
    }
    sdk::json::from_str(json).unwrap_or_default()
}

impl<'a> FunctionDelta<'a> {
    /// The name, unless it is missing, null or empty.
    pub(crate) fn name(&self) -> Option<Escaped<'a>> {
        non_empty(self.name)
    }

    /// The arguments as text. An object in place of the string is its own JSON text.
    pub(crate) fn arguments(&self) -> Escaped<'a> {
        match self.arguments {
            None => Escaped::default(),
            Some(raw) => Escaped::of(raw).unwrap_or_else(|| Escaped::plain(raw.get())),
        }
    }
}

/// A string that is not empty.
pub(crate) fn non_empty(raw: Option<&RawValue>) -> Option<Escaped<'_>> {
    raw.and_then(Escaped::of).filter(|text| !text.is_empty())
}

/// The id of a call. Mistral says `null` in letters where there is none.
pub(crate) fn call_id(raw: Option<&RawValue>) -> Option<Escaped<'_>> {
    non_empty(raw).filter(|id| id.get() != "null")
}

//! What the host reads of a client's body: the fields that routing needs, in one pass that also
//! proves the body to be JSON. Nothing is copied; the body goes on as it came.
//!
//! What only some rules want to know (names of tools, texts) is read in a second pass, when it is
//! asked for: [`Details`].

mod details;
mod name;
mod surrogates;
mod walk;

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

pub use details::Details;
pub(crate) use details::{Message, blocks, plain, range_in, texts};
pub(crate) use name::check_model;
use walk::{Messages, System, Tools};

use crate::config::Effort;
use crate::error::ApiError;

/// The fields of a Messages request that the host looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// As the client sent it.
    pub model: String,
    /// Where the model's JSON string, quotes included, stands in the body.
    pub model_range: Range<usize>,
    /// A stream is wanted.
    pub stream: bool,
    /// Tokens of system, messages and tools, estimated from their text.
    pub input_estimate: u32,
    /// The most output tokens that the client asks for.
    pub max_tokens: Option<u32>,
    /// No tokenizer makes more tokens of it: each has at least one byte.
    pub most_tokens: u32,
    /// What is asked of extended thinking.
    pub thinking: Thinking,
    /// `output_config.effort`, if it is one that is known.
    pub effort: Option<Effort>,
    /// A tool is a web search of the server's.
    pub web_search: bool,
    /// There is at least one tool.
    pub tools: bool,
    /// `output_config.format` wants an object with a `title`: Claude Code's request for one.
    pub title: bool,
    /// The last message, system messages aside, is the user's and carries an image, at its top level
    /// or in the result of a tool.
    pub image: bool,
    /// The last message, system messages aside, is the user's and carries results of tools: it goes on with what
    /// an earlier request began.
    pub goes_on: bool,
    /// Any message carries an image.
    pub any_image: bool,
    /// An assistant's message holds thinking that no provider signed: without a signature, or with an envelope of
    /// transom's own for another provider.
    pub foreign_thinking: bool,
    /// The id of a tool call, or the one that its result names, is none that Anthropic takes.
    pub odd_ids: bool,
    /// A system text holds [`SUBAGENT_TAG`].
    pub subagent: bool,
    /// Where `metadata` stands in the body.
    pub metadata: Option<Range<usize>>,
}

/// What begins the tag that names a subagent's model.
pub const SUBAGENT_TAG: &str = "<CCR-SUBAGENT-MODEL>";

/// What the envelopes begin with in which transformers give things of a provider to the client, to be brought back.
const ENVELOPE: &str = "th1.";

/// Whether the signature of a thinking block is none that a provider of the Messages API gave.
pub(crate) fn is_foreign_signature(signature: &str) -> bool {
    signature.is_empty() || signature.starts_with(ENVELOPE)
}

/// Whether an id of a tool call has other characters than Anthropic takes, or none.
pub(crate) fn is_odd_id(id: &str) -> bool {
    let taken = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    id.is_empty() || !id.bytes().all(taken)
}

/// `thinking.type` of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Thinking {
    /// There is none, or one that is not known.
    #[default]
    Absent,
    /// With a budget.
    Enabled,
    /// As much as the model likes: what Claude Code sends on every turn.
    Adaptive,
    /// Expressly none.
    Disabled,
}

impl Thinking {
    /// As the API writes it; `absent` where there is none.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Enabled => "enabled",
            Self::Adaptive => "adaptive",
            Self::Disabled => "disabled",
        }
    }

    /// There is to be none, said or not: to models that it knows Claude Code says so, to others nothing.
    pub fn is_none(self) -> bool {
        matches!(self, Self::Absent | Self::Disabled)
    }

    fn named(kind: &str) -> Self {
        let all = [Self::Enabled, Self::Adaptive, Self::Disabled];
        let known = all.into_iter().find(|one| one.name() == kind);
        known.unwrap_or_default()
    }
}

/// Bytes of text to a token: what o200k makes of code and JSON, roughly.
const BYTES_PER_TOKEN: usize = 4;

/// An image counts as this many tokens, whatever its bytes: about 1100 by 1100 pixels.
pub(crate) const IMAGE_TOKENS: u32 = 1600;

impl RequestHead {
    /// The head of a client's body, and the body as it goes on: as it came, but for halves of characters in it.
    ///
    /// Errors: as of [`Self::peek`].
    pub fn of(body: Bytes) -> Result<(Self, Bytes), ApiError> {
        match Self::peek(&body) {
            Ok(head) => Ok((head, body)),
            Err(error) => match surrogates::mended(&body) {
                Some(mended) => Ok((Self::peek(&mended)?, mended)),
                None => Err(error),
            },
        }
    }

    /// Reads the head of a Messages or `count_tokens` request.
    ///
    /// Errors: 400 for what is not JSON, has no model or no messages, or a model of no possible name.
    pub fn peek(body: &[u8]) -> Result<Self, ApiError> {
        // Serde would take a list for the fields in their order.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(ApiError::invalid(
                "the request body is not a valid Messages request: it is no JSON object",
            ));
        }
        let fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
        let Some(raw) = fields.model else {
            return Err(ApiError::invalid("model: Field required"));
        };
        let model: String = serde_json::from_str(raw.get())
            .map_err(|_| ApiError::invalid("model: Input should be a string"))?;
        check_model(&model)?;
        let Some(Messages(messages)) = fields.messages else {
            return Err(ApiError::invalid("messages: Field required"));
        };
        let System(system) = fields.system.unwrap_or_default();
        let Tools(tools) = fields.tools.unwrap_or_default();
        let weight = [&messages, &system, &tools];
        let tokens = |bytes_per_token: usize| {
            let each =
                weight.map(|part| part.bytes / bytes_per_token + part.data * IMAGE_TOKENS as usize);
            u32::try_from(each.iter().sum::<usize>()).unwrap_or(u32::MAX)
        };
        let output = fields.output_config.map(output_config).unwrap_or_default();
        Ok(Self {
            model,
            model_range: range_in(body, raw.get()),
            stream: fields.stream.map(stream).transpose()?.unwrap_or(false),
            max_tokens: fields.max_tokens.and_then(whole_number),
            input_estimate: tokens(BYTES_PER_TOKEN),
            most_tokens: tokens(1),
            thinking: fields
                .thinking
                .map(thinking)
                .transpose()?
                .unwrap_or_default(),
            effort: output.effort.as_deref().and_then(Effort::named),
            web_search: tools.web_search,
            tools: tools.items > 0,
            title: output.wants_title(),
            image: messages.last_image(),
            goes_on: messages.last_results(),
            any_image: messages.any_image,
            foreign_thinking: messages.foreign_thinking,
            odd_ids: messages.odd_ids,
            subagent: system.tagged || messages.tagged,
            metadata: fields.metadata.map(|raw| range_in(body, raw.get())),
        })
    }
}

fn not_json(error: &serde_json::Error) -> ApiError {
    ApiError::invalid(format!(
        "the request body is not a valid Messages request: {error}"
    ))
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    stream: Option<&'a RawValue>,
    #[serde(borrow)]
    max_tokens: Option<&'a RawValue>,
    messages: Option<Messages>,
    system: Option<System>,
    tools: Option<Tools>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    output_config: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

/// As the converters read it: it may be written as `5.0`.
fn whole_number(raw: &RawValue) -> Option<u32> {
    let number = raw.get().parse::<f64>().ok()?;
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    fits.then_some(number as u32)
}

fn stream(raw: &RawValue) -> Result<bool, ApiError> {
    serde_json::from_str(raw.get())
        .map_err(|_| ApiError::invalid("stream: Input should be a valid boolean"))
}

#[derive(Deserialize)]
struct ThinkingField<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
}

fn thinking(raw: &RawValue) -> Result<Thinking, ApiError> {
    // Serde would take a list for the fields in their order.
    if !raw.get().starts_with('{') {
        return Err(ApiError::invalid(
            "thinking: Input should be a valid dictionary or object to extract fields from",
        ));
    }
    let field: ThinkingField<'_> = serde_json::from_str(raw.get())
        .map_err(|_| ApiError::invalid("thinking.type: Input should be a valid string"))?;
    let kind = field.kind.as_deref();
    Ok(kind.map(Thinking::named).unwrap_or_default())
}

#[derive(Deserialize, Default)]
struct OutputConfig<'a> {
    #[serde(borrow)]
    effort: Option<Cow<'a, str>>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Format {
    schema: Option<Schema>,
}

#[derive(Deserialize)]
struct Schema {
    properties: Option<Properties>,
}

#[derive(Deserialize)]
struct Properties {
    title: Option<IgnoredAny>,
}

/// What does not have the form that is documented says nothing here; the provider may object.
fn output_config(raw: &RawValue) -> OutputConfig<'_> {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

impl OutputConfig<'_> {
    fn wants_title(&self) -> bool {
        let schema = self
            .format
            .as_ref()
            .and_then(|format| format.schema.as_ref());
        let properties = schema.and_then(|schema| schema.properties.as_ref());
        properties.is_some_and(|properties| properties.title.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_found_where_it_stands() {
        let body = br#"{"stream":true, "model" : "a,b\u0021","messages":[]}"#;
        let head = RequestHead::peek(body).unwrap();
        assert_eq!(head.model, "a,b!");
        assert_eq!(&body[head.model_range.clone()], br#""a,b\u0021""#);
        assert!(head.stream);
    }

    #[test]
    fn a_limit_may_be_written_with_a_point() {
        for (written, read) in [
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("1e3", Some(1000)),
            ("5.5", None),
            ("-1", None),
            ("5e9", None),
            ("\"5\"", None),
            ("null", None),
        ] {
            let body = format!(r#"{{"model":"m","messages":[],"max_tokens":{written}}}"#);
            let head = RequestHead::peek(body.as_bytes()).unwrap();
            assert_eq!(head.max_tokens, read, "{written}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let said = |body: &str| RequestHead::peek(body.as_bytes()).unwrap_err().message;
        assert!(said("{").contains("not a valid Messages request"));
        for other in ["[]", "null", " \"x\"", "", "[\"m\", true, 1, []]"] {
            assert!(said(other).ends_with("it is no JSON object"), "{other}");
        }
        assert_eq!(
            said(r#"{"model":"m","messages":[],"thinking":"on"}"#),
            "thinking: Input should be a valid dictionary or object to extract fields from"
        );
        assert_eq!(
            said(r#"{"model":"m","messages":[],"thinking":{"type":1}}"#),
            "thinking.type: Input should be a valid string"
        );
        assert_eq!(
            said(r#"{"model":"m","messages":[],"stream":"yes"}"#),
            "stream: Input should be a valid boolean"
        );
        assert_eq!(said(r#"{"messages":[]}"#), "model: Field required");
        assert_eq!(said(r#"{"model":"x"}"#), "messages: Field required");
        assert_eq!(
            said(r#"{"model":7,"messages":[]}"#),
            "model: Input should be a string"
        );
    }

    #[test]
    fn a_text_that_was_cut_within_a_character_is_taken() {
        let body = r#"{"model":"m","messages":[{"role":"user","content":"\ud83d hi"}]}"#;
        let (head, mended) = RequestHead::of(Bytes::from_static(body.as_bytes())).unwrap();
        assert_eq!(head.model, "m");
        assert_eq!(mended, body.replace(r"\ud83d", r"\ufffd"));
        let plain = Bytes::from_static(br#"{"model":"m","messages":[]}"#);
        let (_, same) = RequestHead::of(plain.clone()).unwrap();
        assert_eq!(same.as_ptr(), plain.as_ptr());
    }

    #[test]
    fn base64_counts_as_an_image_and_not_as_text() {
        let data = "A".repeat(100_000);
        let body = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"image","source":{{"data":"{data}"}}}}]}}]}}"#
        );
        let estimate = RequestHead::peek(body.as_bytes()).unwrap().input_estimate;
        assert!((1600..1700).contains(&estimate), "{estimate}");
    }

    #[test]
    fn thinking_effort_and_the_title_request_are_read() {
        let head = |rest: &str| {
            RequestHead::peek(format!(r#"{{"model":"m","messages":[],{rest}}}"#).as_bytes())
                .unwrap()
        };
        let adaptive = head(r#""thinking":{"type":"adaptive"},"output_config":{"effort":"xhigh"}"#);
        assert_eq!(adaptive.thinking, Thinking::Adaptive);
        assert_eq!(adaptive.effort, Some(Effort::Xhigh));
        assert!(!adaptive.title && !adaptive.tools);
        let title = head(
            r#""output_config":{"format":{"type":"json_schema","schema":{"properties":{"title":{}}}}},"tools":[]"#,
        );
        assert!(title.title && !title.tools);
        let strange =
            head(r#""output_config":7,"tools":[{"name":"a","description":"web_search_x"}]"#);
        assert_eq!(strange.effort, None);
        assert!(strange.tools && !strange.web_search);
        assert!(head(r#""tools":[{"name":"s","type":"web_search_20250305"}]"#).web_search);
    }

    #[test]
    fn an_image_counts_where_the_user_speaks_last() {
        const IMAGE: &str = r#"{"source":{"type":"url","url":"u"},"type":"image"}"#;
        let seen = |messages: String| {
            let body = format!(r#"{{"model":"m","messages":[{messages}]}}"#);
            let head = RequestHead::peek(body.as_bytes()).unwrap();
            (head.image, head.any_image)
        };
        let user = |block: &str| format!(r#"{{"content":[{block}],"role":"user"}}"#);
        let result = format!(r#"{{"type":"tool_result","content":[{IMAGE}]}}"#);
        let called = format!(r#"{{"type":"tool_use","input":{{"content":[{IMAGE}]}}}}"#);
        let system = r#"{"role":"system","content":"s"}"#;
        assert_eq!(seen(user(IMAGE)), (true, true));
        assert_eq!(seen(user(&result)), (true, true));
        assert_eq!(seen(user(&called)), (false, false));
        assert_eq!(seen(format!("{},{system}", user(IMAGE))), (true, true));
        let text = user(r#"{"type":"text","text":"t"}"#);
        assert_eq!(seen(format!("{},{text}", user(IMAGE))), (false, true));
    }

    #[test]
    fn a_request_goes_on_with_a_task_where_the_user_brings_results_of_tools() {
        let goes_on = |messages: &str| {
            let body = format!(r#"{{"model":"m","messages":[{messages}]}}"#);
            RequestHead::peek(body.as_bytes()).unwrap().goes_on
        };
        let result = r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}"#;
        let told = r#"{"content":[{"tool_use_id":"a","type":"tool_result"},{"type":"text","text":"t"}],"role":"user"}"#;
        let text = r#"{"role":"user","content":"t"}"#;
        let system = r#"{"role":"system","content":"s"}"#;
        assert!(goes_on(result) && goes_on(told));
        assert!(goes_on(&format!("{text},{result},{system}")));
        assert!(!goes_on(text) && !goes_on(&format!("{result},{text}")));
    }

    #[test]
    fn the_tag_of_a_subagent_counts_in_system_texts_only() {
        let tagged = |body: &str| RequestHead::peek(body.as_bytes()).unwrap().subagent;
        let tag = "<CCR-SUBAGENT-MODEL>a,b</CCR-SUBAGENT-MODEL>";
        for system in [
            format!(r#""system":"x {tag}","messages":[]"#),
            format!(
                r#""system":[{{"type":"text","text":"a"}},{{"type":"text","text":"{tag}"}}],"messages":[]"#
            ),
            format!(
                r#""messages":[{{"role":"system","content":[{{"text":"{tag}","type":"text"}}]}}]"#
            ),
            format!(r#""messages":[{{"content":"{tag}","role":"system"}}]"#),
        ] {
            assert!(tagged(&format!(r#"{{"model":"m",{system}}}"#)), "{system}");
        }
        let user = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{tag}"}}]}}"#);
        assert!(!tagged(&user));
        let user = format!(r#"{{"model":"m","messages":[{{"content":"{tag}","role":"user"}}]}}"#);
        assert!(!tagged(&user));
    }
}

//! What differs between the providers that speak chat completions, as data. Each member is an option
//! of the transformer; the defaults suit an OpenAI-like server about which nothing is known.

use sdk::host;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The member that limits the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    /// Most servers.
    MaxTokens,
    /// OpenAI's reasoning models, Cerebras.
    MaxCompletionTokens,
}

/// How thinking is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinkingStyle {
    /// Not at all.
    None,
    /// `reasoning_effort`.
    Effort,
    /// `thinking: {type}`.
    Type,
    /// `thinking: {type}`, and `reasoning_effort` beside it.
    TypeEffort,
    /// `enable_thinking`.
    EnableThinking,
    /// `think`.
    Think,
    /// `reasoning: {effort}`.
    ReasoningObj,
}

/// `reasoning_effort` in a request with tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffortWithTools {
    /// As without.
    Keep,
    /// Not sent.
    Drop,
    /// `none`, whatever the client wants.
    None,
}

/// What becomes of the thinking in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningOut {
    /// It is dropped.
    Drop,
    /// `reasoning` of the assistant message.
    Reasoning,
    /// `reasoning_content` of the assistant message.
    ReasoningContent,
    /// `reasoning_details` of the assistant message: what the same provider and model gave, verbatim.
    ReasoningDetails,
    /// `<think>` at the beginning of its text.
    ThinkTags,
    /// A part of its content, before the text: `{type: "thinking", thinking: [{type: "text", text}]}`.
    ContentParts,
}

/// A member of an answer that holds reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningIn {
    /// DeepSeek, Z.ai, Kimi, Qwen.
    ReasoningContent,
    /// Cerebras, Groq, vLLM, OpenRouter.
    Reasoning,
    /// OpenRouter: a list of texts and summaries.
    ReasoningDetails,
    /// An object with `content`.
    Thinking,
    /// Some hosts of open models.
    ReasoningText,
}

/// The content of an assistant message that only calls tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyContent {
    /// No such member.
    Omit,
    /// `null`.
    Null,
    /// `""`.
    Empty,
}

/// System messages amid the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MidSystem {
    /// A system message at the same place.
    Keep,
    /// User text in `<system-reminder>` tags at the same place.
    Fold,
}

/// `temperature` and `top_p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Sent as they are.
    Keep,
    /// Above 0 and at most 1: other values become the nearest that fits.
    Clamp,
    /// Between 0 and 1, neither of which fits: 0 is `do_sample: false`.
    Open01,
    /// Dropped.
    Drop,
}

/// A conversation that ends with an assistant message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prefill {
    /// Sent as it is.
    Keep,
    /// `Continue.` follows as user text.
    Continue,
    /// That message has `prefix: true`.
    Prefix,
    /// That message has `partial: true`.
    Partial,
}

/// Ids of tool calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolId {
    /// Any text.
    Any,
    /// Nine letters and digits: others become a hash, in the call and its result alike. So with those below.
    Alnum9,
    /// At most 40 letters, digits, `_` and `-`.
    Word40,
    /// At most 64 of them.
    Word64,
}

/// User content directly behind the result of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserAfterTool {
    /// Is a message of its own.
    Keep,
    /// Its text goes to the end of the result.
    Merge,
}

/// `<think>` in the text of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinkTags {
    /// Text like any other.
    Off,
    /// Thinking.
    Parse,
    /// Thinking from the first word on: the opening tag was part of the prompt.
    Open,
}

sdk::options! {
    /// A provider's dialect of chat completions.
    pub struct Profile {
        /// Path below the base URL.
        pub path: String = "/chat/completions".to_owned(),
        /// Headers to set.
        pub headers: BTreeMap<String, String> = BTreeMap::new(),
        /// The member that limits the output.
        pub max_tokens_field: MaxTokensField = MaxTokensField::MaxTokens,
        /// The most output tokens to ask for. 0: what the catalog knows of the model.
        pub max_out_clamp: u64 = 0,
        /// How thinking is asked for.
        pub thinking_style: ThinkingStyle = ThinkingStyle::None,
        /// Efforts the model takes, from low to high. Others become the nearest one.
        pub effort_set: Vec<String> = ["low", "medium", "high"].map(str::to_owned).to_vec(),
        /// Efforts that go out as another one of the set than the next lower.
        pub effort_map: BTreeMap<String, String> = BTreeMap::new(),
        /// The client's `budget_tokens` goes out as `thinking_budget`, or as `reasoning.max_tokens` where
        /// thinking is asked for by `reasoning_obj`.
        pub thinking_budget: bool = false,
        /// The least `thinking_budget`, in tokens.
        pub thinking_budget_min: u64 = 0,
        /// The most `thinking_budget`, in tokens. 0: no limit.
        pub thinking_budget_max: u64 = 0,
        /// A request that is not streamed may not ask for thinking: it is switched off.
        pub thinking_needs_stream: bool = false,
        /// Effort when the client names none. Empty: none is sent.
        pub effort_default: String = String::new(),
        /// `reasoning_effort` in a request with tools, where thinking is asked for by `effort`.
        pub effort_with_tools: EffortWithTools = EffortWithTools::Keep,
        /// `reasoning_format`. Empty: not sent.
        pub reasoning_format: String = String::new(),
        /// Members of an answer that hold reasoning. The first one that is not empty counts: servers that
        /// send two send the same twice.
        pub reasoning_in: Vec<ReasoningIn> = vec![
            ReasoningIn::ReasoningContent,
            ReasoningIn::Reasoning,
            ReasoningIn::ReasoningDetails,
            ReasoningIn::Thinking,
            ReasoningIn::ReasoningText,
        ],
        /// What becomes of the thinking in the history.
        pub reasoning_out: ReasoningOut = ReasoningOut::Drop,
        /// Assistant messages with tool calls must have the reasoning member, be it empty.
        pub reasoning_required_with_tools: bool = false,
        /// The content of an assistant message that only calls tools.
        pub empty_assistant_content: EmptyContent = EmptyContent::Null,
        /// Content is always a plain string: images and documents become placeholders.
        pub content_as_string: bool = false,
        /// System messages amid the conversation.
        pub mid_system: MidSystem = MidSystem::Fold,
        /// The system message has the role `developer`.
        pub developer_role: bool = false,
        /// Ids of tool calls.
        pub tool_id: ToolId = ToolId::Any,
        /// User content directly behind the result of a tool.
        pub user_after_tool: UserAfterTool = UserAfterTool::Keep,
        /// Forms of `tool_choice` the server takes: `auto`, `none`, `required`, `named`. Empty: it is not sent.
        pub tool_choice_set: Vec<String> = ["auto", "none", "required", "named"].map(str::to_owned).to_vec(),
        /// A tool can be forced while the model thinks. Else such a choice is left to the model, unless thinking is switched off.
        pub forced_while_thinking: bool = true,
        /// `parallel_tool_calls` is taken.
        pub parallel_param: bool = true,
        /// The most tools. 0: no limit.
        pub tools_max: usize = 0,
        /// Members of tool schemas to remove at their top level, such as `$schema`.
        pub schema_strip: Vec<String> = Vec::new(),
        /// A tool's `strict: true` goes out, if its schema is one that strict servers take.
        pub strict_ok: bool = false,
        /// `clear_thinking: false` goes out as soon as a tool was called: what was thought before stays in the prompt.
        pub keep_thinking: bool = false,
        /// The most stop strings. 0: none are sent.
        pub stop_max: usize = 4,
        /// A text in `stop_reason` of a choice is the stop string that the answer ended at.
        pub stop_reason: bool = false,
        /// `temperature` and `top_p`.
        pub sampling: Sampling = Sampling::Keep,
        /// `top_k` is taken.
        pub top_k: bool = false,
        /// `stream_options` is taken.
        pub stream_options: bool = true,
        /// Images are taken; else a placeholder stands for them.
        pub images: bool = true,
        /// PDF documents are taken, as parts of the type `file`; else a placeholder stands for them.
        pub pdf: bool = false,
        /// A conversation that ends with an assistant message.
        pub prefill: Prefill = Prefill::Continue,
        /// `response_format` with a schema is taken.
        pub response_format: bool = true,
        /// `response_format` is taken together with tools.
        pub response_format_with_tools: bool = true,
        /// The member that gets a hash of the client's user: `user`, `safety_identifier`, `user_id`. Empty:
        /// none.
        pub user_field: String = String::new(),
        /// The client's cache marks go out as they came, each on the part whose end it stands at.
        pub cache_control: bool = false,
        /// `prompt_cache_key`, a hash of the client's session, is sent.
        pub prompt_cache_key: bool = false,
        /// The client's attribution block is kept in the system text.
        pub attribution: bool = false,
        /// The model must call a tool on every turn. One that says a text is added; what it says is text for the client.
        pub force_tools: bool = false,
        /// The model is told to write what it thinks into `<think>` tags, which are then read.
        pub ask_for_thinking: bool = false,
        /// `<think>` in the text of an answer.
        pub think_tags: ThinkTags = ThinkTags::Off,
        /// Headers that tell when a limit is renewed: the one with what remains, the one with the time to
        /// wait, in seconds or with units.
        pub ratelimit_headers: Vec<(String, String)> = Vec::new(),
        /// Codes of error bodies, each with the HTTP status that it means where the answer's own says something else.
        /// 402: nothing left in the account; 429: another try is worth while.
        pub error_codes: BTreeMap<String, u16> = BTreeMap::new(),
        /// Parameters that may go out, beside `model`, `messages` and `extra_body`. Empty: all.
        pub param_whitelist: Vec<String> = Vec::new(),
        /// Members to add to the request's body, in place of its own but for `messages` and `stream`.
        pub extra_body: BTreeMap<String, Box<sdk::json::RawValue>> = BTreeMap::new(),
    }
}

impl Profile {
    /// What follows from some options for others, unless these say something themselves: thoughts that are asked for
    /// are looked for, and go back in the same form.
    #[must_use]
    pub(crate) fn settled(mut self) -> Self {
        if self.ask_for_thinking && self.think_tags == ThinkTags::Off {
            self.think_tags = ThinkTags::Parse;
        }
        if self.ask_for_thinking && self.reasoning_out == ReasoningOut::Drop {
            self.reasoning_out = ReasoningOut::ThinkTags;
        }
        self
    }

    /// Whether this parameter may go out. If not, it is told.
    pub(crate) fn takes(&self, parameter: &str) -> bool {
        if self.extra_body.contains_key(parameter) {
            host::note("change", parameter, "`extra_body` says what goes out");
            return false;
        }
        let whitelist = &self.param_whitelist;
        let takes = whitelist.is_empty() || whitelist.iter().any(|known| known == parameter);
        if !takes {
            host::note("drop", parameter, "it is not in `param_whitelist`");
        }
        takes
    }
}

//! What each provider has of its own. A fact is as strong as what stands behind it: types of an SDK, documentation, an
//! issue, or memory.

use serde_json::{Value, json};

/// One provider's chat completions.
#[derive(Debug)]
pub(crate) struct Provider {
    /// The name of its profile.
    pub(crate) profile: &'static str,
    pub(crate) model: &'static str,
    /// Every parameter that it takes.
    pub(super) parameters: &'static [&'static str],
    pub(super) efforts: &'static [&'static str],
    /// Members of an assistant's message.
    pub(super) assistant: &'static [&'static str],
    /// The member that a message with calls must have.
    pub(super) must_think: Option<&'static str>,
    /// In its answers; `<think>`: tags in the text.
    pub(super) reasoning: &'static str,
    /// Where earlier reasoning is looked for; none: it is not taken back.
    pub(crate) replays: Option<&'static str>,
    pub(super) nine_character_ids: bool,
    pub(super) choices: &'static [&'static str],
    pub(super) tools_most: usize,
    pub(super) schema_refused: &'static [&'static str],
    pub(crate) images: bool,
    /// Parts may have cache marks, and every role may have parts.
    pub(super) marked_parts: bool,
    pub(super) mid_system: bool,
    pub(super) user_behind_tool: bool,
    pub(super) temperature: fn(f64) -> bool,
    /// Token counts come in a chunk behind the one with the reason.
    pub(super) usage_behind: bool,
}

/// What most of them take.
const USUAL: &[&str] = &[
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "temperature",
    "top_p",
    "stop",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "user",
];

const PLAIN: &[&str] = &["role", "content", "tool_calls"];
const ALL_CHOICES: &[&str] = &["auto", "none", "required", "named"];
const NO_NAMED: &[&str] = &["auto", "none", "required"];

/// A provider about which nothing is known.
const BASE: Provider = Provider {
    profile: "",
    model: "model-1",
    parameters: USUAL,
    efforts: &[],
    assistant: PLAIN,
    must_think: None,
    reasoning: "reasoning_content",
    replays: None,
    nine_character_ids: false,
    choices: ALL_CHOICES,
    tools_most: usize::MAX,
    schema_refused: &[],
    images: true,
    marked_parts: false,
    mid_system: true,
    user_behind_tool: true,
    temperature: |value| (0.0..=2.0).contains(&value),
    usage_behind: true,
};

pub(crate) static PROVIDERS: [Provider; 13] = [
    // Types of openai 3.54.0; that reasoning models refuse sampling is from memory.
    Provider {
        profile: "openai",
        model: "gpt-5.4",
        parameters: &[
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_completion_tokens",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "reasoning_effort",
            "prompt_cache_key",
            "safety_identifier",
            "verbosity",
            "store",
            "service_tier",
        ],
        efforts: &["none", "minimal", "low", "medium", "high", "xhigh"],
        ..BASE
    },
    // Types of openrouter 1.3.84; reasoning_details are to be sent back verbatim (documentation).
    Provider {
        profile: "openrouter",
        model: "anthropic/claude-sonnet-5-5",
        parameters: &[
            "model",
            "messages",
            "stream",
            "max_tokens",
            "temperature",
            "top_p",
            "top_k",
            "stop",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "reasoning",
            "reasoning_effort",
            "provider",
            "plugins",
            "user",
            "cache_control",
            "session_id",
            "models",
        ],
        assistant: &[
            "role",
            "content",
            "tool_calls",
            "reasoning",
            "reasoning_details",
        ],
        reasoning: "reasoning_details",
        replays: Some("reasoning_details"),
        marked_parts: true,
        ..BASE
    },
    // Documentation; that reasoning comes back: issue dsh#739.
    Provider {
        profile: "deepseek",
        model: "deepseek-v4-pro",
        parameters: &[
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_tokens",
            "temperature",
            "top_p",
            "stop",
            "tools",
            "tool_choice",
            "response_format",
            "thinking",
            "reasoning_effort",
            "user",
        ],
        efforts: &["low", "high", "max"],
        assistant: &[
            "role",
            "content",
            "tool_calls",
            "reasoning_content",
            "prefix",
        ],
        must_think: Some("reasoning_content"),
        replays: Some("reasoning_content"),
        choices: NO_NAMED,
        images: false,
        usage_behind: false,
        ..BASE
    },
    // Types of groq 1.7.0; errors "property 'X' is unsupported" (issues).
    Provider {
        profile: "groq",
        model: "openai/gpt-oss-120b",
        parameters: &[
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_completion_tokens",
            "temperature",
            "top_p",
            "stop",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "reasoning_effort",
            "reasoning_format",
            "include_reasoning",
            "user",
            "seed",
            "service_tier",
        ],
        efforts: &["low", "medium", "high"],
        assistant: &["role", "content", "tool_calls", "reasoning"],
        reasoning: "reasoning",
        replays: Some("reasoning"),
        choices: NO_NAMED,
        tools_most: 128,
        schema_refused: &["$schema"],
        ..BASE
    },
    // Types of mistralai 3.7.0; ids: error 3280 (issue).
    Provider {
        profile: "mistral",
        model: "mistral-large-latest",
        parameters: &[
            "model",
            "messages",
            "stream",
            "max_tokens",
            "temperature",
            "top_p",
            "top_k",
            "stop",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "random_seed",
            "reasoning_effort",
            "prompt_mode",
            "prompt_cache_key",
            "safe_prompt",
            "n",
        ],
        assistant: &["role", "content", "tool_calls", "prefix"],
        nine_character_ids: true,
        mid_system: false,
        user_behind_tool: false,
        usage_behind: false,
        ..BASE
    },
    // Issues (Kimi-K2#129); that reasoning comes back is from memory.
    Provider {
        profile: "kimi",
        model: "kimi-k2.6",
        parameters: &[
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_tokens",
            "temperature",
            "top_p",
            "stop",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "thinking",
            "reasoning_effort",
        ],
        assistant: &[
            "role",
            "content",
            "tool_calls",
            "reasoning_content",
            "partial",
        ],
        must_think: Some("reasoning_content"),
        replays: Some("reasoning_content"),
        mid_system: false,
        // "invalid temperature: only 1 is allowed for this model"
        temperature: |value| (value - 1.0).abs() < f64::EPSILON,
        ..BASE
    },
    // Documentation: thinking comes as tags in the text, and goes back there.
    Provider {
        profile: "minimax",
        model: "MiniMax-M2.5",
        reasoning: "<think>",
        replays: Some("content"),
        images: false,
        temperature: |value| value > 0.0 && value <= 1.0,
        ..BASE
    },
    // Documentation: enable_thinking and thinking_budget at the top level; no "required" (from memory).
    Provider {
        profile: "qwen",
        model: "qwen3-max",
        parameters: &[
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_tokens",
            "temperature",
            "top_p",
            "top_k",
            "stop",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "enable_thinking",
            "thinking_budget",
            "seed",
        ],
        assistant: &["role", "content", "tool_calls", "reasoning_content"],
        replays: Some("reasoning_content"),
        choices: &["auto", "none", "named"],
        ..BASE
    },
    // Documentation.
    Provider {
        profile: "siliconflow",
        model: "deepseek-ai/DeepSeek-V3.2",
        parameters: &[
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_tokens",
            "temperature",
            "top_p",
            "top_k",
            "stop",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "enable_thinking",
            "thinking_budget",
        ],
        images: false,
        usage_behind: false,
        ..BASE
    },
    // Documentation and issues: no tool_choice; all calls have index 0.
    Provider {
        profile: "ollama",
        model: "qwen3-coder",
        parameters: &[
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_tokens",
            "temperature",
            "top_p",
            "stop",
            "tools",
            "response_format",
            "seed",
            "reasoning_effort",
        ],
        reasoning: "reasoning",
        choices: &[],
        ..BASE
    },
    // Pull request 17570 and issue 15780; templates refuse a system message amid the conversation.
    Provider {
        profile: "llama.cpp",
        parameters: LOCAL,
        choices: NO_NAMED,
        mid_system: false,
        usage_behind: false,
        ..BASE
    },
    // Source.
    Provider {
        profile: "vllm",
        parameters: LOCAL,
        assistant: &["role", "content", "tool_calls", "reasoning"],
        reasoning: "reasoning",
        replays: Some("reasoning"),
        mid_system: false,
        ..BASE
    },
    // Documentation.
    Provider {
        profile: "lmstudio",
        parameters: &[
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_tokens",
            "temperature",
            "top_p",
            "top_k",
            "stop",
            "tools",
            "tool_choice",
            "response_format",
            "seed",
        ],
        choices: NO_NAMED,
        mid_system: false,
        ..BASE
    },
];

const LOCAL: &[&str] = &[
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "seed",
    "chat_template_kwargs",
];

/// The provider of a profile.
pub(crate) fn provider(profile: &str) -> &'static Provider {
    let mut known = PROVIDERS.iter();
    let found = known.find(|provider| provider.profile == profile);
    found.unwrap_or_else(|| panic!("no strict upstream for the profile {profile}"))
}

impl Provider {
    /// A conversation that is longer than the context: status and body, with more tokens than the limit.
    pub(super) fn overflow(&self) -> (u16, Value) {
        let openai = |message: &str| {
            json!({ "error": {
                "message": message, "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded",
            } })
        };
        match self.profile {
            "openrouter" => {
                let message = "This endpoint's maximum context length is 131072 tokens. However, you requested about \
                    141000 tokens (139000 of text input, 2000 in the output). Please reduce the length of either one.";
                (400, json!({ "error": { "code": 400, "message": message } }))
            }
            "groq" => (
                400,
                openai("Please reduce the length of the messages or completion."),
            ),
            "mistral" => {
                let message = "Prompt contains 142328 tokens and 0 draft tokens, too large for model with 131072 maximum \
                    context length";
                (
                    400,
                    json!({ "object": "error", "message": message, "type": "invalid_request_prompt", "code": "3051" }),
                )
            }
            // From memory, as those of the next three.
            "kimi" => {
                let message = "Invalid request: Your request exceeded model token limit: 262144 (requested: 280111)";
                (
                    400,
                    json!({ "error": { "message": message, "type": "invalid_request_error" } }),
                )
            }
            "minimax" => {
                let said = json!({ "status_code": 2013, "status_msg": "invalid params, context window exceeds limit" });
                (200, json!({ "base_resp": said, "choices": null }))
            }
            "qwen" => {
                let message = "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]";
                let error = json!({ "message": message, "type": "invalid_request_error", "code": "invalid_parameter_error" });
                (400, json!({ "error": error, "request_id": "r" }))
            }
            "siliconflow" => {
                let message =
                    "length of prompt_tokens (142328) must be less than max_seq_len (131072).";
                (
                    400,
                    json!({ "code": 20015, "message": message, "data": null }),
                )
            }
            "llama.cpp" => {
                let message = "the request exceeds the available context size, try increasing it";
                (
                    400,
                    json!({ "error": {
                    "code": 400, "message": message, "type": "exceed_context_size_error", "n_prompt_tokens": 14429,
                    "n_ctx": 8192,
                } }),
                )
            }
            _ => {
                let message = "This model's maximum context length is 131072 tokens. However, your messages resulted in \
                    142328 tokens. Please reduce the length of the messages.";
                (400, openai(message))
            }
        }
    }
}

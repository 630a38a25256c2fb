//! The houses of models that think: DeepSeek, Kimi, MiniMax, Qwen, SiliconFlow.

use serde_json::Value;

use super::{Counts, House, Special, Thinking, USUAL, forced_unless, messages, sent, unless};
use crate::strict::Rule;

pub(crate) static DEEPSEEK: House = House {
    name: "deepseek",
    model: "deepseek-v4-pro",
    parameters: &[
        "frequency_penalty",
        "max_tokens",
        "presence_penalty",
        "reasoning_effort",
        "response_format",
        "stream_options",
        "thinking",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "DeepSeek's API reference; what it does not name is lost there, and 422 if it does not fit (issues)",
    },
    assistant: &["reasoning_content", "prefix"],
    parts: &["text"],
    choices: &["auto", "none", "required"],
    thinking: Some(Thinking::Member("reasoning_content")),
    comes_back: Some(Rule {
        id: "reasoning-content",
        source: "DeepSeek's documentation: reasoning_content of turns with calls is passed back",
    }),
    takes_thinking: true,
    specials: &[
        Special {
            rule: Rule {
                id: "reasoning-content-missing",
                source: "issue (dsh#739): 400 unless every assistant message with calls has reasoning_content, be it empty",
            },
            broken: reasoning_missing,
        },
        Special {
            rule: Rule {
                id: "forced-tool",
                source: "issue (DeepSeek-V3#1376): 400 Thinking mode does not support this tool_choice; it thinks by default",
            },
            broken: |body| forced_unless(body, body["thinking"]["type"] == "disabled"),
        },
        Special {
            rule: Rule {
                id: "thinking",
                source: "DeepSeek's documentation: thinking{type} enabled or disabled, effort low, high or max",
            },
            broken: |body| {
                let thinking = unless(body, "thinking", |thinking| {
                    thinking["type"] == "enabled" || thinking["type"] == "disabled"
                });
                let effort = unless(body, "reasoning_effort", |effort| {
                    ["low", "high", "max"].contains(&effort.as_str().unwrap_or_default())
                });
                thinking.into_iter().chain(effort).collect()
            },
        },
    ],
    ..USUAL
};

fn reasoning_missing(body: &Value) -> Vec<(String, String)> {
    let missing = messages(body).filter(|(_, message)| {
        message.get("tool_calls").is_some() && !message["reasoning_content"].is_string()
    });
    missing
        .map(|(path, _)| (path, "no reasoning_content".to_owned()))
        .collect()
}

pub(crate) static KIMI: House = House {
    name: "kimi",
    model: "kimi-k2.6",
    parameters: &[
        "max_completion_tokens",
        "max_tokens",
        "parallel_tool_calls",
        "prompt_cache_key",
        "response_format",
        "safety_identifier",
        "stream_options",
        "thinking",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "Kimi's API reference; strict by issues (teamclaude#451)",
    },
    assistant: &["reasoning_content", "partial"],
    thinking: Some(Thinking::Member("reasoning_content")),
    comes_back: Some(Rule {
        id: "reasoning-content",
        source: "Kimi's list of errors: thinking is enabled but reasoning_content is missing",
    }),
    takes_thinking: true,
    id_prefix: "call_",
    counts: Counts::InTheChoice,
    specials: &[
        Special {
            rule: Rule {
                id: "temperature",
                source: "issue: 400 invalid temperature, only 1 is allowed for k2.5 and k2.6",
            },
            broken: |body| sent(body, &["temperature", "top_p", "top_k"]),
        },
        Special {
            rule: Rule {
                id: "forced-tool",
                source: "issue (inspect_ai#5152, each form tried): 400 tool_choice 'required' is incompatible with thinking enabled",
            },
            broken: |body| forced_unless(body, body["thinking"]["type"] == "disabled"),
        },
    ],
    ..USUAL
};

pub(crate) static MINIMAX: House = House {
    name: "minimax",
    model: "MiniMax-M2",
    parameters: &["max_completion_tokens", "max_tokens", "stream_options"],
    unknown: Rule {
        id: "unknown-property",
        source: "MiniMax's API reference; others are ignored there, and lost",
    },
    parts: &["text"],
    thinking: Some(Thinking::Tags),
    comes_back: Some(Rule {
        id: "thinking",
        source: "MiniMax's documentation: the whole content goes back, <think> included",
    }),
    takes_thinking: true,
    specials: &[Special {
        rule: Rule {
            id: "temperature",
            source: "MiniMax's documentation: above 0, at most 1",
        },
        broken: |body| {
            unless(body, "temperature", |value| {
                value
                    .as_f64()
                    .is_some_and(|value| value > 0.0 && value <= 1.0)
            })
        },
    }],
    ..USUAL
};

pub(crate) static QWEN: House = House {
    name: "qwen",
    model: "qwen3-max",
    parameters: &[
        "enable_thinking",
        "max_tokens",
        "parallel_tool_calls",
        "presence_penalty",
        "response_format",
        "seed",
        "stream_options",
        "thinking_budget",
        "top_k",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "Model Studio's API reference; others are ignored there, and lost",
    },
    assistant: &["reasoning_content", "partial"],
    choices: &["auto", "none", "named"],
    thinking: Some(Thinking::Member("reasoning_content")),
    takes_thinking: true,
    specials: &[
        Special {
            rule: Rule {
                id: "forced-tool",
                source: "issue (qwen-code#7659): 400 tool_choice required or object in thinking mode",
            },
            broken: |body| forced_unless(body, body["enable_thinking"] == false),
        },
        Special {
            rule: Rule {
                id: "thinking",
                source: "Model Studio's list of errors: thinking_budget is a positive integer; enable_thinking must be false for non-streaming calls",
            },
            broken: |body| {
                let budget = unless(body, "thinking_budget", |budget| budget.as_u64() > Some(0));
                let streamed = body["stream"] == true;
                let enable = unless(body, "enable_thinking", |enable| {
                    enable.as_bool().is_some_and(|enable| streamed || !enable)
                });
                budget.into_iter().chain(enable).collect()
            },
        },
    ],
    ..USUAL
};

pub(crate) static SILICONFLOW: House = House {
    name: "siliconflow",
    model: "zai-org/GLM-4.6",
    parameters: &[
        "enable_thinking",
        "frequency_penalty",
        "max_tokens",
        "min_p",
        "n",
        "response_format",
        "stream_options",
        "thinking_budget",
        "top_k",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "SiliconFlow's API reference, which names no reasoning in messages; stream_options from memory",
    },
    parts: &["text"],
    thinking: Some(Thinking::Member("reasoning_content")),
    specials: &[Special {
        rule: Rule {
            id: "thinking-budget",
            source: "SiliconFlow's API reference: thinking_budget from 128 to 32768",
        },
        broken: |body| {
            unless(body, "thinking_budget", |budget| {
                budget
                    .as_u64()
                    .is_some_and(|budget| (128..=32768).contains(&budget))
            })
        },
    }],
    ..USUAL
};

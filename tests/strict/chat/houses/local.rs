//! Servers of one's own: Ollama's chat completions, llama.cpp, vLLM, LM Studio. They ignore what they do not know; here that
//! is a violation, because what is ignored is lost.

use super::{Counts, House, Thinking, USUAL};
use crate::strict::Rule;

pub(crate) static OLLAMA: House = House {
    name: "ollama",
    model: "gpt-oss:20b",
    parameters: &[
        "frequency_penalty",
        "max_tokens",
        "presence_penalty",
        "reasoning",
        "reasoning_effort",
        "response_format",
        "seed",
        "stream_options",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "Ollama's source (openai.go, from memory); no tool_choice by its documentation",
    },
    assistant: &["reasoning"],
    choices: &[],
    thinking: Some(Thinking::Member("reasoning")),
    mid_system: true,
    takes_thinking: true,
    counts: Counts::Behind,
    ..USUAL
};

pub(crate) static LLAMA_CPP: House = House {
    name: "llama.cpp",
    model: "local",
    parameters: &[
        "max_tokens",
        "parallel_tool_calls",
        "response_format",
        "seed",
        "stream_options",
        "top_k",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "llama.cpp's server README and source (from memory)",
    },
    assistant: &["reasoning_content"],
    choices: &["auto", "none", "required"],
    thinking: Some(Thinking::Member("reasoning_content")),
    takes_thinking: true,
    ..USUAL
};

pub(crate) static VLLM: House = House {
    name: "vllm",
    model: "Qwen/Qwen3-32B",
    parameters: &[
        "max_completion_tokens",
        "max_tokens",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "seed",
        "stream_options",
        "top_k",
        "user",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "vLLM's source, ChatCompletionRequest; others are ignored with a warning",
    },
    assistant: &["reasoning"],
    thinking: Some(Thinking::Member("reasoning")),
    takes_thinking: true,
    ..USUAL
};

pub(crate) static LM_STUDIO: House = House {
    name: "lmstudio",
    model: "qwen3",
    parameters: &[
        "max_tokens",
        "response_format",
        "seed",
        "stream_options",
        "top_k",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "LM Studio's documentation of its endpoints, which names no reasoning in messages",
    },
    choices: &["auto", "none", "required"],
    thinking: Some(Thinking::Member("reasoning_content")),
    counts: Counts::Nowhere,
    ..USUAL
};

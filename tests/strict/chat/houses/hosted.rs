//! OpenAI, OpenRouter, Groq and Mistral.

use serde_json::Value;

use super::{Counts, House, Special, Thinking, USUAL, ids_unless, messages, sent, unless};
use crate::strict::{Rule, each};

/// What all of OpenAI's models that reason have in common.
const OF_OPENAI: House = House {
    name: "openai",
    parameters: &[
        "max_completion_tokens",
        "metadata",
        "parallel_tool_calls",
        "prompt_cache_key",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "store",
        "stream_options",
        "user",
        "verbosity",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "openai 3.54.0 (types); unknown names are a 400 (issues)",
    },
    parts: &["text", "image_url", "file"],
    developer: true,
    mid_system: true,
    ..USUAL
};

const NO_SAMPLING: Special = Special {
    rule: Rule {
        id: "reasoning-models",
        source: "from memory: gpt-5 refuses sampling, stop and max_tokens",
    },
    broken: |body| sent(body, &["temperature", "top_p", "stop", "max_tokens"]),
};

const IDS: Special = Special {
    rule: Rule {
        id: "tool-id",
        source: "issue (openclaw#875): 400 string too long, at most 40 characters; letters, digits, _ and - are a guess on the safe side",
    },
    broken: |body| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        ids_unless(body, |id| id.len() <= 40 && id.bytes().all(known))
    },
};

pub(crate) static OPENAI: House = House {
    model: "gpt-5",
    specials: &[
        NO_SAMPLING,
        IDS,
        Special {
            rule: Rule {
                id: "effort",
                source: "openai 3.54.0 (types): none, minimal, low, medium, high, xhigh, max; gpt-5 the four in the middle (from memory)",
            },
            broken: |body| {
                unless(body, "reasoning_effort", |effort| {
                    ["minimal", "low", "medium", "high"]
                        .contains(&effort.as_str().unwrap_or_default())
                })
            },
        },
    ],
    ..OF_OPENAI
};

/// From GPT-5.6 on.
pub(crate) static OPENAI_NEWER: House = House {
    model: "gpt-5.6",
    specials: &[
        NO_SAMPLING,
        IDS,
        Special {
            rule: Rule {
                id: "effort-with-tools",
                source: "issue (litellm#34569, measured): 400 Function tools with reasoning_effort are not supported, unless it is none",
            },
            broken: |body| {
                let wrong = body.get("tools").is_some() && body["reasoning_effort"] != "none";
                let found = body["reasoning_effort"].to_string();
                let wrong = wrong.then(|| ("reasoning_effort".to_owned(), found));
                wrong.into_iter().collect()
            },
        },
    ],
    ..OF_OPENAI
};

pub(crate) static OPENROUTER: House = House {
    name: "openrouter",
    model: "anthropic/claude-sonnet-5",
    parameters: &[
        "cache_control",
        "max_completion_tokens",
        "max_tokens",
        "models",
        "parallel_tool_calls",
        "plugins",
        "provider",
        "reasoning",
        "reasoning_effort",
        "response_format",
        "seed",
        "session_id",
        "stream_options",
        "top_k",
        "user",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "openrouter 1.3.84 (types); what is not known there is lost",
    },
    assistant: &["reasoning", "reasoning_details"],
    parts: &["text", "image_url", "file"],
    cache_control: true,
    thinking: Some(Thinking::Details),
    comes_back: Some(Rule {
        id: "reasoning-details",
        source: "OpenRouter's documentation: send reasoning_details back verbatim; providers refuse a thinking block that changed",
    }),
    takes_thinking: true,
    specials: &[
        Special {
            rule: Rule {
                id: "signature",
                source: "openrouter 1.3.84 (types): reasoning.text has text and signature; both come back",
            },
            broken: |body| {
                let details = messages(body).flat_map(|(path, message)| {
                    let unsigned =
                        |(_, detail): &(String, &Value)| !detail["signature"].is_string();
                    let broken = each(message, &path, "reasoning_details").filter(unsigned);
                    broken
                        .map(|(path, detail)| (path, detail.to_string()))
                        .collect::<Vec<_>>()
                });
                details.collect()
            },
        },
        Special {
            rule: Rule {
                id: "effort-or-budget",
                source: "OpenRouter's documentation: reasoning has one of effort and max_tokens",
            },
            broken: |body| {
                unless(body, "reasoning", |reasoning| {
                    reasoning.get("effort").is_none() || reasoning.get("max_tokens").is_none()
                })
            },
        },
    ],
    ..USUAL
};

pub(crate) static GROQ: House = House {
    name: "groq",
    model: "openai/gpt-oss-120b",
    parameters: &[
        "include_reasoning",
        "max_completion_tokens",
        "parallel_tool_calls",
        "reasoning_effort",
        "reasoning_format",
        "response_format",
        "seed",
        "service_tier",
        "stream_options",
        "user",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "groq 1.7.0 (types), and issues: 400 property 'X' is unsupported",
    },
    assistant: &["reasoning"],
    choices: &["auto", "none", "required"],
    thinking: Some(Thinking::Member("reasoning")),
    takes_thinking: true,
    counts: Counts::OfGroq,
    specials: &[
        Special {
            rule: Rule {
                id: "tools-max",
                source: "issues: 400 above 128 tools",
            },
            broken: |body| {
                unless(body, "tools", |tools| {
                    tools.as_array().is_none_or(|all| all.len() <= 128)
                })
            },
        },
        Special {
            rule: Rule {
                id: "schema",
                source: "issues: $schema in parameters is refused",
            },
            broken: |body| {
                let old = |(_, tool): &(String, &Value)| {
                    tool["function"]["parameters"].get("$schema").is_some()
                };
                let old = each(body, "", "tools").filter(old);
                old.map(|(path, _)| (path, "$schema".to_owned())).collect()
            },
        },
        Special {
            rule: Rule {
                id: "reasoning-format",
                source: "groq 1.7.0 (types): include_reasoning or reasoning_format, not both; effort of gpt-oss low, medium, high",
            },
            broken: |body| {
                let both = body
                    .get("include_reasoning")
                    .and(body.get("reasoning_format"));
                let both = both.map(|format| ("reasoning_format".to_owned(), format.to_string()));
                let effort = unless(body, "reasoning_effort", |effort| {
                    ["low", "medium", "high"].contains(&effort.as_str().unwrap_or_default())
                });
                both.into_iter().chain(effort).collect()
            },
        },
    ],
    ..USUAL
};

pub(crate) static MISTRAL: House = House {
    name: "mistral",
    model: "magistral-medium",
    parameters: &[
        "max_tokens",
        "metadata",
        "parallel_tool_calls",
        "prompt_cache_key",
        "prompt_mode",
        "random_seed",
        "reasoning_effort",
        "response_format",
        "safe_prompt",
        "top_k",
    ],
    unknown: Rule {
        id: "unknown-property",
        source: "mistralai 3.7.0 (types); 422 extra_forbidden for others (issues), stream_options and user among them",
    },
    assistant: &["prefix"],
    assistant_parts: &["text", "thinking"],
    tool_parts: &["text", "image_url"],
    thinking: Some(Thinking::Parts),
    takes_thinking: true,
    id_prefix: "",
    counts: Counts::WithTheFinish,
    specials: &[
        Special {
            rule: Rule {
                id: "tool-id",
                source: "issue: 400, code 3280, unless an id matches ^[a-zA-Z0-9]{9}$",
            },
            broken: |body| {
                let nine =
                    |id: &str| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
                ids_unless(body, nine)
            },
        },
        Special {
            rule: Rule {
                id: "order",
                source: "issues: 400, code 3230, for a user message behind a tool message, and for an assistant's at the end without prefix",
            },
            broken: order_of_mistral,
        },
    ],
    ..USUAL
};

fn order_of_mistral(body: &Value) -> Vec<(String, String)> {
    let all: Vec<(String, &Value)> = messages(body).collect();
    let after = all
        .windows(2)
        .filter(|two| two[0].1["role"] == "tool" && two[1].1["role"] == "user");
    let mut broken: Vec<(String, String)> = after
        .map(|two| (two[1].0.clone(), "user behind tool".to_owned()))
        .collect();
    if let Some((path, last)) = all.last()
        && last["role"] == "assistant"
        && last["prefix"] != true
    {
        broken.push((path.clone(), "an assistant's message at the end".to_owned()));
    }
    broken
}

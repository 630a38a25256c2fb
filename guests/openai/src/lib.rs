//! The transformer `openai`: OpenAI itself and every server that speaks its chat completions. Other
//! providers are this one with options, unless their wire format differs.

#[cfg(target_family = "wasm")]
mod component;

/// The transformer.
pub type Transformer = chat::Chat<chat::OpenAi>;

//! The transformer `cerebras`. What is special about it is `chat::Cerebras`, so that other
//! transformers can build on it: a component cannot be linked into another one.

#[cfg(target_family = "wasm")]
mod component;

/// The transformer.
pub type Transformer = chat::Chat<chat::Cerebras>;

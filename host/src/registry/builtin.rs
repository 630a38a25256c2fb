//! The components that are part of the binary.

/// Name and bytes, in order of name. `build.rs` says where the guests were built.
const BUILTIN: [(&str, &[u8]); 8] = [
    ("cerebras", include_bytes!(env!("TRANSOM_GUEST_CEREBRAS"))),
    (
        "compatible",
        include_bytes!(env!("TRANSOM_GUEST_COMPATIBLE")),
    ),
    ("gemini", include_bytes!(env!("TRANSOM_GUEST_GEMINI"))),
    ("ollama", include_bytes!(env!("TRANSOM_GUEST_OLLAMA"))),
    ("openai", include_bytes!(env!("TRANSOM_GUEST_OPENAI"))),
    ("responses", include_bytes!(env!("TRANSOM_GUEST_RESPONSES"))),
    ("shout", include_bytes!(env!("TRANSOM_GUEST_SHOUT"))),
    ("zai", include_bytes!(env!("TRANSOM_GUEST_ZAI"))),
];

/// The built-in component of this name.
pub fn builtin(name: &str) -> Option<&'static [u8]> {
    BUILTIN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, bytes)| *bytes)
}

/// All names, for messages.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|(name, _)| *name)
}

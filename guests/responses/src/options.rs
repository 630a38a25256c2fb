//! The options of a provider that uses `responses`.

use sdk::json::RawValue;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Whether something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// As the name of the model says.
    Model,
    /// Always.
    Always,
    /// Never.
    Never,
}

sdk::options! {
    /// Options of `responses`.
    pub struct Options {
        /// Path below the base URL.
        pub path: String = "/responses".to_owned(),
        /// Headers to set.
        pub headers: BTreeMap<String, String> = BTreeMap::new(),
        /// The model reasons: it is told how hard, and what it thought comes back sealed.
        pub reasoning: When = When::Model,
        /// Efforts the model takes, from low to high. Others become the nearest one. Empty: by its name.
        pub effort_set: Vec<String> = Vec::new(),
        /// The summary of what the model thought, when the client wants thinking: `auto`, `concise`,
        /// `detailed`. Empty: none.
        pub summary: String = "auto".to_owned(),
        /// `temperature` and `top_p` are sent. Models that reason refuse them.
        pub sampling: When = When::Model,
        /// A tool's `strict: true` goes out, if its schema is one that is taken so.
        pub strict_ok: bool = true,
        /// `prompt_cache_key`, a hash of the client's session, is sent.
        pub prompt_cache_key: bool = true,
        /// The endpoint counts tokens, at `/input_tokens` below `path`.
        pub count_tokens: bool = true,
        /// The least output tokens to ask for.
        pub max_out_least: u64 = 16,
        /// The most output tokens to ask for. 0: what the catalog knows of the model.
        pub max_out_clamp: u64 = 0,
        /// Images are taken; else a placeholder stands for them.
        pub images: bool = true,
        /// PDF documents are taken; else a placeholder stands for them.
        pub documents: bool = true,
        /// Keep the client's attribution block, which changes with every request, in the system text.
        pub attribution: bool = false,
        /// Members to add to the request's body.
        pub extra_body: BTreeMap<String, Box<RawValue>> = BTreeMap::new(),
    }
}

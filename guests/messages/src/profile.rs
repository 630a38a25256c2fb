//! What differs between the endpoints that speak the Messages API, as data. Each member is an option of the
//! transformer; the defaults suit a foreign provider about which nothing is known.

use sdk::Auth;
use serde::Deserialize;
use std::collections::BTreeMap;

/// System messages amid the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MidSystem {
    /// Sent as they are.
    Keep,
    /// User text in `<system-reminder>` tags at the same place.
    Fold,
}

/// The `safeguards` member: local paths and permission rules of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Safeguards {
    /// Taken out.
    Strip,
    /// A 400 that names it: the client asks again without it, and so on every turn.
    Refuse,
    /// Sent as it is.
    Keep,
}

/// `temperature` and `top_p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Sent as they are.
    Keep,
    /// Above 0 and at most 1: other values become the nearest that fits.
    Clamp,
    /// Dropped.
    Drop,
}

/// Ids of tool calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolId {
    /// Sent as they are: for models that want to see ids of a form of their own again.
    Any,
    /// Other characters than letters, digits, `_` and `-` become `_`, with a hash of the whole at the end.
    Fit,
}

/// How the key is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Key {
    /// `authorization: Bearer KEY`
    Bearer,
    /// `x-api-key: KEY`
    XApiKey,
}

impl Key {
    pub(crate) fn auth(self) -> Auth {
        match self {
            Self::Bearer => Auth::Bearer,
            Self::XApiKey => Auth::Header("x-api-key".to_owned()),
        }
    }
}

sdk::options! {
    /// What an endpoint takes.
    pub struct Profile {
        /// Path below the base URL.
        pub path: String = "/v1/messages".to_owned(),
        /// How the key is presented: `bearer` or `x-api-key`.
        pub key: Key = Key::Bearer,
        /// Headers to set.
        pub headers: BTreeMap<String, String> = BTreeMap::new(),
        /// It counts tokens, at `/count_tokens` below the path.
        pub count_tokens: bool = false,
        /// System messages amid the conversation.
        pub mid_system: MidSystem = MidSystem::Keep,
        /// The `safeguards` member.
        pub safeguards: Safeguards = Safeguards::Strip,
        /// Other members of the request to take out.
        pub drop: Vec<String> = ["metadata", "tags"].map(str::to_owned).to_vec(),
        /// Keep the client's attribution block, which changes with every request, in `system`.
        pub attribution: bool = false,
        /// Do not send `anthropic-beta`.
        pub strip_betas: bool = false,
        /// The most output tokens to ask for. 0: what the catalog knows of the model.
        pub max_out_clamp: u64 = 0,
        /// Efforts the model takes, from low to high. Others become the nearest one. Empty: all.
        pub effort_set: Vec<String> = Vec::new(),
        /// Efforts that go out as another one of the set than the next lower.
        pub effort_map: BTreeMap<String, String> = BTreeMap::new(),
        /// `temperature` and `top_p`.
        pub sampling: Sampling = Sampling::Keep,
        /// Thinking in the history that has no signature goes out: for providers that sign none of their own.
        pub unsigned_thinking: bool = false,
        /// Assistant messages with tool calls must have a thinking block, be it empty.
        pub thinking_required_with_tools: bool = false,
        /// Ids of tool calls.
        pub tool_id: ToolId = ToolId::Fit,
        /// The model always thinks, and refuses `thinking: {"type": "disabled"}`, which is taken out.
        pub always_thinks: bool = false,
        /// Images are taken; else words stand for them.
        pub images: bool = true,
        /// Documents are taken; else words stand for them.
        pub documents: bool = true,
        /// Tools that Anthropic itself runs are taken.
        pub server_tools: bool = false,
        /// Codes of error bodies, each with the HTTP status that it means where the answer's own says something else.
        pub error_codes: BTreeMap<String, u16> = BTreeMap::new(),
        /// Members to add to the request's body.
        pub extra_body: BTreeMap<String, Box<sdk::json::RawValue>> = BTreeMap::new(),
    }
}

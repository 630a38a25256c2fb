//! The options of a provider that uses `zai`.

use serde::Deserialize;

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

sdk::options! {
    /// Options of `zai`.
    pub struct Options {
        /// Path below the base URL.
        pub path: String = "/v1/messages".to_owned(),
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
    }
}

//! The options of a provider that uses `ollama`.

use serde::Deserialize;

/// The `think` member of a request. Models that cannot think refuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Think {
    /// Not sent: models that can think do.
    Model,
    /// As the client asks: true or false.
    Client,
    /// As the client asks, in the words `low`, `medium` and `high` (gpt-oss).
    Level,
    /// False.
    Off,
}

sdk::options! {
    /// Options of `ollama`.
    pub struct Options {
        /// Path below the base URL.
        pub path: String = "/api/chat".to_owned(),
        /// Size of the context in tokens. 0: what the configuration says of the model, else Ollama's
        /// own default, which is small.
        pub num_ctx: u64 = 0,
        /// Let Ollama cut what does not fit into the context, without a word. Else it is an error, which
        /// makes the client shorten the conversation itself.
        pub truncate: bool = false,
        /// The `think` member.
        pub think: Think = Think::Model,
        /// How long the model stays loaded, such as `30m`. Empty: Ollama's default.
        pub keep_alive: String = String::new(),
        /// The most output tokens to ask for. 0: what the catalog knows of the model.
        pub max_out_clamp: u64 = 0,
        /// Images are taken; else a placeholder stands for them.
        pub images: bool = true,
        /// Keep the client's attribution block, which changes with every request, in the system text.
        pub attribution: bool = false,
    }
}

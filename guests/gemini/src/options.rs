//! The options of a provider that uses `gemini`.

use sdk::json::RawValue;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How the model is told how hard to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thinking {
    /// As the family of the model wants it, by its name.
    Model,
    /// `thinkingBudget`, in tokens: Gemini 2.5.
    Budget,
    /// `thinkingLevel`, in words: Gemini 3 and later.
    Level,
    /// Not at all: models that cannot think refuse it.
    Off,
}

/// Which schemas of tools the endpoint takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schema {
    /// `parametersJsonSchema`: JSON schema without its rarer words.
    Json,
    /// `parameters`: the dialect of OpenAPI 3.0, for endpoints that know nothing else.
    OpenApi,
}

sdk::options! {
    /// Options of `gemini`.
    pub struct Options {
        /// Path below the base URL, up to the colon; `{model}` stands for the model.
        pub path: String = "/models/{model}".to_owned(),
        /// How the model is told how hard to think.
        pub thinking: Thinking = Thinking::Model,
        /// The words of `thinkingLevel` that the model takes, from low to high. Empty: by its name.
        pub levels: Vec<String> = Vec::new(),
        /// Ask for a summary of what the model thought, when the client wants thinking.
        pub thoughts: bool = true,
        /// What goes in place of a signature that is missing from the first call of a step, which Gemini 3
        /// and later refuse. Empty: nothing.
        pub stand_in: String = "skip_thought_signature_validator".to_owned(),
        /// Calls and their results have ids.
        pub call_ids: bool = true,
        /// Which schemas of tools the endpoint takes.
        pub schema: Schema = Schema::Json,
        /// Structured output is asked for together with tools. Gemini 2.5 and older refuse that.
        pub schema_with_tools: bool = false,
        /// The most output tokens to ask for. 0: what the catalog knows of the model.
        pub max_out_clamp: u64 = 0,
        /// Images are taken; else a placeholder stands for them.
        pub images: bool = true,
        /// PDF documents are taken; else a placeholder stands for them.
        pub documents: bool = true,
        /// Keep the client's attribution block, which changes with every request, in the system text.
        pub attribution: bool = false,
        /// Members to add to the request's body, such as `safetySettings`.
        pub extra_body: BTreeMap<String, Box<RawValue>> = BTreeMap::new(),
    }
}

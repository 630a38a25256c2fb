//! The providers that a conversation goes through, each with its transformer, its profile and its strict upstream.

use std::fmt;

use serde_json::{Value, json};

use super::script::{self, Kind};
use crate::harness::host::{self, Builder};
use crate::strict::anthropic::Anthropic;
use crate::strict::cerebras::Cerebras;
use crate::strict::chat::{Chat, House};
use crate::strict::compatible::{Compatible, Endpoint};
use crate::strict::gemini::Gemini;
use crate::strict::ollama::Ollama;
use crate::strict::responses::Responses;
use crate::strict::zai::{Mood, Zai};
use crate::strict::{Dialect, Strict};

const KEY: &str = "upstream-key-0123456789";

/// A provider.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// Chat completions by a profile of `openai`.
    Chat(&'static House),
    /// The Messages API by a profile of `compatible`.
    Compatible(&'static Endpoint),
    Cerebras,
    /// Gemini's own API, for this model.
    Gemini(&'static str),
    Ollama,
    Responses,
    Zai,
    /// Z.ai in the mood in which it refuses system messages amid the conversation.
    ZaiFolded,
    /// Passed through.
    Anthropic,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chat(house) => write!(f, "openai, profile {}", house.name),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Way {
    pub(super) fn chat(house: &'static House) -> Self {
        Self::Chat(house)
    }

    pub(super) fn transformer(self) -> Option<&'static str> {
        match self {
            Self::Chat(_) => Some("openai"),
            Self::Compatible(_) => Some("compatible"),
            Self::Cerebras => Some("cerebras"),
            Self::Gemini(_) => Some("gemini"),
            Self::Ollama => Some("ollama"),
            Self::Responses => Some("responses"),
            Self::Zai | Self::ZaiFolded => Some("zai"),
            Self::Anthropic => None,
        }
    }

    pub(super) fn options(self) -> Value {
        match self {
            Self::Chat(house) => json!({ "profile": house.name }),
            Self::Compatible(endpoint) => json!({ "profile": endpoint.profile }),
            Self::ZaiFolded => json!({ "mid_system": "fold" }),
            _ => json!({}),
        }
    }

    pub(super) fn upstream_model(self) -> &'static str {
        match self {
            Self::Chat(house) => house.model,
            Self::Compatible(endpoint) => endpoint.model,
            Self::Cerebras => "gpt-oss-120b",
            Self::Gemini(model) => model,
            Self::Ollama => "gpt-oss:20b",
            Self::Responses => "gpt-5.4",
            Self::Zai | Self::ZaiFolded => "glm-4.7",
            Self::Anthropic => "model-1",
        }
    }

    pub(super) fn model(self) -> String {
        format!("way,{}", self.upstream_model())
    }

    /// Whether the provider can take this.
    pub(super) fn carries(self, kind: Kind) -> bool {
        match (self, kind) {
            (Self::Chat(house), Kind::Thinking) => house.takes_thinking,
            // Only its signatures go back.
            (Self::Gemini(_), Kind::Thinking) => false,
            (Self::Chat(house), Kind::Image) => house.parts.contains(&"image_url"),
            (Self::Compatible(endpoint), Kind::Image) => endpoint.media,
            _ => true,
        }
    }

    pub(super) async fn strict(self) -> Strict {
        let model = self.upstream_model();
        match self {
            Self::Chat(house) => start(Chat::new(house, KEY), true).await,
            Self::Compatible(endpoint) => start(Compatible::new(endpoint, KEY), false).await,
            Self::Cerebras => start(Cerebras::new(KEY, &[model]), true).await,
            Self::Gemini(model) => start(Gemini::new(KEY, &[model]), true).await,
            Self::Responses => start(Responses::new(KEY, &[model]), true).await,
            Self::Ollama => start(Ollama::new(KEY, &[model]), false).await,
            Self::Zai => start(Zai::new(KEY, Mood::Takes), false).await,
            Self::ZaiFolded => start(Zai::new(KEY, Mood::Refuses), false).await,
            Self::Anthropic => start(Anthropic::new(KEY), false).await,
        }
    }

    /// transom before the strict upstream.
    pub(super) fn builder(self, strict: &Strict) -> Builder {
        let url = match self {
            Self::Chat(_) | Self::Cerebras | Self::Responses => format!("{}/v1", strict.url()),
            Self::Gemini(_) => format!("{}/v1beta", strict.url()),
            _ => strict.url(),
        };
        let transformer = self.transformer().unwrap_or("anthropic");
        let mut provider = host::provider("way", &url, transformer, self.upstream_model());
        provider["api_key"] = KEY.into();
        if self.transformer().is_some() {
            provider["options"] = self.options();
        } else {
            provider["auth"] = "x-api-key".into();
        }
        Builder::new().provider(provider)
    }
}

async fn start(dialect: impl Dialect, interleaves: bool) -> Strict {
    Strict::start(dialect, move |seen| script::turn(seen.answers, interleaves)).await
}

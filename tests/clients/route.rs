//! The ways a client can reach a model: each a strict upstream, and transom in front of it.

use serde_json::{Value, json};

use super::claude::Claude;
use crate::harness::host::{self, Host};
use crate::strict::anthropic::Anthropic;
use crate::strict::cerebras::Cerebras;
use crate::strict::chat::{Chat, House, houses};
use crate::strict::compatible::{self, Compatible, Endpoint};
use crate::strict::gemini::Gemini;
use crate::strict::ollama::Ollama;
use crate::strict::responses::Responses;
use crate::strict::zai::{Mood, Zai};
use crate::strict::{Seen, Strict, Turn};

/// A way from the client to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// No transom at all: what the client does with a strict Anthropic upstream is the measure of
    /// every other route.
    Direct,
    /// Passed through untouched.
    Passthrough,
    /// Through the `cerebras` component.
    Cerebras,
    /// Through the `openai` component by a profile.
    Chat(&'static House),
    /// Through the `compatible` component by a profile.
    Compatible(&'static Endpoint),
    /// Through the `gemini` component; the model signs its calls.
    Gemini,
    /// Through the `ollama` component, whose upstream streams JSON texts, one a line.
    Ollama,
    /// Through the `responses` component; the model reasons before each step.
    Responses,
    /// Through the `zai` component; the upstream takes `role:"system"` inside messages.
    Zai,
    /// Through the `zai` component with `mid_system: "fold"`; the upstream refuses it.
    ZaiFolded,
}

/// An upstream with a script, transom before it, and what a client needs to know.
#[derive(Debug)]
pub(super) struct Road {
    pub(super) route: Route,
    pub(super) strict: Strict,
    pub(super) host: Option<Host>,
}

const KEY: &str = "upstream-key-0123456789";

impl Route {
    /// What stands for the `openai` component where one profile is enough.
    pub(super) const OPENAI: Self = Self::Chat(&houses::DEEPSEEK);

    /// What stands for the `compatible` component where one profile is enough.
    pub(super) const COMPATIBLE: Self = Self::Compatible(&compatible::KIMI);

    /// The model as the upstream names it.
    pub(super) fn upstream_model(self) -> &'static str {
        match self {
            Self::Direct => "direct,model-1",
            Self::Passthrough => "model-1",
            Self::Cerebras => "gpt-oss-120b",
            Self::Chat(house) => house.model,
            Self::Compatible(endpoint) => endpoint.model,
            Self::Gemini => "gemini-3.8-flash",
            Self::Ollama => "gpt-oss:20b",
            Self::Responses => "gpt-5.4",
            Self::Zai | Self::ZaiFolded => "glm-4.7",
        }
    }

    /// The model as the client asks for it.
    pub(super) fn model(self) -> String {
        match self {
            Self::Direct => self.upstream_model().to_owned(),
            _ => format!("{},{}", self.provider(), self.upstream_model()),
        }
    }

    pub(super) fn provider(self) -> &'static str {
        match self {
            Self::Direct => "",
            Self::Passthrough => "anthropic",
            Self::Cerebras => "cerebras",
            Self::Chat(_) => "openai",
            Self::Compatible(_) => "compatible",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
            Self::Responses => "responses",
            Self::Zai | Self::ZaiFolded => "zai",
        }
    }

    /// Starts the road with a turn for each answer.
    pub(super) async fn turns(self, turns: Vec<Turn>) -> Road {
        self.script(move |seen| {
            let missing = || Turn::text(&format!("the script has no turn {}", seen.answers));
            turns.get(seen.answers).cloned().unwrap_or_else(missing)
        })
        .await
    }

    /// Starts the road with a script.
    pub(super) async fn script(
        self,
        script: impl Fn(&Seen) -> Turn + Send + Sync + 'static,
    ) -> Road {
        let strict = self.strict(script).await;
        Road {
            route: self,
            host: self.host(&strict),
            strict,
        }
    }

    /// The upstream alone.
    pub(super) async fn strict(
        self,
        script: impl Fn(&Seen) -> Turn + Send + Sync + 'static,
    ) -> Strict {
        match self {
            Self::Direct | Self::Passthrough => Strict::start(Anthropic::new(KEY), script).await,
            Self::Cerebras => {
                let models = [self.upstream_model(), "qwen-3.8-27b"];
                Strict::start(Cerebras::new(KEY, &models), script).await
            }
            Self::Chat(house) => Strict::start(Chat::new(house, KEY), script).await,
            Self::Compatible(endpoint) => {
                Strict::start(Compatible::new(endpoint, KEY), script).await
            }
            Self::Gemini => {
                let models = [self.upstream_model()];
                Strict::start(Gemini::new(KEY, &models), script).await
            }
            Self::Ollama => {
                let models = [self.upstream_model()];
                Strict::start(Ollama::new(KEY, &models), script).await
            }
            Self::Responses => {
                let models = [self.upstream_model()];
                Strict::start(Responses::new(KEY, &models), script).await
            }
            Self::Zai => Strict::start(Zai::new(KEY, Mood::Takes), script).await,
            Self::ZaiFolded => Strict::start(Zai::new(KEY, Mood::Refuses), script).await,
        }
    }

    fn host(self, strict: &Strict) -> Option<Host> {
        if self == Self::Direct {
            return None;
        }
        Some(self.host_builder(strict, |_| ()).start())
    }

    /// transom configured for this road, not yet started; `change` has the last word on the provider.
    pub(super) fn host_builder(
        self,
        strict: &Strict,
        change: impl FnOnce(&mut Value),
    ) -> host::Builder {
        let url = match self {
            Self::Cerebras | Self::Chat(_) | Self::Responses => format!("{}/v1", strict.url()),
            Self::Gemini => format!("{}/v1beta", strict.url()),
            _ => strict.url(),
        };
        let transformer = match self {
            Self::Direct | Self::Passthrough => "anthropic",
            Self::Cerebras => "cerebras",
            Self::Chat(_) => "openai",
            Self::Compatible(_) => "compatible",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
            Self::Responses => "responses",
            Self::Zai | Self::ZaiFolded => "zai",
        };
        let name = self.provider();
        let mut provider = host::provider(name, &url, transformer, self.upstream_model());
        provider["api_key"] = KEY.into();
        match self {
            Self::Passthrough => provider["auth"] = "x-api-key".into(),
            Self::Chat(house) => provider["options"] = json!({ "profile": house.name }),
            Self::Compatible(endpoint) => {
                provider["options"] = json!({ "profile": endpoint.profile });
            }
            Self::ZaiFolded => provider["options"] = json!({ "mid_system": "fold" }),
            _ => {}
        }
        change(&mut provider);
        host::Builder::new().provider(provider)
    }
}

impl Road {
    /// What a client sets as its base URL.
    pub(super) fn base_url(&self) -> String {
        match &self.host {
            Some(host) => host.base().to_owned(),
            None => self.strict.url(),
        }
    }

    /// Any key will do for transom; an upstream wants its own.
    pub(super) fn key(&self) -> &'static str {
        match &self.host {
            Some(_) => "any-key-of-the-client",
            None => KEY,
        }
    }

    /// A Claude Code that takes this road.
    pub(super) fn claude(&self) -> Claude {
        Claude::new(&self.base_url(), self.key(), &self.route.model())
    }
}

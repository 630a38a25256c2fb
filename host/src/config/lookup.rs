//! Questions to a [`Config`]: which provider, which model, which window.

use std::fmt;

use super::read::split_target;
use super::{Config, Key, Model, Provider, Stage, Target, Transformer};

impl Config {
    /// A provider by name, without regard to case.
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers
            .iter()
            .find(|provider| provider.name.eq_ignore_ascii_case(name))
    }

    /// What `provider,model` names, the provider without regard to case and the model whatever it
    /// is. None without a comma or without such a provider.
    pub fn target(&self, text: &str) -> Option<Target> {
        let (provider, model) = split_target(text)?;
        Some(Target {
            provider: self.provider(provider)?.name.clone(),
            model: model.to_owned(),
        })
    }

    /// What is known of a target's model; none if its provider does not list it.
    pub fn model(&self, target: &Target) -> Option<&Model> {
        let models = &self.provider(&target.provider)?.models;
        models.iter().find(|model| model.id == target.model)
    }

    /// Every route of `router` by name, in a fixed order; then the rules of the user's own that lead
    /// somewhere.
    pub fn routes(&self) -> impl Iterator<Item = (&str, &Target)> {
        let router = &self.router;
        let rules = router.rules.iter();
        let rules = rules.map(|rule| (rule.name.as_str(), &rule.route));
        [
            ("default", &router.default),
            ("background", &router.background),
            ("think", &router.think),
            ("long_context", &router.long_context),
            ("web_search", &router.web_search),
            ("image", &router.image),
        ]
        .into_iter()
        .chain(rules)
        .filter_map(|(name, target)| Some((name, target.as_ref()?)))
    }

    /// In tokens: the smallest known window among the routed models, so that a client that trusts
    /// it never sends a conversation that one of them cannot take.
    pub fn smallest_window(&self) -> Option<u32> {
        let models = self.routes().filter_map(|(_, target)| self.model(target));
        models.filter_map(|model| model.context_window).min()
    }
}

impl Key {
    /// One word for machines: `set`, `missing` or `none`.
    pub fn state(&self) -> &'static str {
        match self {
            Self::Set(_) => "set",
            Self::Missing { .. } => "missing",
            Self::Absent => "none",
        }
    }
}

impl Transformer {
    /// The chain as it is shown: names parted by commas, `anthropic` for passthrough.
    pub fn shown(&self) -> String {
        match self {
            Self::Passthrough => "anthropic".to_owned(),
            Self::Chain(stages) => stages.iter().map(Stage::name).collect::<Vec<_>>().join(","),
        }
    }
}

impl Stage {
    /// The component's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Target {
    /// `provider,model`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.provider, self.model)
    }
}

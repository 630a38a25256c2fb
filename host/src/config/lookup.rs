//! Questions to a [`Config`]: which provider, which model, which window.

use std::borrow::Cow;
use std::fmt;

use super::read::split_target;
use super::{Config, Key, Model, Provider, Proxy, Secret, Stage, Target, Transformer};
use crate::catalog;

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

    /// What is known of a target's model; none if its provider does not list it and the catalog does not know it.
    pub fn model(&self, target: &Target) -> Option<Cow<'_, Model>> {
        self.provider(&target.provider)?.model(&target.model)
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

impl Provider {
    /// What is known of one of its models, listed or not.
    pub fn model(&self, id: &str) -> Option<Cow<'_, Model>> {
        let listed = self.models.iter().find(|model| model.id == id);
        listed.map(Cow::Borrowed).or_else(|| {
            let mut model = Model::named(id);
            model.learn(self.vendor).then_some(Cow::Owned(model))
        })
    }
}

impl Model {
    /// One about which nothing is known.
    pub fn named(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            context_window: None,
            max_output: None,
            vision: None,
            reasoning: None,
            price: None,
            retired: None,
        }
    }

    /// Takes from the catalog what is not said here. Whether the catalog knows it.
    pub(super) fn learn(&mut self, vendor: Option<&str>) -> bool {
        let Some(facts) = vendor.and_then(|vendor| catalog::facts(vendor, &self.id)) else {
            return false;
        };
        self.context_window = self.context_window.or(facts.context_window);
        self.max_output = self.max_output.or(facts.max_output);
        self.vision = self.vision.or(Some(facts.vision));
        self.reasoning = self.reasoning.or(Some(facts.reasoning));
        self.price = self.price.or(facts.price);
        self.retired = facts.retired();
        true
    }
}

impl Proxy {
    /// The password in its URL, if there is one.
    pub fn login(&self) -> Option<Secret> {
        let url = url::Url::parse(self.url.as_ref()?.expose()).ok()?;
        url.password().map(Secret::new)
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

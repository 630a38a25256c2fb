//! A provider's dialect: its profile, what differs by model, and what the configuration overrides.
//! From weak to strong: the profile, the dialect's rules for the model, the options, the options'
//! rules for the model.

mod cerebras;
mod openai;

pub use cerebras::Cerebras;
pub use openai::OpenAi;

use crate::{Exchange, Profile};
use sdk::json::{Error, Members, RawValue};
use sdk::{Context, Manifest, Options, Transformer};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// What is special about a provider.
pub trait Dialect: 'static {
    /// The transformer's name.
    const NAME: &'static str;
    /// The transformer's version.
    const VERSION: &'static str;
    /// Beginnings of model names, each with options as a JSON object. A name is compared in lower
    /// case, after its last slash.
    const MODELS: &'static [(&'static str, &'static str)] = &[];

    /// The profile of a model about which nothing is known.
    fn profile() -> Profile;
}

/// The transformer of a dialect.
pub struct Chat<D> {
    options: Overrides,
    dialect: PhantomData<D>,
}

impl<D: Dialect> Transformer for Chat<D> {
    type Options = Overrides;
    type Exchange = Exchange;

    fn configure(options: Overrides) -> Result<(Self, Manifest), Vec<String>> {
        let chat = Self {
            options,
            dialect: PhantomData,
        };
        Ok((chat, sdk::manifest(D::NAME, D::VERSION)))
    }

    fn exchange(&self, context: Context) -> Exchange {
        let mut profile = D::profile();
        let model = context.model.rsplit('/').next().unwrap_or("");
        let model = model.to_ascii_lowercase();
        for (prefix, options) in D::MODELS {
            if model.starts_with(prefix) {
                apply(&mut profile, options);
            }
        }
        self.options.apply(&mut profile, &model);
        Exchange::new(context, profile)
    }
}

/// The options of a [`Chat`] transformer: those of [`Profile`], and `models`, an object of
/// beginnings of model names and the options that hold for them.
#[derive(Debug, Default)]
pub struct Overrides {
    given: Vec<(String, Box<RawValue>)>,
    models: BTreeMap<String, Box<RawValue>>,
    /// Only to find out whether values fit.
    scratch: Profile,
}

impl Overrides {
    fn apply(&self, profile: &mut Profile, model: &str) {
        for (name, value) in &self.given {
            set(profile, name, value);
        }
        for (prefix, options) in &self.models {
            if model.starts_with(prefix.as_str()) {
                apply(profile, options.get());
            }
        }
    }
}

impl Options for Overrides {
    fn names() -> &'static [&'static str] {
        const MODELS: &str = "models";
        static NAMES: std::sync::OnceLock<Vec<&'static str>> = std::sync::OnceLock::new();
        NAMES.get_or_init(|| [Profile::names(), &[MODELS]].concat())
    }

    fn set(&mut self, name: &str, value: &RawValue) -> Option<Result<(), Error>> {
        if name == "models" {
            return Some(self.set_models(value));
        }
        let outcome = self.scratch.set(name, value)?;
        self.given.push((name.to_owned(), value.to_owned()));
        Some(outcome)
    }
}

impl Overrides {
    fn set_models(&mut self, value: &RawValue) -> Result<(), Error> {
        use serde::de::Error as _;
        let models: BTreeMap<String, Box<RawValue>> = sdk::json::from_str(value.get())?;
        for (model, options) in models {
            sdk::options::parse(Profile::default(), options.get().as_bytes())
                .map_err(|problems| Error::custom(format!("{model}: {}", problems.join("; "))))?;
            self.models.insert(model.to_ascii_lowercase(), options);
        }
        Ok(())
    }
}

fn apply(profile: &mut Profile, options: &str) {
    let members: Members<'_> = sdk::json::from_str(options).unwrap_or_default();
    for (name, value) in members.iter() {
        set(profile, name, value);
    }
}

/// Sets an option that `configure` has accepted.
fn set(profile: &mut Profile, name: &str, value: &RawValue) {
    let accepted = matches!(profile.set(name, value), Some(Ok(())));
    debug_assert!(accepted, "{name} = {value}");
}

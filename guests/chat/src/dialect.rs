//! A provider's dialect: its profile, what differs by model, and what the configuration overrides.
//! From weak to strong: the dialect's profile, its rules for the model or the profile that is named, the
//! options, the options' rules for the model.

mod cerebras;

pub use cerebras::Cerebras;

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

    /// What the option `profile` can name, each with options as a JSON object, `models` among them. One that
    /// is named takes the place of [`Dialect::MODELS`].
    const PROFILES: &'static [(&'static str, &'static str)] = &[];

    /// The profile of a model about which nothing is known.
    fn profile() -> Profile;
}

/// The transformer of a dialect.
pub struct Chat<D> {
    /// The profile that is named.
    named: Option<Overrides>,
    options: Overrides,
    dialect: PhantomData<D>,
}

impl<D: Dialect> Transformer for Chat<D> {
    type Options = Overrides;
    type Exchange = Exchange;

    fn configure(options: Overrides) -> Result<(Self, Manifest), Vec<String>> {
        let chat = Self {
            named: named::<D>(&options.profile)?,
            options,
            dialect: PhantomData,
        };
        Ok((chat, sdk::manifest(D::NAME, D::VERSION)))
    }

    fn exchange(&self, context: Context) -> Exchange {
        let mut profile = D::profile();
        let model = context.model.rsplit('/').next().unwrap_or("");
        let model = model.to_ascii_lowercase();
        match &self.named {
            Some(named) => named.apply(&mut profile, &model),
            None => {
                for (prefix, options) in D::MODELS {
                    if model.starts_with(prefix) {
                        apply(&mut profile, options);
                    }
                }
            }
        }
        self.options.apply(&mut profile, &model);
        Exchange::new(context, profile)
    }
}

/// The profile of this name. Errors: there is none.
fn named<D: Dialect>(name: &str) -> Result<Option<Overrides>, Vec<String>> {
    if name.is_empty() {
        return Ok(None);
    }
    let Some((_, options)) = D::PROFILES.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = D::PROFILES.iter().map(|(known, _)| *known).collect();
        return Err(vec![if known.is_empty() {
            format!("options.profile: `{}` has no profiles; remove it", D::NAME)
        } else {
            let known = known.join(", ");
            format!("options.profile: no profile is called {name:?}; use one of: {known}")
        }]);
    };
    sdk::options::parse(Overrides::default(), options.as_bytes()).map(Some)
}

/// The options of a [`Chat`] transformer: those of [`Profile`], and `models`, an object of
/// beginnings of model names and the options that hold for them, and `profile`, a name.
#[derive(Debug, Default)]
pub struct Overrides {
    profile: String,
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
        static NAMES: std::sync::OnceLock<Vec<&'static str>> = std::sync::OnceLock::new();
        NAMES.get_or_init(|| [Profile::names(), &["models", "profile"]].concat())
    }

    fn set(&mut self, name: &str, value: &RawValue) -> Option<Result<(), Error>> {
        match name {
            "models" => return Some(self.set_models(value)),
            "profile" => {
                let profile = sdk::json::from_str(value.get());
                return Some(profile.map(|profile| self.profile = profile));
            }
            _ => {}
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

//! Options in layers, from weak to strong: the transformer's own, a profile by name or else its rules for
//! the model, what the configuration says, and what that says of the model.

use crate::Options;
use crate::json::{Error, Members, RawValue};
use std::collections::BTreeMap;

/// What a transformer carries: names or beginnings of model names, each with options as a JSON object.
pub type Carried = &'static [(&'static str, &'static str)];

/// The layers between the transformer's own options and those that hold for an exchange.
pub struct Layers<P> {
    /// The profile that is named.
    named: Option<Overrides<P>>,
    /// Without one: beginnings of model names, and their options.
    models: Carried,
    options: Overrides<P>,
}

impl<P: Options> Layers<P> {
    /// What `options` names of the `profiles` of the transformer `name`; `models` holds where it names none.
    ///
    /// Errors: there is no such profile.
    pub fn new(
        name: &str,
        profiles: Carried,
        models: Carried,
        options: Overrides<P>,
    ) -> Result<Self, Vec<String>> {
        Ok(Self {
            named: named(name, profiles, &options.profile)?,
            models,
            options,
        })
    }

    /// `profile`, the transformer's own, with what the layers say of it and of this model. A model's name is
    /// compared in lower case, after its last slash.
    pub fn of(&self, mut profile: P, model: &str) -> P {
        let model = model.rsplit('/').next().unwrap_or("").to_ascii_lowercase();
        match &self.named {
            Some(named) => named.apply(&mut profile, &model),
            None => {
                let fit = self.models.iter();
                for (_, options) in fit.filter(|(prefix, _)| model.starts_with(prefix)) {
                    apply(&mut profile, options);
                }
            }
        }
        self.options.apply(&mut profile, &model);
        profile
    }
}

/// The profile of this name. Errors: there is none.
fn named<P: Options>(
    transformer: &str,
    profiles: Carried,
    name: &str,
) -> Result<Option<Overrides<P>>, Vec<String>> {
    if name.is_empty() {
        return Ok(None);
    }
    let Some((_, options)) = profiles.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = profiles.iter().map(|(known, _)| *known).collect();
        return Err(vec![if known.is_empty() {
            format!("options.profile: `{transformer}` has no profiles; remove it")
        } else {
            let known = known.join(", ");
            format!("options.profile: no profile is called {name:?}; use one of: {known}")
        }]);
    };
    crate::options::parse(Overrides::default(), options.as_bytes()).map(Some)
}

/// Options as they are given: those of `P`, `models`, an object of beginnings of model names and the
/// options that hold for them, and `profile`, a name.
#[derive(Debug, Default)]
pub struct Overrides<P> {
    profile: String,
    given: Vec<(String, Box<RawValue>)>,
    models: BTreeMap<String, Box<RawValue>>,
    /// Only to find out whether values fit.
    scratch: P,
}

impl<P: Options> Overrides<P> {
    fn apply(&self, profile: &mut P, model: &str) {
        for (name, value) in &self.given {
            set(profile, name, value);
        }
        for (prefix, options) in &self.models {
            if model.starts_with(prefix.as_str()) {
                apply(profile, options.get());
            }
        }
    }

    fn set_models(&mut self, value: &RawValue) -> Result<(), Error> {
        use serde::de::Error as _;
        let models: BTreeMap<String, Box<RawValue>> = crate::json::from_str(value.get())?;
        for (model, options) in models {
            crate::options::parse(P::default(), options.get().as_bytes())
                .map_err(|problems| Error::custom(format!("{model}: {}", problems.join("; "))))?;
            self.models.insert(model.to_ascii_lowercase(), options);
        }
        Ok(())
    }
}

impl<P: Options> Options for Overrides<P> {
    /// Asked for once, to tell of a name that is not among them.
    fn names() -> &'static [&'static str] {
        [P::names(), &["models", "profile"]].concat().leak()
    }

    fn set(&mut self, name: &str, value: &RawValue) -> Option<Result<(), Error>> {
        match name {
            "models" => return Some(self.set_models(value)),
            "profile" => {
                let profile = crate::json::from_str(value.get());
                return Some(profile.map(|profile| self.profile = profile));
            }
            _ => {}
        }
        let outcome = self.scratch.set(name, value)?;
        self.given.push((name.to_owned(), value.to_owned()));
        Some(outcome)
    }
}

fn apply<P: Options>(profile: &mut P, options: &str) {
    let members: Members<'_> = crate::json::from_str(options).unwrap_or_default();
    for (name, value) in members.iter() {
        set(profile, name, value);
    }
}

/// Sets an option that `configure` has accepted.
fn set<P: Options>(profile: &mut P, name: &str, value: &RawValue) {
    let accepted = matches!(profile.set(name, value), Some(Ok(())));
    debug_assert!(accepted, "{name} = {value}");
}

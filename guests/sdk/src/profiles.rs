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

    /// `profile`, the transformer's own, with what the layers say of it and of this model.
    pub fn of(&self, mut profile: P, model: &str) -> P {
        let model = model.to_ascii_lowercase();
        match &self.named {
            Some(named) => named.apply(&mut profile, &model),
            None => {
                let fit = self.models.iter();
                for (_, options) in fit.filter(|(key, _)| means(key, &model)) {
                    apply(&mut profile, options);
                }
            }
        }
        self.options.apply(&mut profile, &model);
        profile
    }
}

/// Whether a key of `models` means this model; both in lower case. It is the beginning of a name, with `$`
/// behind it the whole name, and one without a slash is compared with what stands behind the last slash.
fn means(key: &str, model: &str) -> bool {
    let name = match model.rsplit_once('/') {
        Some((_, short)) if !key.contains('/') => short,
        _ => model,
    };
    match key.strip_suffix('$') {
        Some(whole) => name == whole,
        None => name.starts_with(key),
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

/// Options as they are given: those of `P`, `models`, an object of beginnings of model names (or with `$`
/// behind them whole ones) and the options that hold for them, and `profile`, a name.
#[derive(Debug, Default)]
pub struct Overrides<P> {
    profile: String,
    given: Vec<(String, Box<RawValue>)>,
    /// The stronger behind the weaker: a longer beginning, then a whole name.
    models: Vec<(String, Box<RawValue>)>,
    /// Only to find out whether values fit.
    scratch: P,
}

impl<P: Options> Overrides<P> {
    fn apply(&self, profile: &mut P, model: &str) {
        for (name, value) in &self.given {
            set(profile, name, value);
        }
        for (key, options) in &self.models {
            if means(key, model) {
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
            self.models.push((model.to_ascii_lowercase(), options));
        }
        self.models
            .sort_by_key(|(key, _)| (key.ends_with('$'), key.len()));
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

#[cfg(test)]
mod tests {
    use super::means;

    #[test]
    fn a_key_is_a_beginning_or_with_a_dollar_sign_the_whole_name() {
        assert!(means("gpt-5", "gpt-5-mini"));
        assert!(means("gpt-5", "openai/gpt-5"));
        assert!(means("gpt-5$", "gpt-5"));
        assert!(means("gpt-5$", "openai/gpt-5"));
        assert!(!means("gpt-5$", "gpt-5-mini"));
    }

    #[test]
    fn a_key_with_a_slash_is_compared_with_the_whole_name() {
        assert!(means("z-ai/glm-4.5", "z-ai/glm-4.5-air"));
        assert!(means("z-ai/glm-4.5$", "z-ai/glm-4.5"));
        assert!(!means("z-ai/glm-4.5$", "other/glm-4.5"));
        assert!(!means("z-ai/glm-4.5$", "glm-4.5"));
    }
}

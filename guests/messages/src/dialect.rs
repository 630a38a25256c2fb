//! A provider's dialect: its profile, what differs by model, and what its errors mean.

use crate::error::{self, Meaning};
use crate::{Exchange, Profile};
use sdk::error::Said;
use sdk::profiles::{self, Carried, Layers};
use sdk::{Context, Failure, Manifest, Transformer};
use std::marker::PhantomData;

/// The options of a [`Messages`] transformer.
pub type Overrides = profiles::Overrides<Profile>;

/// What is special about a provider.
pub trait Dialect: 'static {
    /// The transformer's name.
    const NAME: &'static str;
    /// The transformer's version.
    const VERSION: &'static str;
    /// Beginnings of model names, each with options as a JSON object. A name is compared in lower
    /// case, after its last slash.
    const MODELS: Carried = &[];
    /// What the option `profile` can name, each with options as a JSON object, `models` among them. One that
    /// is named takes the place of [`Dialect::MODELS`].
    const PROFILES: Carried = &[];

    /// The profile of a model about which nothing is known.
    fn profile() -> Profile {
        Profile::default()
    }

    /// The failure for what the upstream said with this status, which is a 2xx for an error within an answer.
    fn failure(status: u16, said: &Said) -> Failure {
        error::usual(status, said)
    }
}

/// The transformer of a dialect.
pub struct Messages<D> {
    layers: Layers<Profile>,
    dialect: PhantomData<D>,
}

impl<D: Dialect> Transformer for Messages<D> {
    type Options = Overrides;
    type Exchange = Exchange;

    fn configure(options: Overrides) -> Result<(Self, Manifest), Vec<String>> {
        let layers = Layers::new(D::NAME, D::PROFILES, D::MODELS, options)?;
        let mut manifest = sdk::manifest(D::NAME, D::VERSION);
        manifest.auth = Some(layers.of(D::profile(), "").key.auth());
        let messages = Self {
            layers,
            dialect: PhantomData,
        };
        Ok((messages, manifest))
    }

    fn exchange(&self, context: Context) -> Exchange {
        let profile = self.layers.of(D::profile(), &context.model);
        let meaning = Meaning::new(&profile, D::failure);
        Exchange::new(context, profile, meaning)
    }
}

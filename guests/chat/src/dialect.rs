//! A provider's dialect: its profile, what differs by model, and what the configuration overrides.

mod cerebras;

pub use cerebras::Cerebras;

use crate::{Exchange, Profile};
use sdk::profiles::{self, Carried, Layers};
use sdk::{Context, Manifest, Transformer};
use std::marker::PhantomData;

/// The options of a [`Chat`] transformer.
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
    fn profile() -> Profile;
}

/// The transformer of a dialect.
pub struct Chat<D> {
    layers: Layers<Profile>,
    dialect: PhantomData<D>,
}

impl<D: Dialect> Transformer for Chat<D> {
    type Options = Overrides;
    type Exchange = Exchange;

    fn configure(options: Overrides) -> Result<(Self, Manifest), Vec<String>> {
        let chat = Self {
            layers: Layers::new(D::NAME, D::PROFILES, D::MODELS, options)?,
            dialect: PhantomData,
        };
        Ok((chat, sdk::manifest(D::NAME, D::VERSION)))
    }

    fn exchange(&self, context: Context) -> Exchange {
        let profile = self.layers.of(D::profile(), &context.model);
        Exchange::new(context, profile)
    }
}

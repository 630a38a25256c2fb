//! The transformer `__NAME__`: OpenAI chat completions in the dialect of one provider.

use chat::{Chat, Dialect, Profile};

/// What is special about the provider.
pub struct Provider;

impl Dialect for Provider {
    const NAME: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn profile() -> Profile {
        Profile {
            images: false,
            ..Profile::default()
        }
    }
}

/// The transformer. Each member of the profile is an option of it.
pub type __TYPE__ = Chat<Provider>;

sdk::export!(__TYPE__);

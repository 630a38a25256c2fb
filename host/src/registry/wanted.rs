//! What a configuration asks of transformers. Knows no component and no file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use crate::config::{Config, Limits, Transformer, Trust};
use crate::wasm::Rejected;

/// What the current configuration asks of transformers.
#[derive(Clone, Default)]
pub struct Wanted {
    /// Name to the options of each provider that uses it.
    pub options: BTreeMap<String, BTreeSet<Bytes>>,
    /// The router component and its options.
    pub router: Option<(String, Bytes)>,
    /// Name to sha256.
    pub pins: BTreeMap<String, String>,
    /// Files need a pin.
    pub pinned_only: bool,
    /// A new generation that traps on so many different requests is taken back; 0: never.
    pub rollback_after: usize,
    /// For the smoke calls of `configure`.
    pub limits: Arc<Limits>,
}

impl Wanted {
    /// Of a configuration.
    pub fn of(config: &Config) -> Self {
        let mut options: BTreeMap<String, BTreeSet<Bytes>> = BTreeMap::new();
        for provider in &config.providers {
            let Transformer::Chain(stages) = &provider.transformer else {
                continue;
            };
            for stage in stages {
                options
                    .entry(stage.name.clone())
                    .or_default()
                    .insert(stage.options.clone());
            }
        }
        Self {
            options,
            router: config
                .router
                .component
                .clone()
                .map(|name| (name, config.router.component_options.clone())),
            pins: config.pins.clone(),
            pinned_only: config.trust == Trust::Pinned,
            rollback_after: config.rollback_after,
            limits: Arc::new(config.limits.clone()),
        }
    }
}

/// Whether the bytes of a file may run.
pub(crate) fn check_pin(name: &str, sha256: &str, wanted: &Wanted) -> Result<(), Rejected> {
    match wanted.pins.get(name) {
        Some(pinned) if pinned != sha256 => Err(Rejected::Pin {
            found: sha256.to_owned(),
            pinned: pinned.clone(),
        }),
        None if wanted.pinned_only => Err(Rejected::Unpinned {
            found: sha256.to_owned(),
        }),
        _ => Ok(()),
    }
}

//! The components that served an exchange: by the place and the sha256 that the service told.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use crate::chain::Pinned;
use crate::cli::guest::find;
use crate::recorder::Stage;
use crate::registry::{Generation, builtin};
use crate::wasm::{Component, Engine, sha256};

/// A component that is there.
pub(in crate::cli::guest) struct Found {
    pub(in crate::cli::guest) bytes: Vec<u8>,
    /// It is the one that served.
    pub(in crate::cli::guest) same: bool,
}

/// The component that served a stage; if its bytes are gone, the one of that name.
pub(in crate::cli::guest) fn find_of(
    stage: &Stage,
    transformers: Option<&Path>,
) -> anyhow::Result<Found> {
    let file = stage
        .path
        .as_ref()
        .and_then(|path| std::fs::read(path).ok());
    let by_name = || {
        find(&stage.name, transformers)
            .ok()
            .map(|(_, _, bytes)| bytes)
    };
    let mut first = None;
    let places = [file, by_name(), builtin(&stage.name).map(<[u8]>::to_vec)];
    for bytes in places.into_iter().flatten() {
        if sha256(&bytes) == stage.sha256 {
            return Ok(Found { bytes, same: true });
        }
        first.get_or_insert(bytes);
    }
    let bytes = first.with_context(|| {
        format!(
            "the transformer `{}` that served is not on this machine any more; put its file back, or name its folder with --transformers",
            stage.name
        )
    })?;
    Ok(Found { bytes, same: false })
}

/// Ready to run, with the options of its stage.
pub(in crate::cli::guest) fn pinned(
    engine: &Engine,
    stage: &Stage,
    bytes: &[u8],
) -> anyhow::Result<Pinned> {
    let component = Component::load(engine, None, &stage.name, bytes)?;
    Ok(Pinned {
        generation: Arc::new(Generation::for_tests(component)),
        options: stage.options.clone(),
    })
}

//! The pin of an added component: written into the configuration file, or shown for a person to write.

use std::path::{Path, PathBuf};

use crate::cli::rewrite::rewrite;
use crate::config::{Config, process_env, with_pin};

/// What became of the pin.
pub(super) enum Pinned {
    /// It is in this file now.
    Written(PathBuf),
    /// It was there before.
    Already(PathBuf),
    /// A person has to.
    ByHand {
        /// Where.
        place: String,
        /// What.
        lines: String,
        /// Why.
        why: String,
    },
}

/// Writes the pin, if that leaves the file a valid configuration that says the same otherwise.
pub(super) fn write(file: Option<&Path>, name: &str, sha256: &str) -> Pinned {
    let by_hand = |place: String, why: String| Pinned::ByHand {
        place,
        lines: format!("  pins: {{ \"{name}\": \"{sha256}\" }},"),
        why,
    };
    let Some(file) = file else {
        let why = "there is no configuration file yet".to_owned();
        return by_hand("the configuration, beside `providers`".to_owned(), why);
    };
    match edit(file, name, sha256) {
        Ok(true) => Pinned::Written(file.to_owned()),
        Ok(false) => Pinned::Already(file.to_owned()),
        Err(why) => by_hand(
            format!("{}, beside `providers`", file.display()),
            format!("{why:#}"),
        ),
    }
}

/// Whether the file had to be changed.
fn edit(file: &Path, name: &str, sha256: &str) -> anyhow::Result<bool> {
    // A link stays one: what it leads to is what is written.
    let file = file.canonicalize()?;
    let text = std::fs::read_to_string(&file)?;
    let loaded = Config::load(&file, &process_env)?;
    if loaded
        .config
        .pins
        .get(name)
        .is_some_and(|pin| pin == sha256)
    {
        return Ok(false);
    }
    let edited = with_pin(&text, name, sha256)?;
    rewrite(&file, &edited, |config| {
        config.pins.get(name).is_some_and(|pin| pin == sha256)
    })?;
    Ok(true)
}

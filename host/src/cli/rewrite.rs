//! Putting an edited text in the place of the configuration file, whole or not at all. Knows no setting.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use crate::config::{Config, process_env};

/// Replaces `file`, which keeps its permissions, if the text is a valid configuration that `says` what was wanted.
/// `file` must not be a link: what it leads to is what would have to be replaced.
///
/// Errors: why the file is as it was.
pub(super) fn rewrite(
    file: &Path,
    text: &str,
    says: impl FnOnce(&Config) -> bool,
) -> anyhow::Result<()> {
    let folder = file
        .parent()
        .context("invariant: a file lies in a folder")?;
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(text.as_bytes())?;
    let checked = Config::load(fresh.path(), &process_env).context("it would not be valid")?;
    anyhow::ensure!(says(&checked.config), "it would not say so");
    fresh
        .as_file()
        .set_permissions(std::fs::metadata(file)?.permissions())?;
    fresh.persist(file)?;
    Ok(())
}

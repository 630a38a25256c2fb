//! Where a transformer's bytes are: a file of the folder, else a built-in.

use std::borrow::Cow;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use super::builtin::{builtin, builtin_names};
use super::generation::{Generation, Origin};

/// What a look found.
pub(super) enum Found {
    /// These bytes.
    Bytes(Origin, Cow<'static, [u8]>),
    /// The file that the current generation came from is gone, and there is no built-in.
    Gone,
    /// Nothing, with a sentence.
    Nowhere(String),
}

/// A file that is being replaced by unlink and link is missing for a moment.
const MISSING_FOR: Duration = Duration::from_millis(300);

pub(super) fn find(dir: &Path, name: &str, current: Option<&Generation>) -> Found {
    let path = dir.join(format!("{name}.wasm"));
    let from_file = matches!(
        current.map(|generation| &generation.origin),
        Some(Origin::File(_))
    );
    let mut read = fs::read(&path);
    if from_file
        && read
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::NotFound)
    {
        std::thread::sleep(MISSING_FOR);
        read = fs::read(&path);
    }
    match read {
        Ok(bytes) => Found::Bytes(Origin::File(path), Cow::Owned(bytes)),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Found::Nowhere(format!("{} cannot be read: {error}", path.display()))
        }
        Err(_) => match builtin(name) {
            Some(bytes) => {
                if from_file {
                    tracing::warn!(
                        transformer = name,
                        "its file was removed; the built-in comes back"
                    );
                }
                Found::Bytes(Origin::Builtin, Cow::Borrowed(bytes))
            }
            None if current.is_some() => Found::Gone,
            None => {
                let known: Vec<_> = builtin_names().collect();
                let (path, known) = (path.display(), known.join(", "));
                Found::Nowhere(format!(
                    "there is no file {path} and no built-in of that name; built-ins are {known}"
                ))
            }
        },
    }
}

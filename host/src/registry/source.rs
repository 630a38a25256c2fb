//! Where a transformer's bytes are: a file of the folder, else a built-in.

use std::borrow::Cow;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use crate::config::nearest;

use super::builtin::{builtin, builtin_names};
use super::generation::{Generation, Origin};
use super::refusal::Refusal;

/// What a look found.
pub(super) enum Found {
    /// These bytes.
    Bytes(Origin, Cow<'static, [u8]>),
    /// The file that the current generation came from is gone, and there is no built-in.
    Gone,
    /// Nothing, and why.
    Nowhere(Refusal),
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
            let remedy = "make it readable for the user that transom runs as";
            let refusal = Refusal::of_file("its file cannot be read", remedy);
            Found::Nowhere(refusal.with_inside(format!("{}: {error}", path.display())))
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
            None => Found::Nowhere(missing(name, &path)),
        },
    }
}

fn missing(name: &str, path: &Path) -> Refusal {
    let known: Vec<_> = builtin_names().collect();
    let all = known.join(", ");
    let remedy = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`? Else put the file there"),
        None => format!("put the file there, or choose a built-in: {all}"),
    };
    let message = "there is no file and no built-in of that name";
    Refusal::of_file(message, remedy).with_inside(path.display().to_string())
}

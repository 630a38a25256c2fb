//! A token by which a service knows its own user: it lies in a file that nobody else can read. Loopback has
//! no users; without `api_key` every process of the machine can ask a service.
//!
//! A new one with each start, so that whoever once listened at the same port does not know it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::config::Secret;

/// The header that carries it.
pub(crate) const HEADER: &str = "x-transom-owner";

/// Where that of the service at a port lies, below the folder of its state.
fn file(state: &Path, port: u16) -> PathBuf {
    state.join("owner").join(port.to_string())
}

/// Makes the token of a service that begins to listen at this port.
///
/// Errors: the folder or the file cannot be written.
pub(crate) fn make(state: &Path, port: u16) -> io::Result<Secret> {
    let path = file(state, port);
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let token = format!("{:032x}{:032x}", half(&random[..16]), half(&random[16..]));
    // Never written into a file that was there: it may have been opened, or belong to another.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut fresh = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    fresh.write_all(token.as_bytes())?;
    Ok(Secret::new(token))
}

fn half(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .fold(0, |number, byte| (number << 8) | u128::from(*byte))
}

/// The token of the service at this port, if it is this user's.
pub(crate) fn read(state: &Path, port: u16) -> Option<Secret> {
    let token = fs::read_to_string(file(state, port)).ok()?;
    (!token.is_empty()).then(|| Secret::new(token))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn each_start_has_a_token_of_its_own_that_only_its_user_reads() {
        let state = tempfile::tempdir().unwrap();
        assert!(read(state.path(), 3456).is_none());
        let first = make(state.path(), 3456).unwrap();
        let second = make(state.path(), 3456).unwrap();
        assert_ne!(first.expose(), second.expose());
        let found = read(state.path(), 3456).unwrap();
        assert_eq!(found.expose(), second.expose());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file(state.path(), 3456)), 0o600);
        assert_eq!(mode(&state.path().join("owner")), 0o700);
        assert!(read(state.path(), 1).is_none());
    }
}

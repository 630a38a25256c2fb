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

/// The token of a service, whose file goes with it.
pub(crate) struct Token {
    secret: Secret,
    file: PathBuf,
}

impl Token {
    /// What a client of the same user presents.
    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        // A successor at the same port has written its own.
        if fs::read(&self.file).is_ok_and(|token| token == self.secret.expose().as_bytes()) {
            let _ = fs::remove_file(&self.file);
        }
    }
}

/// Makes the token of a service that begins to listen at this port.
///
/// Errors: the folder or the file cannot be written.
pub(crate) fn make(state: &Path, port: u16) -> io::Result<Token> {
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
    // Never written into a file that was there: it may have been opened, or belong to another. And that one
    // stays until this one is whole: its service may still run.
    let unfinished = path.with_extension(format!("{}.new", std::process::id()));
    let _ = fs::remove_file(&unfinished);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut fresh| fresh.write_all(token.as_bytes()))
        .and_then(|()| fs::rename(&unfinished, &path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written?;
    Ok(Token {
        secret: Secret::new(token),
        file: path,
    })
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
        assert_ne!(first.secret().expose(), second.secret().expose());
        drop(first);
        let found = read(state.path(), 3456).unwrap();
        assert_eq!(found.expose(), second.secret().expose());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file(state.path(), 3456)), 0o600);
        assert_eq!(mode(&state.path().join("owner")), 0o700);
        assert!(read(state.path(), 1).is_none());
        drop(second);
        assert!(
            read(state.path(), 3456).is_none(),
            "it went with its service"
        );
    }
}

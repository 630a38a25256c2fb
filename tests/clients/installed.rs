//! Where the pinned clients are, and what to do when they are not there.

use std::path::PathBuf;

use tokio::sync::{Semaphore, SemaphorePermit};

/// The folder that `tests/clients/install.sh` filled.
fn folder() -> PathBuf {
    let Some(folder) = std::env::var_os("TRANSOM_CLIENTS_DIR") else {
        panic!(
            "TRANSOM_CLIENTS_DIR is not set: run `just test-clients`, which installs the clients"
        );
    };
    PathBuf::from(folder)
}

/// A file of the installation.
fn file(path: &str) -> PathBuf {
    let file = folder().join(path);
    assert!(
        file.exists(),
        "{} is missing: run `tests/clients/install.sh {}`",
        file.display(),
        folder().display()
    );
    file
}

/// The Claude Code binary.
pub(super) fn claude() -> PathBuf {
    file("bin/claude")
}

/// A Python that has the SDK.
pub(super) fn python() -> PathBuf {
    file("python/bin/python")
}

/// The folder below which node finds the TypeScript SDK.
pub(super) fn node_modules() -> PathBuf {
    file("npm/node_modules")
}

/// The program of claude-code-router.
pub(super) fn ccr() -> PathBuf {
    file("ccr/node_modules/@musistudio/claude-code-router/dist/cli.js")
}

/// Clients run at once: each Claude Code takes most of a core and a few hundred megabytes.
pub(super) async fn turn_to_run() -> SemaphorePermit<'static> {
    static PLACES: Semaphore = Semaphore::const_new(3);
    PLACES.acquire().await.expect("never closed")
}

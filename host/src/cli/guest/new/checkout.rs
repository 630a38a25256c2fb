//! Makes a new crate a member of the workspace of guests: its manifest and its lock file, so that
//! `--locked` builds go on.

use std::path::Path;

use anyhow::{Context as _, bail};

/// Adds the crate `name`, which depends on these crates of the workspace.
pub(super) fn join(guests: &Path, name: &str, dependencies: &[&str]) -> anyhow::Result<()> {
    let (manifest, lock) = (guests.join("Cargo.toml"), guests.join("Cargo.lock"));
    let (old, packages) = (read(&manifest)?, read(&lock)?);
    let Some(members) = with_member(&old, name) else {
        bail!(
            "{} has no list `members = [`: make the folder elsewhere with --path",
            manifest.display()
        );
    };
    write(&lock, &with_package(&packages, name, dependencies))?;
    // A member without its folder would break every build in the workspace: the manifest is the last.
    write(&manifest, &members).inspect_err(|_| drop(write(&lock, &packages)))
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

/// The manifest with one more member, at the end of the list.
fn with_member(manifest: &str, name: &str) -> Option<String> {
    let list = manifest.find("members = [")?;
    let end = list + manifest[list..].find(']')?;
    let (before, after) = manifest.split_at(end);
    Some(format!("{before}, \"{name}\"{after}"))
}

/// The lock file with one more package, where cargo would put it.
fn with_package(lock: &str, name: &str, dependencies: &[&str]) -> String {
    const MARK: &str = "[[package]]\nname = \"";
    let mut sorted = dependencies.to_vec();
    sorted.sort_unstable();
    let listed = sorted.join("\",\n \"");
    let entry =
        format!("{MARK}{name}\"\nversion = \"0.1.0\"\ndependencies = [\n \"{listed}\",\n]\n\n");
    let mut starts = lock.match_indices(MARK).map(|(at, _)| at);
    let follows = |at: &usize| {
        let known = lock[at + MARK.len()..].split('"').next();
        known.is_some_and(|known| known > name)
    };
    match starts.find(follows) {
        Some(at) => format!("{}{entry}{}", &lock[..at], &lock[at..]),
        None => format!("{lock}\n{}\n", entry.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"c\"\nversion = \"1.0.0\"\n";

    #[test]
    fn a_member_is_added_at_the_end_of_the_list() {
        let manifest = "[workspace]\nmembers = [\"a\", \"c\"]\nresolver = \"3\"\n";
        let expected = "[workspace]\nmembers = [\"a\", \"c\", \"b\"]\nresolver = \"3\"\n";
        assert_eq!(with_member(manifest, "b").as_deref(), Some(expected));
        assert_eq!(with_member("[workspace]\n", "b"), None);
    }

    #[test]
    fn a_package_stands_in_order_of_name() {
        let entry = "[[package]]\nname = \"b\"\nversion = \"0.1.0\"\ndependencies = [\n \"fixtures\",\n \"sdk\",\n]\n";
        let locked = with_package(LOCK, "b", &["sdk", "fixtures"]);
        let (before, after) = LOCK.split_at(LOCK.rfind("[[package]]").unwrap());
        assert_eq!(locked, format!("{before}{entry}\n{after}"));
        let last = with_package(LOCK, "d", &["sdk"]);
        assert!(last.starts_with(LOCK) && last.ends_with("\n\n[[package]]\nname = \"d\"\nversion = \"0.1.0\"\ndependencies = [\n \"sdk\",\n]\n"), "{last}");
    }
}

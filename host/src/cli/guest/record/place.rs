//! Where cases go: the folder of a transformer's fixtures, a name that is free, files for their owner alone.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use bytes::Bytes;

use crate::cli::guest::cases::places;
use crate::cli::guest::dev::package::name_of;

/// The usual folder of a transformer's fixtures, where `guest test` looks from here: where they are already,
/// else where they belong.
pub(super) fn folder(name: &str) -> PathBuf {
    folder_in(Path::new(""), name)
}

/// The same for any folder as the current one; relative to it.
fn folder_in(here: &Path, name: &str) -> PathBuf {
    let is_there = |place: &Path| here.join(place).is_dir();
    let guest = |folder: &Path| name_of(&here.join(folder));
    let places = places(name);
    if let Some(found) = places.iter().find(|place| is_there(place)) {
        return found.clone();
    }
    let own = PathBuf::from("fixtures");
    match guest(Path::new(".")) {
        Some(here) if here == name => return own,
        // Another guest's folder is no place for these.
        Some(_) => return Path::new(name).join("fixtures"),
        None => {}
    }
    let sources = [Path::new("guests").join(name), PathBuf::from(name)];
    if let Some(found) = sources.iter().find(|folder| guest(folder).is_some()) {
        return found.join("fixtures");
    }
    let checkout = Path::new("tests/fixtures");
    if is_there(checkout) {
        checkout.join(name)
    } else if is_there(&own) {
        own
    } else {
        Path::new(name).join("fixtures")
    }
}

/// A name for a new case, and no other's.
///
/// Errors: the wanted name is taken, or is none.
pub(super) fn free_name(folder: &Path, wanted: Option<&str>) -> anyhow::Result<String> {
    let Some(wanted) = wanted else {
        let mut numbers = 1_u32..;
        let free = numbers.find_map(|number| {
            let name = format!("recorded-{number}");
            (!folder.join(&name).exists()).then_some(name)
        });
        return free.context("invariant: numbers do not run out");
    };
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if wanted.is_empty() || wanted.starts_with('.') || !wanted.chars().all(plain) {
        bail!("`{wanted}` is no name for a case; use letters, digits and hyphens");
    }
    let place = folder.join(wanted);
    if place.exists() {
        bail!(
            "{} exists already, and no case is overwritten; choose another --name",
            place.display()
        );
    }
    Ok(wanted.to_owned())
}

/// Writes a case that was not there. What was begun and failed is taken away again.
pub(super) fn write(case: &Path, files: &[(&'static str, Bytes)]) -> anyhow::Result<()> {
    if let Some(folder) = case.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    DirBuilder::new()
        .mode(0o700)
        .create(case)
        .with_context(|| format!("{} cannot be made", case.display()))?;
    let written = files.iter().try_for_each(|(name, content)| {
        let path = case.join(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("{} cannot be made", path.display()))?;
        file.write_all(content)
            .with_context(|| format!("{} cannot be written", path.display()))
    });
    if written.is_err() {
        drop(fs::remove_dir_all(case));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_numbered_and_none_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let files = [("case.json5", Bytes::from_static(b"{}"))];
        for expected in ["recorded-1", "recorded-2"] {
            let name = free_name(folder.path(), None).unwrap();
            assert_eq!(name, expected);
            write(&folder.path().join(name), &files).unwrap();
        }
        let error = free_name(folder.path(), Some("recorded-1")).unwrap_err();
        assert!(error.to_string().contains("exists already"), "{error}");
        for wrong in ["", "../up", "a/b", ".hidden"] {
            assert!(free_name(folder.path(), Some(wrong)).is_err(), "{wrong}");
        }
        assert!(write(&folder.path().join("recorded-1"), &files).is_err());
    }

    #[test]
    fn cases_go_where_a_test_by_name_looks_for_them() {
        let home = tempfile::tempdir().unwrap();
        let here = home.path();
        assert_eq!(folder_in(here, "acme"), Path::new("acme/fixtures"));
        fs::create_dir_all(here.join("acme")).unwrap();
        let manifest = "[package]\nname = \"acme\"\n";
        fs::write(here.join("acme/Cargo.toml"), manifest).unwrap();
        fs::create_dir(here.join("fixtures")).unwrap();
        assert_eq!(folder_in(here, "acme"), Path::new("acme/fixtures"));
        assert_eq!(folder_in(here, "other"), Path::new("fixtures"));
        let own = here.join("acme");
        assert_eq!(folder_in(&own, "acme"), Path::new("fixtures"));
        assert_eq!(folder_in(&own, "other"), Path::new("other/fixtures"));
        fs::create_dir_all(here.join("tests/fixtures")).unwrap();
        assert_eq!(folder_in(here, "other"), Path::new("tests/fixtures/other"));
    }

    #[test]
    fn files_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let case = folder.path().join("deep/case");
        write(&case, &[("case.json5", Bytes::new())]).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&case), 0o700);
        assert_eq!(mode(&case.join("case.json5")), 0o600);
    }
}

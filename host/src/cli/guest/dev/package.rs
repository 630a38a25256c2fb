//! The guest that is developed: where it is, what it is called, and what it is written in.

use std::path::{Path, PathBuf};

use super::{cargo, npm};
use crate::cli::guest::can_be_name;

/// A guest that can be built.
#[derive(Debug)]
pub(super) struct Package {
    /// Of the package, and of the component file.
    pub(super) name: String,
    lang: Lang,
    folder: PathBuf,
    /// What a build depends on.
    pub(super) folders: Vec<PathBuf>,
    /// Where its recorded exchanges may be.
    cases: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lang {
    Rust,
    JavaScript,
}

/// What a build gave.
pub(super) struct Built {
    /// The file.
    pub(super) component: PathBuf,
    /// How many the compiler had, of the guest and of the libraries beside it.
    pub(super) warnings: usize,
}

impl Package {
    /// By its folder, by its name in a checkout, or by its name in its own folder. Errors: a sentence with
    /// the remedy.
    pub(super) fn find(guest: &str) -> Result<Self, String> {
        let places = [PathBuf::from(guest), Path::new("guests").join(guest)];
        let found = places
            .into_iter()
            .find_map(|folder| Some((named(&folder)?, folder)));
        let here = || named(Path::new(".")).map(|found| (found, PathBuf::from(".")));
        let own = || here().filter(|((_, name), _)| name == guest);
        let Some(((lang, name), folder)) = found.or_else(own) else {
            let here = here().map_or_else(
                || "`transom guest new NAME` makes one".to_owned(),
                |((_, name), _)| {
                    format!("`transom guest dev .` takes `{name}`, whose folder this is")
                },
            );
            return Err(format!(
                "there is no guest in `{guest}` or `guests/{guest}` (a folder with a Cargo.toml, or with a package.json); {here}"
            ));
        };
        if !can_be_name(&name) {
            return Err(format!(
                "the package in {} is called `{name}`, which cannot be a transformer's name; give it one of letters, digits, - and _, at most 64 (not `anthropic`)",
                folder.display()
            ));
        }
        let folder = folder
            .canonicalize()
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        // In a checkout the libraries beside it are its sources too, and fixtures lie with the tests.
        let beside = folder.parent().filter(|parent| parent.join("sdk").is_dir());
        let shared = beside
            .and_then(Path::parent)
            .map(|root| root.join("tests/fixtures").join(&name));
        let cases: Vec<PathBuf> = [folder.join("fixtures")]
            .into_iter()
            .chain(shared)
            .collect();
        let libraries = ["sdk", "chat"]
            .iter()
            .filter_map(|library| Some(beside?.join(library)));
        let folders = [folder.clone()]
            .into_iter()
            .chain(libraries)
            .chain(cases.clone());
        Ok(Self {
            name,
            lang,
            folders: folders.filter(|folder| folder.is_dir()).collect(),
            folder,
            cases,
        })
    }

    /// Recorded exchanges, if there are any by now.
    pub(super) fn fixtures(&self) -> Option<PathBuf> {
        let holds_any = |folder: &&PathBuf| {
            std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
        };
        self.cases.iter().find(holds_any).cloned()
    }

    /// Builds quickly. Errors: one line; what the compiler says was printed before.
    pub(super) fn build(&self) -> anyhow::Result<Built> {
        match self.lang {
            Lang::Rust => cargo::build(&self.folder, &self.name),
            Lang::JavaScript => npm::build(&self.folder, &self.name),
        }
    }
}

/// What the guest of a folder is called, if there is one.
pub(in crate::cli::guest) fn name_of(folder: &Path) -> Option<String> {
    named(folder).map(|(_, name)| name)
}

/// The package of a folder, if it is one that a guest is built from.
fn named(folder: &Path) -> Option<(Lang, String)> {
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
    if let Some(manifest) = read("Cargo.toml") {
        return Some((Lang::Rust, cargo::name(&manifest)?));
    }
    Some((Lang::JavaScript, npm::name(&read("package.json")?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_package_is_refused_with_the_remedy() {
        let why = Package::find("no-such-guest").unwrap_err();
        // The tests run in the folder of a crate.
        assert!(why.contains("`transom guest dev .`"), "{why}");
    }

    #[test]
    fn the_name_is_the_packages_and_not_the_folders() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("elsewhere");
        std::fs::create_dir_all(folder.join("fixtures")).unwrap();
        let manifest = "[workspace]\n[package]\nname = \"acme\" # so\nversion = \"0.1.0\"\n";
        std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        let package = Package::find(&folder.to_string_lossy()).unwrap();
        assert_eq!((package.name.as_str(), package.lang), ("acme", Lang::Rust));
        assert_eq!(package.fixtures(), None, "an empty folder");
        std::fs::create_dir(folder.join("fixtures/one")).unwrap();
        assert!(package.fixtures().is_some(), "as soon as it is there");

        std::fs::remove_file(folder.join("Cargo.toml")).unwrap();
        std::fs::write(folder.join("package.json"), r#"{"name": "other"}"#).unwrap();
        let package = Package::find(&folder.to_string_lossy()).unwrap();
        assert_eq!(
            (package.name.as_str(), package.lang),
            ("other", Lang::JavaScript)
        );
        for name in ["@me/acme", "@me/../../acme", "", "anthropic"] {
            let manifest = format!(r#"{{"name": "{name}"}}"#);
            std::fs::write(folder.join("package.json"), manifest).unwrap();
            let why = Package::find(&folder.to_string_lossy()).unwrap_err();
            assert!(why.contains("cannot be a transformer's name"), "{why}");
        }
    }
}

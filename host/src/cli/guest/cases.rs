//! Which cases a command runs: where a guest's fixtures are, and which of them are asked for.

use std::path::{Path, PathBuf};

use crate::testing::{Case, cases_in};

/// Cases to run, and the folder they are of.
pub(super) struct Cases {
    pub(super) folder: PathBuf,
    pub(super) list: Vec<Case>,
}

impl Cases {
    /// Those of the folder that is named, else of where the fixtures of one of `names` usually are.
    ///
    /// Errors: a sentence with the remedy; never an empty list.
    pub(super) fn find(
        given: Option<&Path>,
        names: &[&str],
        only: Option<&str>,
    ) -> Result<Self, String> {
        let folder = match given {
            Some(folder) => folder.to_owned(),
            None => usual(names).ok_or_else(|| nowhere(names))?,
        };
        let mut list = cases_in(&folder).map_err(|error| format!("{error:#}"))?;
        if let Some(only) = only {
            list.retain(|case| case.name.contains(only));
            if list.is_empty() {
                let folder = folder.display();
                return Err(format!("no case of {folder} has `{only}` in its name"));
            }
        }
        Ok(Self { folder, list })
    }
}

/// Those of one of the names; in the folder of a guest its own.
fn usual(names: &[&str]) -> Option<PathBuf> {
    let named = names.iter().flat_map(|name| places(name));
    named
        .chain([PathBuf::from("fixtures")])
        .find(|folder| folder.is_dir())
}

/// Where a transformer's fixtures are, seen from a checkout (beside its sources, or among the tests) or from
/// the folder that its own folder is in.
pub(super) fn places(name: &str) -> [PathBuf; 3] {
    [
        Path::new("guests").join(name).join("fixtures"),
        Path::new("tests/fixtures").join(name),
        Path::new(name).join("fixtures"),
    ]
}

fn nowhere(names: &[&str]) -> String {
    let looked = names.iter().flat_map(|name| places(name));
    let mut looked: Vec<String> = looked.map(|path| path.display().to_string()).collect();
    looked.push("fixtures".to_owned());
    looked.dedup();
    format!(
        "there are no fixtures here (looked for {}); name their folder after the transformer",
        looked.join(", ")
    )
}

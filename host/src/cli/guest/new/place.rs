//! Where a scaffold goes: among the guests of a checkout, or anywhere else.

use std::path::{Path, PathBuf};

/// A folder that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `guests/NAME` of this checkout: a member of its workspace.
    Checkout {
        /// The `guests` folder.
        guests: PathBuf,
        /// The new folder.
        folder: PathBuf,
    },
    /// A folder of its own.
    Alone {
        /// The new folder.
        folder: PathBuf,
    },
}

impl Place {
    /// `given`, else `guests/NAME` in a checkout, else `NAME`, both below the current folder.
    /// Errors: something is there already.
    pub(super) fn of(name: &str, given: Option<&Path>) -> Result<Self, String> {
        let guests = Path::new("guests");
        let folder = match given {
            Some(folder) => folder.to_owned(),
            None if is_guests(guests) => guests.join(name),
            None => PathBuf::from(name),
        };
        free(&folder)?;
        let parent = folder.parent().unwrap_or(Path::new(""));
        let parent = if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        };
        // Below `guests` the folder must have the crate's name, or commands by name would not find it.
        let named = folder.file_name().is_some_and(|last| last == name);
        Ok(if named && is_guests(parent) {
            let guests = parent.to_owned();
            Place::Checkout { guests, folder }
        } else {
            Place::Alone { folder }
        })
    }

    /// `given`, else `NAME` below the current folder, also in a checkout.
    /// Errors: something is there already.
    pub(super) fn alone(name: &str, given: Option<&Path>) -> Result<Self, String> {
        let folder = given.unwrap_or(Path::new(name)).to_owned();
        free(&folder)?;
        Ok(Place::Alone { folder })
    }

    /// The new folder.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Place::Checkout { folder, .. } | Place::Alone { folder } => folder,
        }
    }
}

fn free(folder: &Path) -> Result<(), String> {
    if is_free(folder) {
        return Ok(());
    }
    Err(format!(
        "{} exists already: choose another name, or another folder with --path",
        folder.display()
    ))
}

/// Not there, or an empty folder.
fn is_free(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !folder.exists(),
    }
}

/// The workspace of guests in a checkout of transom.
fn is_guests(folder: &Path) -> bool {
    let there = |path: &str| folder.join(path).is_file();
    there("Cargo.toml") && there("sdk/Cargo.toml") && there("../wit/transformer/transformer.wit")
}

//! `transom guest new`: a folder with a transformer, or a router component, that builds, is tested, and does
//! one thing.

mod carried;
mod checkout;
mod javascript;
mod name;
mod place;
mod template;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::cli::{USAGE, term};
use name::Name;
use place::Place;
use template::Kind;

/// What a transformer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Lang {
    /// Rust: the SDK with everything, the fastest components
    Rust,
    /// JavaScript: near to a plugin of claude-code-router; needs node to build
    Js,
}

#[derive(Args)]
pub(in crate::cli) struct NewArgs {
    /// Its name: of the crate, of the component file, and in the configuration
    name: String,
    /// What it begins as
    #[arg(long, value_enum, default_value = "passthrough")]
    from: Kind,
    /// What it is written in
    #[arg(long, value_enum, default_value = "rust")]
    lang: Lang,
    /// The folder to make [default: guests/NAME in a checkout of transom if it is in Rust, else NAME]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

pub(super) fn run(args: &NewArgs) -> anyhow::Result<ExitCode> {
    let only_in_rust = match (args.lang, args.from) {
        (Lang::Js, Kind::Own) => Some(
            "there is no `own` in JavaScript; begin with --from openai, which has every step, or in Rust",
        ),
        (Lang::Js, Kind::Router) => Some(
            "there is no router component in JavaScript; begin in Rust, or with `router.rules`, which need no code",
        ),
        _ => None,
    };
    if let Some(why) = only_in_rust {
        term::fail(why);
        return Ok(ExitCode::from(USAGE));
    }
    let chosen = Name::new(&args.name).and_then(|name| Ok((place(args, &name)?, name)));
    let (place, name) = match chosen {
        Ok(chosen) => chosen,
        Err(problem) => {
            term::fail(&problem);
            return Ok(ExitCode::from(USAGE));
        }
    };
    let folder = place.folder();
    let files = match args.lang {
        Lang::Rust => template::files(&name, args.from, &place),
        Lang::Js => javascript::files(&name, args.from),
    };
    if let Err(error) = write(folder, &files).and_then(|()| join(&place, &name, args.from)) {
        // It was not there before, or was empty: what is half made is of no use.
        drop(fs::remove_dir_all(folder));
        return Err(error);
    }
    term::show(&match args.lang {
        Lang::Rust => told(&name, args.from, &place, files.len()),
        Lang::Js => javascript::told(&name, folder, files.len()),
    });
    Ok(ExitCode::SUCCESS)
}

/// The workspace of a checkout is one of crates: what is not in Rust stands alone.
fn place(args: &NewArgs, name: &Name) -> Result<Place, String> {
    match args.lang {
        Lang::Rust => Place::of(name.get(), args.path.as_deref()),
        Lang::Js => Place::alone(name.get(), args.path.as_deref()),
    }
}

fn write(folder: &Path, files: &[(String, String)]) -> anyhow::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .with_context(|| format!("{} cannot be made", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

fn join(place: &Place, name: &Name, kind: Kind) -> anyhow::Result<()> {
    match place {
        Place::Checkout { guests, .. } => checkout::join(guests, name.get(), &kind.crates()),
        Place::Alone { .. } => Ok(()),
    }
}

/// What was made and the next three commands.
fn told(name: &Name, kind: Kind, place: &Place, files: usize) -> String {
    let (folder, name) = (place.folder().display(), name.get());
    match place {
        Place::Checkout { .. } => format!(
            "made {folder} and added it to the workspace; write in {folder}/src/lib.rs, then:\n\n  \
             just test-guest {name}\n  \
             just guest {name}\n  \
             transom guest list\n"
        ),
        Place::Alone { .. } => format!(
            "made {folder} ({files} files, most of them the SDK in {vendor}); write in {folder}/src/lib.rs, then:\n\n  \
             cd {folder} && cargo test --target host-tuple\n  \
             {build}\n",
            vendor = carried::FOLDER,
            build = match kind {
                Kind::Router => "cargo build --release".to_owned(),
                Kind::Passthrough | Kind::Openai | Kind::Own => format!(
                    "cargo build --profile guest-dev\n  \
                     transom guest test target/wasm32-wasip2/guest-dev/{name}.wasm fixtures"
                ),
            },
        ),
    }
}

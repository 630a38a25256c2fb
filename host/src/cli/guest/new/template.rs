//! The files of a scaffold, as text with `__NAME__` and `__TYPE__` in it.

use clap::ValueEnum;

use super::name::Name;
use super::{carried, place::Place};

/// What a new transformer begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Kind {
    /// The provider speaks the Messages API: one member of the request is changed
    Passthrough,
    /// The provider speaks chat completions in a dialect of its own
    Openai,
    /// The provider's format is its own: each step is there, for an invented one
    Own,
    /// No transformer: a router component, asked where each request goes
    Router,
}

/// Path in the scaffold, and text.
pub(super) type File = (&'static str, &'static str);

macro_rules! files {
    ($folder:literal: $($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("template/", $folder, "/", $path)))),*]
    };
}

const PASSTHROUGH: &[File] = files!["passthrough":
    "fixtures/answer-passes-by/case.json5",
    "fixtures/answer-passes-by/response.client.sse",
    "fixtures/answer-passes-by/response.upstream.sse",
    "fixtures/temperature-is-set/case.json5",
    "fixtures/temperature-is-set/request.client.json",
    "fixtures/temperature-is-set/request.upstream.json",
];

const OPENAI: &[File] = files!["openai":
    "fixtures/images-become-a-placeholder/case.json5",
    "fixtures/images-become-a-placeholder/request.client.json",
    "fixtures/images-become-a-placeholder/request.upstream.json",
    "fixtures/text-stream/case.json5",
    "fixtures/text-stream/response.client.sse",
    "fixtures/text-stream/response.upstream.sse",
];

const OWN: &[File] = files!["own":
    "fixtures/error-has-its-words/case.json5",
    "fixtures/error-has-its-words/response.client.json",
    "fixtures/error-has-its-words/response.upstream.json",
    "fixtures/request-becomes-a-prompt/case.json5",
    "fixtures/request-becomes-a-prompt/request.client.json",
    "fixtures/request-becomes-a-prompt/request.upstream.json",
    "fixtures/text-stream/case.json5",
    "fixtures/text-stream/response.client.sse",
    "fixtures/text-stream/response.upstream.sse",
];

impl Kind {
    /// The crates of `guests/` that it is built on.
    fn dependencies(self) -> &'static [&'static str] {
        match self {
            Kind::Passthrough | Kind::Own | Kind::Router => &["sdk"],
            Kind::Openai => &["chat", "sdk"],
        }
    }

    /// What runs its tests, if it is more than cargo.
    fn dev_dependencies(self) -> &'static [&'static str] {
        match self {
            Kind::Passthrough | Kind::Own | Kind::Openai => &["fixtures"],
            Kind::Router => &[],
        }
    }

    /// Both.
    pub(super) fn crates(self) -> Vec<&'static str> {
        [self.dependencies(), self.dev_dependencies()].concat()
    }

    fn source(self) -> &'static str {
        match self {
            Kind::Passthrough => include_str!("template/passthrough/lib.rs"),
            Kind::Openai => include_str!("template/openai/lib.rs"),
            Kind::Own => include_str!("template/own/lib.rs"),
            Kind::Router => include_str!("template/router/lib.rs"),
        }
    }

    pub(super) fn fixtures(self) -> &'static [File] {
        match self {
            Kind::Passthrough => PASSTHROUGH,
            Kind::Openai => OPENAI,
            Kind::Own => OWN,
            Kind::Router => &[],
        }
    }

    fn what(self) -> &'static str {
        match self {
            Kind::Router => "Router component",
            Kind::Passthrough | Kind::Openai | Kind::Own => "Transformer",
        }
    }

    /// The end of the base URL in the example: chat completions are usually below `/v1`.
    pub(super) fn base(self) -> &'static str {
        match self {
            Kind::Passthrough => "/anthropic",
            Kind::Openai | Kind::Own | Kind::Router => "/v1",
        }
    }
}

/// All files: path below the scaffold's folder, and text.
pub(super) fn files(name: &Name, kind: Kind, place: &Place) -> Vec<(String, String)> {
    let mut files = vec![("src/lib.rs", kind.source())];
    if kind != Kind::Router {
        let test = include_str!("template/fixtures_test.rs");
        files.push(("tests/fixtures.rs", test));
    }
    files.extend(kind.fixtures());
    files.extend(about(kind, place));
    let type_name = name.type_name();
    let dependencies = listed(kind.dependencies(), place);
    let dev_dependencies = match listed(kind.dev_dependencies(), place) {
        none if none.is_empty() => none,
        listed => format!("\n[dev-dependencies]\n{listed}\n"),
    };
    let filled = |text: &str| {
        text.replace("__NAME__", name.get())
            .replace("__TYPE__", &type_name)
            .replace("__BASE__", kind.base())
            .replace("__WHAT__", kind.what())
            .replace("__DEV_DEPENDENCIES__", &dev_dependencies)
            .replace("__DEPENDENCIES__", &dependencies)
    };
    let mut files: Vec<(String, String)> = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), filled(text)))
        .collect();
    if matches!(place, Place::Alone { .. }) {
        files.extend(surroundings(kind));
        let manifest = files.iter_mut().find(|(path, _)| path == "Cargo.toml");
        if let Some((_, manifest)) = manifest {
            manifest.push_str(carried::profiles());
        }
    }
    files
}

/// The manifest, and what tells a reader how to go on.
fn about(kind: Kind, place: &Place) -> [File; 2] {
    let (manifest, readme) = match (place, kind) {
        (Place::Checkout { .. }, Kind::Router) => (
            include_str!("template/member.Cargo.toml"),
            include_str!("template/README.router.member.md"),
        ),
        (Place::Checkout { .. }, _) => (
            include_str!("template/member.Cargo.toml"),
            include_str!("template/README.member.md"),
        ),
        (Place::Alone { .. }, Kind::Router) => (
            include_str!("template/alone.Cargo.toml"),
            include_str!("template/README.router.md"),
        ),
        (Place::Alone { .. }, _) => (
            include_str!("template/alone.Cargo.toml"),
            include_str!("template/README.md"),
        ),
    };
    [("Cargo.toml", manifest), ("README.md", readme)]
}

/// Crates as a manifest there names them, one a line.
fn listed(crates: &[&str], place: &Place) -> String {
    let lines = crates.iter().map(|name| match place {
        Place::Checkout { .. } => format!("{name}.workspace = true"),
        Place::Alone { .. } => {
            let folder = carried::FOLDER;
            format!("{name} = {{ path = \"{folder}/guests/{name}\" }}")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What a checkout has and a scaffold alone needs: the SDK, known good versions, settings.
fn surroundings(kind: Kind) -> Vec<(String, String)> {
    let crates = kind.crates();
    let mut files: Vec<(String, String)> = carried::sources(&crates)
        .into_iter()
        .map(|(path, text)| (format!("{}/{path}", carried::FOLDER), text))
        .collect();
    for (path, text) in [
        (".cargo/config.toml", include_str!("template/config.toml")),
        (".clippy.toml", carried::text("guests/.clippy.toml")),
        (".gitignore", "/target\n"),
        ("Cargo.lock", carried::text("guests/Cargo.lock")),
    ] {
        files.push((path.to_owned(), text.to_owned()));
    }
    files
}

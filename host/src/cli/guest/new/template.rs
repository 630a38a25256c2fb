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
    /// The crates of `guests/` that it is built on, beside `fixtures`, which runs its tests.
    pub(super) fn dependencies(self) -> &'static [&'static str] {
        match self {
            Kind::Passthrough | Kind::Own => &["sdk"],
            Kind::Openai => &["chat", "sdk"],
        }
    }

    fn source(self) -> &'static str {
        match self {
            Kind::Passthrough => include_str!("template/passthrough/lib.rs"),
            Kind::Openai => include_str!("template/openai/lib.rs"),
            Kind::Own => include_str!("template/own/lib.rs"),
        }
    }

    pub(super) fn fixtures(self) -> &'static [File] {
        match self {
            Kind::Passthrough => PASSTHROUGH,
            Kind::Openai => OPENAI,
            Kind::Own => OWN,
        }
    }

    /// The end of the base URL in the example: chat completions are usually below `/v1`.
    pub(super) fn base(self) -> &'static str {
        match self {
            Kind::Passthrough => "/anthropic",
            Kind::Openai | Kind::Own => "/v1",
        }
    }
}

/// All files: path below the scaffold's folder, and text.
pub(super) fn files(name: &Name, kind: Kind, place: &Place) -> Vec<(String, String)> {
    let own = [
        ("src/lib.rs", kind.source()),
        (
            "tests/fixtures.rs",
            include_str!("template/fixtures_test.rs"),
        ),
    ];
    let mut files = Vec::from(own);
    files.extend(kind.fixtures());
    files.extend(match place {
        Place::Checkout { .. } => [
            ("Cargo.toml", include_str!("template/member.Cargo.toml")),
            ("README.md", include_str!("template/README.member.md")),
        ],
        Place::Alone { .. } => [
            ("Cargo.toml", include_str!("template/alone.Cargo.toml")),
            ("README.md", include_str!("template/README.md")),
        ],
    });
    let type_name = name.type_name();
    let dependencies: Vec<String> = kind
        .dependencies()
        .iter()
        .map(|dependency| match place {
            Place::Checkout { .. } => format!("{dependency}.workspace = true"),
            Place::Alone { .. } => {
                let folder = carried::FOLDER;
                format!("{dependency} = {{ path = \"{folder}/guests/{dependency}\" }}")
            }
        })
        .collect();
    let filled = |text: &str| {
        text.replace("__NAME__", name.get())
            .replace("__TYPE__", &type_name)
            .replace("__BASE__", kind.base())
            .replace("__DEPENDENCIES__", &dependencies.join("\n"))
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

/// What a checkout has and a scaffold alone needs: the SDK, known good versions, settings.
fn surroundings(kind: Kind) -> Vec<(String, String)> {
    let crates = [kind.dependencies(), &["fixtures"]].concat();
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

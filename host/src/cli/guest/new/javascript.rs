//! The files of a scaffold in JavaScript: a folder of its own, also in a checkout.

use std::path::Path;

use super::carried;
use super::name::Name;
use super::template::{File, Kind};

macro_rules! shared {
    ($($case:literal: $($file:literal),*;)*) => {
        &[$($((
            concat!("fixtures/", $case, "/", $file),
            include_str!(concat!("../../../../../tests/fixtures/cerebras/", $case, "/", $file)),
        )),*),*]
    };
}

/// Fixtures of the conversion that a scaffold begins with.
const CONVERSION: &[File] = shared![
    "request-tool-turn": "case.json5", "request.client.json", "request.upstream.json";
    "whole-call-in-one-delta": "case.json5", "response.client.sse", "response.upstream.sse";
];

/// Where the conversion finds the SDK: in a checkout, and in a scaffold.
const IMPORTS: (&str, &str) = (
    "from \"../sdk/sdk.js\"",
    "from \"./vendor/transom/guests/js/sdk/sdk.js\"",
);

/// All files: path below the scaffold's folder, and text.
pub(super) fn files(name: &Name, kind: Kind) -> Vec<(String, String)> {
    let mut own: Vec<(&str, String)> = vec![
        (
            "package.json",
            include_str!("template/js/package.json").into(),
        ),
        ("README.md", include_str!("template/js/README.md").into()),
        (".gitignore", "/node_modules\n/*.wasm\n".into()),
    ];
    let fixtures = match kind {
        // `new` refuses it for JavaScript before.
        Kind::Passthrough | Kind::Own | Kind::Router => {
            let source = include_str!("template/js/transformer.js");
            own.push(("transformer.js", source.into()));
            kind.fixtures()
        }
        Kind::Openai => {
            own.extend(carried::conversion().map(|(path, text)| (path, adapted(text))));
            CONVERSION
        }
    };
    own.extend(
        fixtures
            .iter()
            .map(|(path, text)| (*path, (*text).to_owned())),
    );
    let filled = |text: &str| {
        text.replace("__NAME__", name.get())
            .replace("__BASE__", kind.base())
    };
    let own = own
        .iter()
        .map(|(path, text)| ((*path).to_owned(), filled(text)));
    let vendored = carried::for_javascript()
        .map(|(path, text)| (format!("{}/{path}", carried::FOLDER), text.to_owned()));
    own.chain(vendored).collect()
}

/// The conversion as a transformer of another name.
fn adapted(text: &str) -> String {
    text.replace(IMPORTS.0, IMPORTS.1)
        .replace("name: \"cerebras\"", "name: \"__NAME__\"")
}

/// What was made and the next three commands.
pub(super) fn told(name: &Name, folder: &Path, files: usize) -> String {
    let (folder, name, vendor) = (folder.display(), name.get(), carried::FOLDER);
    format!(
        "made {folder} ({files} files, most of them the SDK in {vendor}); write in {folder}/transformer.js, then:\n\n  \
         cd {folder} && npm install\n  \
         npm run build\n  \
         transom guest test {name}.wasm fixtures\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sources_import_is_there() {
        for kind in [Kind::Passthrough, Kind::Openai] {
            let files = files(&Name::new("acme").unwrap(), kind);
            let there = |path: &str| files.iter().any(|(known, _)| known == path);
            for (path, text) in &files {
                if Path::new(path).extension().is_none_or(|kind| kind != "js") {
                    continue;
                }
                let folder = Path::new(path).parent().unwrap().to_str().unwrap();
                for import in text.split("from \"./").skip(1) {
                    let import = import.split('"').next().unwrap();
                    let wanted = format!("{folder}/{import}");
                    assert!(there(wanted.trim_start_matches('/')), "{path}: {wanted}");
                }
                assert!(!text.contains("from \"../"), "{path}");
                assert!(!text.contains("__NAME__"), "{path}");
            }
            assert!(there("vendor/transom/wit/transformer/transformer.wit"));
            assert!(there("vendor/transom/LICENSE"));
        }
    }
}

//! The guides show what is built: each block of JavaScript in them stands in the file that is named before it.

use std::path::Path;

use crate::harness::host::Builder;

mod commands;

const GUIDES: [&str; 2] = ["docs/porting-from-ccr.md", "docs/transformers.md"];

fn read(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Each block in a language, with the line before it.
fn blocks_of<'a>(guide: &'a str, language: &str) -> Vec<(&'a str, String)> {
    let lines: Vec<&str> = guide.lines().collect();
    let fence = format!("```{language}");
    let begins = |at: &usize| lines[*at].trim() == fence;
    (0..lines.len())
        .filter(begins)
        .map(|at| {
            let block = lines[at + 1..]
                .iter()
                .take_while(|line| line.trim() != "```");
            let block: Vec<&str> = block.copied().collect();
            (lines[at - 1], block.join("\n"))
        })
        .collect()
}

#[test]
fn javascript_in_the_guides_is_that_of_files_which_are_built() {
    let mut shown = 0;
    for guide in GUIDES {
        for (before, block) in blocks_of(&read(guide), "js") {
            let path = before
                .strip_prefix("<!-- ")
                .and_then(|rest| rest.strip_suffix(" -->"));
            let path = path.unwrap_or_else(|| panic!("{guide}: no file is named before\n{block}"));
            assert!(
                read(path).contains(&block),
                "{guide}: not in {path}:\n{block}"
            );
            shown += 1;
        }
    }
    assert!(shown >= 6, "only {shown} blocks");
}

#[test]
fn a_scaffold_in_javascript_carries_all_it_needs() {
    let home = tempfile::TempDir::new().expect("a temporary folder");
    for kind in ["passthrough", "openai"] {
        let name = format!("from_{kind}");
        let mut new =
            Builder::new().command(&["guest", "new", &name, "--lang", "js", "--from", kind]);
        let new = new.current_dir(home.path()).output().expect("transom runs");
        assert!(new.status.success(), "{new:?}");
        let said = String::from_utf8_lossy(&new.stdout).into_owned();
        assert!(said.contains("npm run build"), "{said}");
        for path in [
            "transformer.js",
            "package.json",
            "README.md",
            "vendor/transom/guests/js/sdk/sdk.js",
            "vendor/transom/wit/transformer/transformer.wit",
            "vendor/transom/docs/porting-from-ccr.md",
        ] {
            assert!(
                home.path().join(&name).join(path).is_file(),
                "{name}/{path}"
            );
        }
        let fixtures = home.path().join(&name).join("fixtures");
        assert_eq!(std::fs::read_dir(fixtures).expect("fixtures").count(), 2);
    }
}

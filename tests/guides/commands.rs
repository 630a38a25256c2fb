//! The pages on providers, the virtual machine and troubleshooting: their configurations hold, their commands exist, and
//! the files for machines carry the same script.

use std::collections::BTreeSet;

use super::{blocks_of, read};
use crate::harness::host::Builder;

const PAGES: [&str; 4] = [
    "docs/providers.md",
    "docs/technical.md",
    "docs/troubleshooting.md",
    "docs/vm.md",
];

/// Programs that are not ours, and that the pages may show.
const FOREIGN: [&str; 16] = [
    ".",
    "cd",
    "claude",
    "curl",
    "journalctl",
    "limactl",
    "loginctl",
    "orb",
    "printf",
    "sha256sum",
    "sudo",
    "systemctl",
    "tar",
    "eval",
    "export",
    "tail",
];

#[test]
fn configurations_in_the_pages_have_no_problem() {
    let mut shown = 0;
    for page in PAGES {
        for (_, block) in blocks_of(&read(page), "json5") {
            holds(page, &block);
            shown += 1;
        }
    }
    assert!(shown >= 4, "only {shown} blocks");
    holds("config/vm/config.json5", &read("config/vm/config.json5"));
}

fn holds(name: &str, config: &str) {
    let builder = Builder::new();
    let file = builder.transformers().join("config.json5");
    std::fs::write(&file, config).expect("a file in a fresh folder");
    let file = file.display().to_string();
    let mut check = builder.unconfigured(&["check", "--json", "--config", &file]);
    let output = check.output().expect("transom runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{name}: {said}\nin this configuration:\n{config}"
    );
}

#[test]
fn commands_in_the_pages_exist() {
    let recipes = read("justfile");
    let installer = read("config/vm/install.sh");
    let mut ours = 0;
    for page in PAGES {
        for (_, block) in blocks_of(&read(page), "sh") {
            for command in block.lines().flat_map(|line| line.split("&&")) {
                let words: Vec<&str> = command
                    .split('#')
                    .next()
                    .unwrap_or_default()
                    .split_whitespace()
                    .collect();
                match words.as_slice() {
                    ["transom", arguments @ ..] => {
                        knows(page, arguments);
                        ours += 1;
                    }
                    ["sudo", "just", recipe, ..] | ["just", recipe, ..] => {
                        let named = |line: &str| line.split([' ', ':']).next() == Some(recipe);
                        assert!(recipes.lines().any(named), "{page}: no recipe {recipe}");
                    }
                    ["./install.sh", options @ ..] => {
                        for option in options.iter().filter(|word| word.starts_with("--")) {
                            assert!(
                                installer.contains(&format!(" {option})")),
                                "{page}: {option}"
                            );
                        }
                    }
                    [program, ..] => {
                        assert!(FOREIGN.contains(program), "{page}: {program}?");
                    }
                    [] => {}
                }
            }
        }
    }
    assert!(ours >= 3, "only {ours} commands of ours");
}

/// Asks the program for help with the command, which names its options.
fn knows(page: &str, arguments: &[&str]) {
    let of_command =
        |word: &&&str| !word.starts_with('-') && word.chars().all(|c| c.is_ascii_lowercase());
    let (path, rest): (Vec<_>, Vec<_>) = {
        let path: Vec<&str> = arguments.iter().take_while(of_command).copied().collect();
        let rest = arguments[path.len()..].to_vec();
        (path, rest)
    };
    let mut asked = path.clone();
    asked.push("--help");
    let help = Builder::new()
        .unconfigured(&asked)
        .output()
        .expect("transom runs");
    assert!(help.status.success(), "{page}: transom {}", path.join(" "));
    let help = String::from_utf8_lossy(&help.stdout);
    for option in rest.iter().filter(|word| word.starts_with('-')) {
        assert!(
            help.contains(option),
            "{page}: {option} of transom {}",
            path.join(" ")
        );
    }
}

#[test]
fn files_for_machines_carry_the_script_of_the_first_boot() {
    let script = read("config/vm/first-boot.sh");
    for file in ["config/vm/cloud-init.yaml", "config/vm/lima.yaml"] {
        let text = read(file);
        for line in script.lines() {
            let line = if line.is_empty() {
                String::new()
            } else {
                format!("      {line}")
            };
            assert!(
                text.lines().any(|carried| carried == line),
                "{file}: {line}"
            );
        }
    }
}

#[test]
fn the_pages_are_linked_from_the_first_one() {
    let readme = read("README.md");
    let missing: BTreeSet<_> = PAGES
        .iter()
        .filter(|page| !readme.contains(**page))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

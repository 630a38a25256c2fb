//! Locates the built-in components; it never builds them. Lists the sources that scaffolds of
//! transformers carry.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const BUILTIN: [&str; 8] = [
    "cerebras",
    "compatible",
    "gemini",
    "ollama",
    "openai",
    "responses",
    "shout",
    "zai",
];

/// What `guest new` writes beside a scaffold, so that it builds anywhere: files, and folders of
/// sources.
const CARRIED: [&str; 18] = [
    "guests/.clippy.toml",
    "guests/Cargo.lock",
    "guests/Cargo.toml",
    "guests/chat/Cargo.toml",
    "guests/chat/src",
    "guests/fixtures/Cargo.toml",
    "guests/fixtures/src",
    "guests/js/cerebras",
    "guests/js/sdk",
    "guests/sdk/Cargo.toml",
    "guests/sdk/src",
    "docs/config.md",
    "docs/porting-from-ccr.md",
    "docs/transformers.md",
    "tests/fixtures/README.md",
    "wit/router/router.wit",
    "wit/transformer/transformer.wit",
    "LICENSE",
];

fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let built = root.join("../guests/target/wasm32-wasip2/release");
    for name in BUILTIN {
        let path = built.join(format!("{name}.wasm"));
        println!("cargo::rerun-if-changed={}", path.display());
        match path.canonicalize() {
            Ok(path) => println!(
                "cargo::rustc-env=TRANSOM_GUEST_{}={}",
                name.to_uppercase(),
                path.display()
            ),
            Err(_) => println!(
                "cargo::error=the built-in component `{name}` is not built: run `just guests`"
            ),
        }
    }
    carry(&root.join(".."));
    println!("cargo::rerun-if-changed=build.rs");
}

/// Writes `carried.rs`: path in the checkout and text of each file, in order of path.
fn carry(checkout: &Path) {
    let mut files = Vec::new();
    for carried in CARRIED {
        println!(
            "cargo::rerun-if-changed={}",
            checkout.join(carried).display()
        );
        collect(checkout, carried, &mut files);
    }
    files.sort();
    let mut list = String::from("[\n");
    for file in &files {
        match checkout.join(file).canonicalize() {
            Ok(path) => {
                let path = path.display().to_string();
                writeln!(list, "    ({file:?}, include_str!({path:?})),")
                    .expect("a string takes it");
            }
            Err(error) => println!("cargo::error={file}, which scaffolds carry: {error}"),
        }
    }
    list.push(']');
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it"));
    std::fs::write(out.join("carried.rs"), list).expect("OUT_DIR is cargo's, and ours to write");
}

/// A file as it is; of a folder the sources in Rust and JavaScript, at any depth.
fn collect(checkout: &Path, path: &str, files: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(checkout.join(path)) else {
        files.push(path.to_owned());
        return;
    };
    for entry in entries.flatten() {
        let (name, inside) = (entry.file_name(), entry.path());
        if inside.is_dir()
            || inside
                .extension()
                .is_some_and(|kind| kind == "rs" || kind == "js")
        {
            collect(
                checkout,
                &format!("{path}/{}", name.to_string_lossy()),
                files,
            );
        }
    }
}

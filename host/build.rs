//! Locates the built-in components; it never builds them.

use std::path::PathBuf;

const BUILTIN: [&str; 4] = ["cerebras", "openai", "shout", "zai"];

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
    println!("cargo::rerun-if-changed=build.rs");
}

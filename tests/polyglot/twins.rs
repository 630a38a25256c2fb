//! A twin passes all fixtures of the guest in Rust.

use super::installed::{checkout, file, passed};

#[track_caller]
fn passes_all(component: &str, fixtures: &str) {
    let fixtures = checkout(fixtures);
    let entries = std::fs::read_dir(&fixtures).expect("a folder of fixtures");
    let cases = entries
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_dir()))
        .count();
    assert_eq!(passed(&file(component), &fixtures), cases);
}

#[test]
fn the_twin_in_javascript_does_what_the_fixtures_of_cerebras_say() {
    passes_all("cerebras.wasm", "tests/fixtures/cerebras");
}

#[test]
fn the_twin_in_python_does_what_the_fixtures_of_zai_say() {
    passes_all("zai.wasm", "tests/fixtures/zai");
}

#[test]
fn the_ported_plugin_does_what_its_fixtures_say() {
    passes_all("ported.wasm", "guests/js/ported/fixtures");
}

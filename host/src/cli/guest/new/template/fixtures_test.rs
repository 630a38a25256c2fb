//! The recorded exchanges in `fixtures/`, run natively.
#![cfg(not(target_family = "wasm"))]

use std::path::Path;

#[test]
fn every_fixture_gives_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let wrong = fixtures::failures_in::<__NAME__::__TYPE__>("__NAME__", &folder);
    assert_eq!(wrong, Vec::<String>::new());
}

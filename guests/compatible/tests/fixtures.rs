//! The recorded exchanges of this transformer, run natively.
#![cfg(not(target_family = "wasm"))]

#[test]
fn every_fixture_gives_what_it_says() {
    assert_eq!(
        fixtures::failures::<compatible::Transformer>("compatible"),
        Vec::<String>::new()
    );
}

//! The recorded exchanges of this transformer and the errors that its providers say, run natively.
#![cfg(not(target_family = "wasm"))]

#[test]
fn every_fixture_gives_what_it_says() {
    assert_eq!(fixtures::failures::<zai::Zai>("zai"), Vec::<String>::new());
}

#[test]
fn every_error_of_a_provider_is_told_as_its_table_says() {
    assert_eq!(
        fixtures::error_failures::<zai::Zai>("zai"),
        Vec::<String>::new()
    );
}

//! The recorded exchanges of this transformer.

#[test]
fn every_fixture_gives_what_it_says() {
    assert_eq!(fixtures::failures::<zai::Zai>("zai"), Vec::<String>::new());
}

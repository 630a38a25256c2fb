//! The recorded exchanges of this transformer.

#[test]
fn every_fixture_gives_what_it_says() {
    assert_eq!(
        fixtures::failures::<openai::Transformer>("openai"),
        Vec::<String>::new()
    );
}

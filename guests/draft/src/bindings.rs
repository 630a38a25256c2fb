//! The bindings of the draft. Nothing is written here by hand.
#![expect(
    missing_docs,
    clippy::pedantic,
    reason = "generated; the WIT is where these items are documented"
)]

wit_bindgen::generate!({
    path: "../../tests/interface/draft-0.2.0",
    world: "guest",
    pub_export_macro: true,
});

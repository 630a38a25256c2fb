//! The bindings of `wit/transformer`, generated once for all guests. Nothing is written here by
//! hand; the rest of the crate names these types without their long paths.
#![expect(
    missing_docs,
    clippy::pedantic,
    reason = "generated; the WIT is where these items are documented"
)]

wit_bindgen::generate!({
    path: "../../wit/transformer",
    world: "guest",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "sdk::bindings",
    additional_derives: [PartialEq],
});

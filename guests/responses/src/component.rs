//! Makes a component of the transformer.

sdk::export!(crate::Responses);

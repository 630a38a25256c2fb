//! Makes a component of the transformer.
#![expect(
    unsafe_code,
    unreachable_pub,
    reason = "generated: what the canonical ABI calls has C names and raw pointers"
)]

use crate::{Component, bindings};

bindings::export!(Component with_types_in bindings);

//! The host's framer, as it stands there: the host itself would bring wasmtime along.

#[path = "../../../host/src/sse/framer.rs"]
mod framer;
#[path = "../../../host/src/sse/scanner.rs"]
mod scanner;

pub use framer::{Framer, Framing};

/// As the host has it.
const BOM: &[u8] = b"\xef\xbb\xbf";

//! However a stream is cut into reads, its bytes come out whole and in order, and frames end where they did.
#![no_main]

use fuzz::sse::Framing;
use fuzz::{cut, frames};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, sizes, stream)) = cut(input) else {
        return;
    };
    let framing = if choice % 2 == 0 {
        Framing::Sse
    } else {
        Framing::JsonLines
    };
    let joined = |sizes: &[usize]| {
        let whole = frames(stream, framing, sizes)?.concat();
        // Of a CRLF that ends the last frame the LF may be left, which is no frame.
        Some(whole.trim_ascii_end().to_vec())
    };
    let whole = joined(&[]);
    assert_eq!(whole, joined(&sizes));
    assert_eq!(whole, joined(&[1]));
});

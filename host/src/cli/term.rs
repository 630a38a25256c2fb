//! What commands print. A reader that went away (a closed pipe) is no error.

use std::io::Write;

/// A line on standard output.
pub(super) fn say(text: &str) {
    write(&mut std::io::stdout().lock(), text);
}

/// Text without a line end, shown at once.
pub(super) fn show(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// A line on standard error.
pub(super) fn note(text: &str) {
    write(&mut std::io::stderr().lock(), text);
}

/// A failure, on standard error.
pub(super) fn fail(text: &str) {
    note(&format!("transom: {text}"));
}

fn write(out: &mut impl Write, text: &str) {
    drop(writeln!(out, "{text}").and_then(|()| out.flush()));
}

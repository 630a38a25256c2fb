//! What commands print. A reader that went away (a closed pipe) is no error; a full disk is one.

use std::io::{ErrorKind, Result, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Something that was to be printed is lost.
static LOST: AtomicBool = AtomicBool::new(false);

/// A line on standard output.
pub(super) fn say(text: &str) {
    show(&format!("{text}\n"));
}

/// Text without a line end, shown at once.
pub(super) fn show(text: &str) {
    if let Err(why) = write(&mut std::io::stdout().lock(), text)
        && why.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        fail(&format!("standard output cannot be written: {why}"));
    }
}

/// Whether output is lost for another reason than that nobody reads it.
pub(super) fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// A line on standard error.
pub(super) fn note(text: &str) {
    // There is no other place to say it.
    let _ = write(&mut std::io::stderr().lock(), &format!("{text}\n"));
}

/// A failure, on standard error.
pub(super) fn fail(text: &str) {
    note(&format!("transom: {text}"));
}

fn write(out: &mut impl Write, text: &str) -> Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

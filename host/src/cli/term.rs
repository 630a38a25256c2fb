//! What commands print. A reader that went away (a closed pipe) is no error; a full disk is one.

use std::borrow::Cow;
use std::io::{ErrorKind, Result, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::visible;

/// Something that was to be printed is lost.
static LOST: AtomicBool = AtomicBool::new(false);

/// A line on standard output.
pub(super) fn say(text: &str) {
    show(&format!("{text}\n"));
}

/// Text without a line end, shown at once.
pub(super) fn show(text: &str) {
    if let Err(why) = write(&mut std::io::stdout().lock(), &harmless(text))
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
    note_coloured(&harmless(text));
}

/// The same of a program's that may colour its words, such as a compiler's.
pub(super) fn note_coloured(text: &str) {
    // There is no other place to say it.
    let _ = write(&mut std::io::stderr().lock(), &format!("{text}\n"));
}

/// Without what a terminal would act on: much of what is shown was said by others. Such a character
/// becomes a visible one.
fn harmless(text: &str) -> Cow<'_, str> {
    let acts = |c: char| visible::acts(c) && c != '\n' && c != '\t';
    if text.chars().any(acts) {
        let visible = |c| {
            if acts(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        };
        Cow::Owned(text.chars().map(visible).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// A failure, on standard error.
pub(super) fn fail(text: &str) {
    note(&format!("transom: {text}"));
}

fn write(out: &mut impl Write, text: &str) -> Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_shown_instead() {
        let said = "bad \u{1b}[2J\u{1b}]0;pwned\u{7}\r\u{9b}2J\u{202e}";
        assert_eq!(
            harmless(said),
            "bad \u{fffd}[2J\u{fffd}]0;pwned\u{fffd}\u{fffd}\u{fffd}2J\u{fffd}"
        );
        assert_eq!(harmless("jürgen\n\tx"), "jürgen\n\tx");
    }
}

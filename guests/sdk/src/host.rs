//! What a guest says to the host. On wasm it goes to the host; natively it is recorded for the
//! thread, so that tests can look at it.
//!
//! ```
//! use sdk::host::{Level, log, note, take};
//!
//! note("drop", "top_k", "the provider does not take it");
//! log(Level::Info, "unusual, but fine");
//! let said = take();
//! assert_eq!(said.notes[0].path, "top_k");
//! assert_eq!(said.logs[0].1, "unusual, but fine");
//! ```

use crate::json::{Members, from_slice};

pub use crate::bindings::transom::transformer::host::Level;

/// One line for the log of the exchange.
pub fn log(level: Level, message: &str) {
    sink::log(level, message);
}

/// Says what was dropped or changed and why. `action` is one word, `path` a JSON path in the client's body.
pub fn note(action: &str, path: &str, why: &str) {
    sink::note(action, path, why);
}

/// Says of each member of the client's body but the `used` ones that it is dropped. A body that is no object has
/// none.
///
/// ```
/// use sdk::host::{note_unused, take};
///
/// let body = br#"{"model": "m", "messages": [], "top_k": 5}"#;
/// note_unused(body, &["model", "messages"], "the provider does not take it");
/// assert_eq!(take().notes[0].path, "top_k");
/// ```
pub fn note_unused(body: &[u8], used: &[&str], why: &str) {
    let Ok(members) = from_slice::<Members<'_>>(body) else {
        return;
    };
    let unused = members.iter().filter(|(name, _)| !used.contains(name));
    unused.for_each(|(name, _)| note("drop", name, why));
}

#[cfg(target_family = "wasm")]
mod sink {
    pub(super) use crate::bindings::transom::transformer::host::{log, note};
}

#[cfg(not(target_family = "wasm"))]
mod sink {
    use super::{Level, Note, recorded};

    pub(super) fn log(level: Level, message: &str) {
        recorded(|record| record.logs.push((level, message.to_owned())));
    }

    pub(super) fn note(action: &str, path: &str, why: &str) {
        recorded(|record| {
            record.notes.push(Note {
                action: action.to_owned(),
                path: path.to_owned(),
                why: why.to_owned(),
            });
        });
    }
}

/// A recorded [`note()`].
#[cfg(not(target_family = "wasm"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `drop`, `change` or `add`.
    pub action: String,
    /// The JSON path in the client's body.
    pub path: String,
    /// The reason.
    pub why: String,
}

/// What this thread's guests have said since [`take`].
#[cfg(not(target_family = "wasm"))]
#[derive(Debug, Default)]
pub struct Record {
    /// Log lines.
    pub logs: Vec<(Level, String)>,
    /// Notes.
    pub notes: Vec<Note>,
}

#[cfg(not(target_family = "wasm"))]
fn recorded<R>(with: impl FnOnce(&mut Record) -> R) -> R {
    thread_local! {
        static RECORD: std::cell::RefCell<Record> = std::cell::RefCell::default();
    }
    RECORD.with_borrow_mut(with)
}

/// Takes what was recorded on this thread.
#[cfg(not(target_family = "wasm"))]
pub fn take() -> Record {
    recorded(std::mem::take)
}

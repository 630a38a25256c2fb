//! What a guest that trapped has to say: the words of its panic, and where it was. Knows how Rust writes
//! a panic to standard error, and wasmtime's errors; nobody outside is told any of it by this module.

use wasmtime::{Trap, WasmBacktrace};

/// The most functions of a backtrace that are told.
const FRAMES: usize = 24;

/// wasmtime's words for a trap without words of the guest's own.
pub(super) fn trap_words(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        // The outer causes are where in the guest it happened.
        None => error.root_cause().to_string(),
    }
}

/// The guest asked the host for something that it does not give; else its own code trapped.
pub(super) fn is_of_the_host(error: &wasmtime::Error) -> bool {
    !error.is::<Trap>()
}

/// A panic as Rust writes it to standard error, without thread, advice and what the guest wrote before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Panic {
    /// Its message.
    pub(super) words: String,
    /// Where in the source, as the compiler was given it.
    pub(super) place: String,
}

impl Panic {
    pub(super) fn read(stderr: &str) -> Option<Self> {
        let mut lines = stderr.lines();
        let place = lines.find_map(|line| Some(line.split_once(" panicked at ")?.1))?;
        let words = lines.take_while(|line| !line.starts_with("note: "));
        Some(Self {
            words: words.collect::<Vec<_>>().join(" ").trim().to_owned(),
            place: place.trim_end_matches(':').to_owned(),
        })
    }
}

/// The functions that were being called, the innermost first, if the component has their names
/// (those built with the profile `guest-dev` have). How a panic unwinds is left out.
pub(super) fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    if backtrace
        .frames()
        .iter()
        .all(|frame| frame.func_name().is_none())
    {
        return Vec::new();
    }
    let text = backtrace.to_string();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let entries = lines.chunk_by(|_, next| next.trim_start().starts_with("at "));
    let entries: Vec<String> = entries.map(entry).collect();
    let machinery = entries.iter().rposition(|entry| is_machinery(entry));
    let first = machinery.map_or(0, |last| last + 1);
    let told = entries.get(first..).filter(|rest| !rest.is_empty());
    let told = told.unwrap_or(&entries);
    let mut lines: Vec<String> = told.iter().take(FRAMES).cloned().collect();
    if told.len() > FRAMES {
        lines.push(format!("  and {} more", told.len() - FRAMES));
    }
    lines
}

/// A function, with its places in the source if they are known.
fn entry(lines: &[&str]) -> String {
    let (first, places) = lines.split_first().unwrap_or((&"", &[]));
    // `    3: 0x1d5c - name.wasm!the::function`
    let function = first
        .split_once(" - ")
        .map_or(*first, |(_, function)| function);
    let function = function.rsplit_once('!').map_or(function, |(_, name)| name);
    let places = places.iter().map(|place| format!(" {}", place.trim()));
    let function = unhashed(function.trim());
    format!("  in {function}{}", places.collect::<String>())
}

/// Without the hash that rustc puts behind a name.
fn unhashed(function: &str) -> &str {
    let is_hash =
        |hash: &str| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    match function.rsplit_once("::h") {
        Some((name, hash)) if is_hash(hash) => name,
        _ => function,
    }
}

/// What stands between `panic!` and the trap.
fn is_machinery(entry: &str) -> bool {
    [
        "rust_panic",
        "panic_fmt",
        "begin_panic",
        "panic_handler",
        "panicking::",
        "__rust_start_panic",
    ]
    .iter()
    .any(|name| entry.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_told_without_the_hash_of_its_compiler() {
        let line =
            "    3: 0x1d5c - quill.wasm!<quill::Exchange as sdk::Guest>::push::h734d0c1f5a6b7c8d";
        assert_eq!(entry(&[line]), "  in <quill::Exchange as sdk::Guest>::push");
        assert_eq!(unhashed("a::hello"), "a::hello");
    }

    #[test]
    fn a_panic_is_told_by_its_message_and_its_place_alone() {
        let stderr = "thread '<unnamed>' (1) panicked at src/lib.rs:10:5:\nindex out of bounds\nnote: run with `RUST_BACKTRACE=1`";
        let panic = Panic {
            words: "index out of bounds".to_owned(),
            place: "src/lib.rs:10:5".to_owned(),
        };
        let noisy = format!("printed before\n{stderr}");
        assert_eq!(Panic::read(&noisy), Some(panic));
        assert_eq!(Panic::read("Traceback: x"), None);
        assert_eq!(Panic::read(""), None);
    }

    #[test]
    fn a_frame_is_told_by_its_function_and_its_places() {
        let line = "    3:   0x1d5c - parrot.wasm!parrot::talk::h0123";
        assert_eq!(entry(&[line]), "  in parrot::talk::h0123");
        let places = ["                    at /src/lib.rs:7:9"];
        assert_eq!(
            entry(&[line, places[0]]),
            "  in parrot::talk::h0123 at /src/lib.rs:7:9"
        );
    }
}

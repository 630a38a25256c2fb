//! Everything a guest was given, as text: what is not in it, no guest can know.

use std::fmt::Write as _;

use sdk::{Context, Head};

/// What was given at the beginning.
pub(crate) fn given(options: &str, context: &Context) -> String {
    let variables: Vec<(String, String)> = std::env::vars().collect();
    let arguments: Vec<String> = std::env::args().collect();
    format!(
        "options: {options}\ncontext: {context:?}\nenvironment: {variables:?}\narguments: {arguments:?}\n"
    )
}

/// A head and a body.
pub(crate) fn answer(head: Option<&Head>, body: &[u8]) -> String {
    format!("head: {head:?}\nbody: {}\n", String::from_utf8_lossy(body))
}

/// Hexadecimal digits: a host that takes words out of texts does not know them in this form.
pub(crate) fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

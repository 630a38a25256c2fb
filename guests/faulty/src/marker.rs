//! The marker: 64 bytes of ASCII in the data of the component, `transom-fault=none` and spaces.

const LENGTH: usize = 64;
const PREFIX: &str = "transom-fault=";

#[used]
static MARKER: [u8; LENGTH] = *b"transom-fault=none                                              ";

/// What the marker says.
#[expect(
    unsafe_code,
    reason = "a plain read would be folded into the code, and changing the bytes would do nothing"
)]
pub(crate) fn read() -> String {
    // SAFETY: `MARKER` is a valid, aligned static of this type.
    let marker = unsafe { std::ptr::read_volatile(&raw const MARKER) };
    let text = String::from_utf8_lossy(&marker).into_owned();
    text.strip_prefix(PREFIX)
        .unwrap_or("none")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_marker_says_none() {
        assert_eq!(super::read(), "none");
    }
}

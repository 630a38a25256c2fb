//! Pictures, signatures and encrypted reasoning: strings of base64, in which a short name may stand by chance
//! between the signs that are no letters.

use super::body::Under;

/// Members whose strings are base64, if they look like it.
const MEMBERS: [&str; 5] = [
    "data",
    "encrypted_content",
    "signature",
    "thoughtSignature",
    "thought_signature",
];

/// Of so many characters a string is base64 wherever it stands.
const LONG: usize = 200;

/// Of so many under one of those members.
const SHORT: usize = 40;

/// Names in it are chance.
pub(super) fn is_binary(under: &Under<'_>, text: &str) -> bool {
    let data = of_address(text).unwrap_or(text);
    let named = || {
        let member = under.member.as_deref();
        member.is_some_and(|member| MEMBERS.contains(&member))
    };
    is_base64(data)
        && (data.len() >= LONG || (data.len() >= SHORT && named() && is_of_all_kinds(data)))
}

/// `data:image/png;base64,...`
fn of_address(text: &str) -> Option<&str> {
    let (kind, data) = text.strip_prefix("data:")?.split_once(";base64,")?;
    (!kind.contains(char::is_whitespace)).then_some(data)
}

/// Its signs alone, of one of both alphabets.
fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    let of = |signs: [u8; 2]| {
        let sign = |byte: u8| byte.is_ascii_alphanumeric() || signs.contains(&byte);
        data.bytes().all(sign)
    };
    text.len() - data.len() <= 2 && (of(*b"+/") || of(*b"-_"))
}

/// Short words and paths have not all of them.
fn is_of_all_kinds(text: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| text.bytes().any(|byte| kind(&byte));
    has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_base64_of_some_length_is_binary() {
        let under = |member: &'static str| Under {
            member: Some(member.into()),
            parent: None,
        };
        let long = "Ab/1".repeat(50);
        let short = "Ab-1".repeat(10);
        assert!(is_binary(&under("any"), &long));
        assert!(is_binary(&under("any"), &format!("{long}==")));
        assert!(is_binary(
            &under("url"),
            &format!("data:image/png;base64,{long}")
        ));
        assert!(is_binary(&under("signature"), &short));
        for (member, text) in [
            ("any", short.clone()),
            ("signature", short[1..].to_owned()),
            ("signature", "/data/alice/".repeat(5)),
            ("any", format!("{long} ")),
            ("any", format!("{long}-")),
            ("any", format!("{long}===")),
        ] {
            assert!(!is_binary(&under(member), &text), "{member}: {text}");
        }
    }
}

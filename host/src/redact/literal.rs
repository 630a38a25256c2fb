//! A value as a regular expression that also finds it where JSON stands inside a JSON string: with
//! slashes, quotes and other letters escaped, once or several times, or as an address has them.

use super::form::SLASH;

/// The expression.
pub(super) fn pattern(value: &str) -> String {
    value.chars().map(of).collect()
}

fn of(c: char) -> String {
    match c {
        '/' => SLASH.to_owned(),
        '\\' => r"\\+".to_owned(),
        ' ' => r"(?:\\* |%(?:25)*20)".to_owned(),
        '"' => r#"\\*""#.to_owned(),
        c if c.is_ascii() => regex::escape(c.encode_utf8(&mut [0; 4])),
        c => {
            let mut units = [0; 2];
            let escaped = c
                .encode_utf16(&mut units)
                .iter()
                .map(|unit| format!(r"\\+u(?i:{unit:04x})"));
            let mut bytes = [0; 4];
            let encoded = c.encode_utf8(&mut bytes).bytes();
            let encoded = encoded.map(|byte| format!("%(?i:{byte:02x})"));
            let (escaped, encoded): (Vec<_>, Vec<_>) = (escaped.collect(), encoded.collect());
            format!("(?:{c}|{}|{})", escaped.concat(), encoded.concat())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_however_it_is_escaped_inside_a_string() {
        let regex = regex::Regex::new(&pattern("/home/jürgen 🙂/a.b")).unwrap();
        for text in [
            "/home/jürgen 🙂/a.b",
            r"\/home\/jürgen 🙂\/a.b",
            r"/home/jürgen\ 🙂/a.b",
            r"/home/j%C3%BCrgen%20🙂/a.b",
            r"%2Fhome%2fj%C3%BCrgen 🙂/a.b",
            r"\\\/home\\\/j\u00FCrgen \ud83d\ude42\\\/a.b",
        ] {
            assert!(regex.is_match(text), "{text}");
        }
        assert!(!regex.is_match("/home/jürgen 🙂/aXb"));
    }
}

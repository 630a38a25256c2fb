//! Whether what stands under a name that may mean anything (`key`, `session`, `token`) is a secret: it looks as
//! if it was drawn, and is no date, no file, no address and no words.

use super::form::has_no_digit;

/// The same for a name that means a password most often: words may be one.
pub(super) fn is_password(value: &str) -> bool {
    is_long(value) && !is_place(value) && !is_date(value)
}

/// Long enough, of one word, and nothing else that is known.
pub(super) fn is_secret(value: &str) -> bool {
    is_password(value) && !is_file(value) && !value.contains("://") && !are_words(value)
}

/// With signs that words have not, less is enough.
fn is_long(value: &str) -> bool {
    let signs = value
        .chars()
        .any(|c| !c.is_alphanumeric() && !"._-:/".contains(c));
    let least = if signs { 8 } else { 16 };
    value.len() >= least && !has_no_digit(value) && !value.contains(char::is_whitespace)
}

/// `pwd` may be a folder, and `token` a switch.
fn is_place(value: &str) -> bool {
    value.starts_with(['/', '~', '.', '-']) || value.contains("/../")
}

/// `2024-11-20`, with what follows it.
pub(super) fn is_date(value: &str) -> bool {
    let form = |(nth, byte): (usize, u8)| match nth {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    let rest = value.get(10..).unwrap_or_default();
    let time = |c: char| c.is_ascii_digit() || "TZ:.+- ".contains(c);
    value.len() >= 10 && value.bytes().take(10).enumerate().all(form) && rest.chars().all(time)
}

/// Endings of files that stand alone. After a folder's name any short one is an ending.
const ENDINGS: [&str; 30] = [
    "c", "cfg", "conf", "css", "csv", "go", "gz", "html", "ini", "jpeg", "jpg", "js", "json",
    "jsx", "log", "md", "pdf", "php", "png", "py", "rb", "rs", "sh", "svg", "toml", "ts", "tsx",
    "txt", "yaml", "yml",
];

/// The path of a file, or its name.
pub(super) fn is_file(value: &str) -> bool {
    let (above, name) = value.rsplit_once('/').unwrap_or(("", value));
    let Some((stem, ending)) = name.rsplit_once('.') else {
        return false;
    };
    let plain = |c: char| c.is_alphanumeric() || "_-.@ ".contains(c);
    let short = ending.len() <= 4
        && ending.starts_with(|c: char| c.is_ascii_lowercase())
        && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let known = ENDINGS.contains(&ending);
    !stem.is_empty() && stem.chars().all(plain) && (known || (short && !above.is_empty()))
}

/// `feature-flag-2024-rollout`, `gpt-oss-120b`: words and numbers, with no more of both in one than words alone.
pub(super) fn are_words(value: &str) -> bool {
    let (mut words, mut mixed) = (0, 0);
    for part in value.split(|c: char| !c.is_alphanumeric()) {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = part.len() - letters.len();
        if part.is_empty() || (letters.is_empty() && digits <= 8) {
            continue;
        }
        if is_word(letters)
            && letters.len() > 2
            && (digits == 0 || (digits <= 4 && letters.len() > 8))
        {
            words += 1;
        } else if part.len() <= 7 {
            mixed += 1;
        } else {
            return false;
        }
    }
    words > 0 && mixed <= words
}

/// Letters alone, with the capitals of `featureFlag` at most.
fn is_word(part: &str) -> bool {
    let letters: Vec<char> = part.chars().collect();
    let begins = letters
        .windows(2)
        .filter(|pair| pair[0].is_lowercase() && pair[1].is_uppercase());
    letters.iter().all(|c| c.is_alphabetic()) && begins.count() * 5 <= letters.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drawn_is_a_secret() {
        for value in [
            "0123456789abcdef0123",
            "YWxpY2U6aHVudGVyMg==",
            "a8f5f167f44f4964e6c998dee827110c",
            "d103f05b-071a-4be8-8b55-cc24029f49be",
            "AbCdEfGhIj-12345678-AbCdEfGhIj",
            "ab12-cd34-ef56-gh78",
            "s%3Aabcd1234.Zx9Qw8Er7",
            "ab12cd34/ef56gh78/ij90kl12==",
        ] {
            assert!(is_secret(value), "{value}");
        }
        for value in ["Tr0ub4dor&3", "Sw0rdfish&1", "hunter2!x"] {
            assert!(is_password(value), "{value}");
        }
    }

    #[test]
    fn dates_files_addresses_switches_and_words_are_none() {
        for value in [
            "photos/2024/img_0001.png",
            "backups/9f8e7d6c5b4a3210/data.tar.gz",
            "checkout.step2.title",
            "2024-11-20T10:00:00.000+00:00",
            "feature-flag-2024-rollout",
            "internationalization2024",
            "https://auth0.example.com/authorize",
            "gpt-oss-120b",
            "claude-sonnet-4-5-20250929",
            "accounts/fireworks/models/llama-v3p1-70b-instruct",
            "--use-token-cache-v2-of-build",
            "ctrl+shift+1",
            "myFeatureFlagNumber2",
            "./target/x86_64-unknown-linux",
        ] {
            assert!(!is_secret(value), "{value}");
        }
    }
}

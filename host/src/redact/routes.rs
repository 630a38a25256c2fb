//! Pages of the web and sources in folders that are called as those of homes are: `/api/v1/Users/search`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::form::{SLASH, compiled};

/// So much before a place is looked at, in bytes.
const NEAR: usize = 4096;

/// The same of what tells a route.
const ROUTE: usize = 40;

/// And of an escape.
const LONGEST_ESCAPE: usize = 16;

/// What may stand before `/home` and `/Users`: a disk, or where a site has its homes.
static ABOVE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"^(?:/(?:(?:mnt|media|net|nfs|Volumes|cygdrive|vol\d*|System/Volumes)(?:/[^/]+)?|export|data|gpfs|host|host_mnt|private/var|rpool|run/host|storage|tank|usr|var|[a-z]))?$",
    )
});

/// What a route stands behind: a method, a call or a member of a page.
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r#"(?:\b(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) |(?:\(|\b(?:href|to|path|action|route|url|link|src)\s*[:=]\s*\{?)\\*["'`])$"#,
    )
});

/// What ends a word before a path: a line break of JSON, a byte of an address.
static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"(?:\\+[nrt]|%(?:25)*(?:[013467][0-9A-Fa-f]|5[0-9ABDEFabdef]|2[0-9A-Ea-e]))$")
});

static SLASHES: LazyLock<Regex> = LazyLock::new(|| compiled(&format!("{SLASH}+")));

/// What begins here and ends behind a name is no home: part of an address, of sources, or a route.
pub(super) fn is_elsewhere(text: &str, place: Range<usize>) -> bool {
    let from = text.floor_char_boundary(place.start.saturating_sub(NEAR));
    let before = text.get(from..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    is_in_address(before) || is_below(before, &text[place.clone()]) || is_route(before, after)
}

fn is_in_address(before: &str) -> bool {
    let ends_word = |c: char| c.is_whitespace() || "\"'`<>()[]{},".contains(c);
    let word = before.rsplit(ends_word).next().unwrap_or_default();
    word.contains("://") && !word.contains("file://")
}

/// `src/pages/home/index`, `/api/v1/Users/search`, `${base}/home/x`: not where homes are.
fn is_below(before: &str, place: &str) -> bool {
    let of_path = |c: char| c.is_alphanumeric() || "_-.@~%/\\".contains(c);
    let path = before.rsplit(|c| !of_path(c)).next().unwrap_or_default();
    let path = if ends_in_escape(path) { "" } else { path };
    if path.is_empty() {
        return before.ends_with(['}', ')']);
    }
    if path.starts_with(|c: char| c.is_alphanumeric() || "_-.@".contains(c)) {
        return true;
    }
    let windows = place.starts_with('\\') && !place.starts_with(r"\/");
    let drive = place.starts_with(|c: char| c.is_ascii_alphabetic());
    let path = SLASHES.replace_all(path, "/");
    let path = path.trim_end_matches('/');
    !(windows || drive || ABOVE.is_match(path))
}

fn ends_in_escape(path: &str) -> bool {
    let from = path.floor_char_boundary(path.len().saturating_sub(LONGEST_ESCAPE));
    ESCAPE.is_match(&path[from..])
}

/// `router.push('/home/news')`, `href="/home/news"`, `GET /home/news`.
fn is_route(before: &str, after: &str) -> bool {
    let from = before.floor_char_boundary(before.len().saturating_sub(ROUTE));
    let Some(found) = BEFORE.captures(&before[from..]) else {
        return false;
    };
    let ends = after.trim_start_matches('\\');
    found.name("method").is_some() || ends.starts_with(['"', '\'', '`'])
}

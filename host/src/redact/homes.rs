//! Home folders in texts: whose they are, however their path is written.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use super::form::{SLASH, compiled};
use super::names::tells_nobody;
use super::routes;
use super::rule::Rule;

const BACKSLASH: &str = r"(?:\\+|%(?:25)*5[cC])";
/// A letter of a name, escaped or not.
const LETTER: &str = r"(?:[\w.+@-]|\\+u[0-9a-fA-F]{4}|%[89A-Fa-f][0-9A-Fa-f])";
/// Folders between the usual one and the homes of a site.
const GROUPS: [&str; 6] = ["users", "staff", "students", "people", "members", "faculty"];

static FORMS: LazyLock<[String; 6]> = LazyLock::new(|| {
    let last = LETTER.replace("[\\w.+@-]", "[\\w+-]");
    let name = format!("(?<value>{LETTER}*{last})");
    let groups = GROUPS.join("|");
    [
        format!("{SLASH}home{SLASH}(?:(?:{groups}){SLASH})?{name}"),
        format!("{SLASH}Users{SLASH}{name}"),
        // Windows: names with blanks, if something follows that ends them.
        format!(
            r#"\b[A-Za-z](?:(?::|%3[aA]){BACKSLASH}|:?{SLASH})(?:Users|Documents and Settings)(?:{BACKSLASH}|{SLASH})(?<value>[^\\/:*?"<>|%\r\n]{{1,60}})(?:{BACKSLASH}|{SLASH})"#
        ),
        format!("{BACKSLASH}(?:home|Users){BACKSLASH}{name}"),
        // A name with blanks, as an address has it, if a path goes on behind it.
        format!("{SLASH}(?:home|Users){SLASH}(?<value>{LETTER}+(?:%(?:25)*20{LETTER}+)+){SLASH}"),
        format!("{SLASH}(?:run{SLASH}media|var{SLASH}(?:spool{SLASH})?mail){SLASH}{name}"),
    ]
});

static FOUND: LazyLock<Vec<Regex>> = LazyLock::new(|| order().map(|form| compiled(form)).collect());

/// Longer names first: what is behind a blank is not found once its beginning is replaced.
fn order() -> impl Iterator<Item = &'static String> {
    let [home, users, windows, backslashes, blanks, others] = &*FORMS;
    [windows, blanks, home, users, backslashes, others].into_iter()
}

/// Places whose name may be any word elsewhere: a disk of somebody, and `~NAME` of a shell.
const WEAK: [&str; 2] = [
    r#"(?m)(?:^|[\s"'`=:(])/media/(?<value>[\w.-]+)/"#,
    r#"(?m)(?:^|": "|[\s=:(])~(?<value>[a-z][a-z0-9_-]+)/"#,
];

/// Folders of a program's own, and disks that are named by what they are.
const MEDIA: [&str; 12] = [
    "audio", "cdrom", "css", "files", "floppy", "fonts", "icons", "images", "img", "uploads",
    "usb", "video",
];

/// A name in each of these places is replaced there, whatever it is.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    // Below the name of a domain: `/home/CORP/bobby`. Where it is a user's own folder, it is replaced in vain.
    let domain = format!("{SLASH}home{SLASH}[A-Z][A-Z0-9-]+{SLASH}(?<value>{LETTER}*\\w)");
    let below = Rule::form(Kind::User, &domain, is_nobody);
    let own = order().map(|form| Rule::form(Kind::User, form, is_nobody));
    let weak = WEAK.iter().map(|form| {
        Rule::form(Kind::User, form, |name| {
            MEDIA.contains(&name.trim_end_matches('s')) || MEDIA.contains(&name) || is_nobody(name)
        })
    });
    [below].into_iter().chain(own).chain(weak)
}

/// The names of all homes in a text, decoded. Pages of the web and sources have folders of such names too: what is
/// below them is no user, and replaced in its place alone.
pub(super) fn users(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for regex in FOUND.iter() {
        for captures in regex.captures_iter(text) {
            let Some(value) = captures.name("value") else {
                continue;
            };
            // The beginning of a longer name that was found already.
            if !seen.insert(value.start()) {
                continue;
            }
            let start = captures.get(0).map_or(0, |whole| whole.start());
            let name = decoded(value.as_str());
            let above = is_domain(&name) && text[value.end()..].starts_with(['/', '\\', '%']);
            let elsewhere = routes::is_elsewhere(text, start..value.end());
            if !is_nobody(&name) && !above && !elsewhere {
                found.push(name);
            }
        }
    }
    found
}

/// What has homes below it: `CORP` of `/home/CORP/bobby`. No word to look for.
fn is_domain(name: &str) -> bool {
    name.len() > 1 && !name.contains(|c: char| c.is_lowercase())
}

fn decoded(name: &str) -> String {
    let name = if name.contains('\\') {
        let mut json = String::from("\"");
        let mut last = ' ';
        for c in name.chars().filter(|c| {
            let again = *c == '\\' && last == '\\';
            last = *c;
            !again
        }) {
            json.push(c);
        }
        json.push('"');
        serde_json::from_str(&json).unwrap_or_else(|_| name.to_owned())
    } else {
        name.to_owned()
    };
    percent_encoding::percent_decode_str(&name)
        .decode_utf8_lossy()
        .into_owned()
}

/// `/home/index.ts` is a page of a program, not the home of somebody.
const SOURCES: [&str; 16] = [
    ".css", ".go", ".html", ".js", ".json", ".jsx", ".md", ".mjs", ".php", ".py", ".rb", ".rs",
    ".svelte", ".ts", ".tsx", ".vue",
];

fn is_nobody(name: &str) -> bool {
    let shared = [
        "shared",
        "public",
        "default",
        "linuxbrew",
        "all users",
        // Pages of programs.
        "index",
        "page",
        "settings",
    ];
    let mut shared = shared.iter().chain(&GROUPS);
    let is_source = SOURCES.iter().any(|ending| name.ends_with(ending));
    let is_shared = shared.any(|known| name.eq_ignore_ascii_case(known));
    is_source || is_shared || tells_nobody(Kind::User, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_found_however_they_are_written() {
        for (text, name) in [
            ("/home/jürgen/x", "jürgen"),
            ("/home/zo/x", "zo"),
            ("%2Fhome%2Falice%2Fx", "alice"),
            (r"\/home\/j\u00fcrgen\/x", "jürgen"),
            ("file:///home/j%C3%BCrgen/x", "jürgen"),
            (r"C:\Users\Jane Doe\x", "Jane Doe"),
            (r"C:\\Users\\Jane Doe\\x", "Jane Doe"),
            ("/mnt/c/Users/Jane Doe/x", "Jane Doe"),
            ("/home/users/alice/proj", "alice"),
            ("/export/home/alice", "alice"),
            ("/Users/alice.", "alice"),
            (r"C:\Documents and Settings\bobby\x", "bobby"),
            ("/home/alice@corp.example.com/src", "alice@corp.example.com"),
            (r"\\wsl$\Ubuntu\home\alice\x", "alice"),
            ("PATH=/bin:/home/alice/bin", "alice"),
            ("box:/home/alice", "alice"),
            ("file:///home/jane%20doe/x", "jane doe"),
            ("/run/media/bobby/usb", "bobby"),
            ("/var/spool/mail/robert", "robert"),
            ("ls '/home/bobby/src'", "bobby"),
            ("cwd: \"/home/bobby\"", "bobby"),
            ("/System/Volumes/Data/Users/bobby/x", "bobby"),
            ("/private/var/home/bobby/x", "bobby"),
            (r"\/mnt\/c\/Users\/bobby\/x", "bobby"),
            ("/nfs/home/bobby", "bobby"),
        ] {
            let found = users(text);
            assert_eq!(found.first().map(String::as_str), Some(name), "{text}");
        }
        for text in [
            "https://acme.example/home/dashboard",
            "/home/user/x",
            "/home/",
            r"a\nhome\nbob",
            "src/pages/home/overview",
            "import x from './home/overview'",
            "components/Users/List.tsx",
            "/home/page.tsx",
            "/home/git/repos",
            "router.push('/home/dashboard')",
            "<a href=\"/home/news\">",
            "GET /api/v1/Users/search HTTP/1.1",
            "GET /home/news/2 HTTP/1.1",
            "fetch(`${base}/Users/search/x`)",
            "/app/src/pages/home/overview/a",
            "/scim/v2/Users/abc",
        ] {
            assert_eq!(users(text), Vec::<String>::new(), "{text}");
        }
    }
}

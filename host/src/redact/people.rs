//! Names of people and machines where programs write them: authors of commits, prompts of shells, `id`.

use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use super::form::compiled;
use super::lines::BEGIN;
use super::names::tells_nobody;
use super::rule::Rule;
use super::words::is_word;

/// A name that is looked for elsewhere, too.
const TOLD: [&str; 3] = [
    r#"(?m)(?:^|": ")\s*(?:Author|Commit|Committer|Tagger|Co-authored-by|Signed-off-by|Reviewed-by):\s*(?<value>[^<>\r\n]{2,60}?)\s*<[^<>\s]*(?:@|\s*\z)"#,
    r"\buid=\d+\((?<value>[^()\s]+)\)",
    r"\b(?<value>[\w.-]+)@[\w.-]+:[~/][^\s:]*[$#%](?:\s|$)",
];

/// A name that may be any word elsewhere: of a file of settings.
const SET: &str = r"(?:user-?name|login)\s*[:=]\s*(?<value>[a-z][\w.-]+)\s*$";

/// The machine of a prompt.
const MACHINE: &str = r"\b[\w.-]+@(?<value>[\w.-]+):[~/][^\s:]*[$#%](?:\s|$)";

static FOUND: LazyLock<Vec<Regex>> =
    LazyLock::new(|| TOLD.iter().map(|form| compiled(form)).collect());

/// A name in each of these places is replaced there. The machine first: the name before it tells where it is.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    let machine = Rule::form(Kind::Host, MACHINE, |name| tells_nobody(Kind::Host, name));
    let set = format!(r"(?mi){BEGIN}\s*{SET}");
    let set = Rule::form(Kind::User, &set, |name| {
        is_nobody(name) || is_word(name) || is_variable(name)
    });
    let told = TOLD
        .iter()
        .map(|form| Rule::form(Kind::User, form, is_nobody));
    [machine, set].into_iter().chain(told)
}

/// The names in a text.
pub(super) fn names(text: &str) -> Vec<String> {
    let all = FOUND.iter().flat_map(|form| form.captures_iter(text));
    let names = all.filter_map(|captures| captures.name("value"));
    let names = names.filter(|name| !is_nobody(name.as_str()));
    names.map(|name| name.as_str().to_owned()).collect()
}

/// `username = args.username`
fn is_variable(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let names = ["username", "user_name", "user-name", "login"];
    names.iter().any(|own| name.ends_with(own))
}

/// Programs commit, too.
fn is_nobody(name: &str) -> bool {
    let programs = ["Claude", "GitHub", "dependabot", "git"];
    tells_nobody(Kind::User, name) || programs.iter().any(|program| name.starts_with(program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_programs_write_them() {
        for (text, name) in [
            ("Author: Alice Liddell <a@corp.example>", "Alice Liddell"),
            ("uid=1000(bobby) gid=1000(bobby)", "bobby"),
            ("bobby@build-box-17:~/src$ ls", "bobby"),
        ] {
            assert_eq!(names(text), [name], "{text}");
        }
        for text in [
            "Co-authored-by: Claude Opus <noreply@anthropic.com>",
            "uid=0(root)",
            "uid=2(bin)",
            "Commit: string <sha>",
            "git@github.com:acme/x.git",
            "see a@b.example: /x is",
        ] {
            assert_eq!(names(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(rules().count(), TOLD.len() + 2);
    }
}

//! What Claude Code says of the place where it runs and of who runs it (observed with 2.1.330; older
//! versions say less of it).

use std::sync::LazyLock;

use regex::Regex;

use super::form::compiled;

/// What Claude Code's own blocks tell.
pub(super) enum Learned {
    Home(String),
    Directory(String),
    User(String),
}

/// `Primary working directory: /a/b`, one to a line.
static DIRECTORY: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?mi)^[\s-]*(?:primary |additional )?(?:working director(?:y|ies)|cwd):\s*(/.*?)\s*$",
    )
});

/// The folder that holds Claude Code's own.
static HOME: LazyLock<Regex> = LazyLock::new(|| compiled(r#"(/[^\s`"'<>]+?)/\.claude/projects/"#));

static GIT_USER: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?m)^Git user:\s*(\S.*?)\s*$"));

/// Places and names in a text whose escapes are decoded.
pub(super) fn places(text: &str) -> Vec<Learned> {
    let all = |regex: &Regex| -> Vec<String> {
        let values = regex.captures_iter(text).filter_map(|one| one.get(1));
        values.map(|value| value.as_str().to_owned()).collect()
    };
    let homes = all(&HOME).into_iter().map(Learned::Home);
    let users = all(&GIT_USER).into_iter().map(Learned::User);
    let directories = all(&DIRECTORY)
        .into_iter()
        .map(|path| Learned::Directory(path.trim_end_matches('/').to_owned()));
    homes.chain(directories).chain(users).collect()
}

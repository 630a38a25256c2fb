//! Whose routes hold for a request: the conversation's, the project's, else the main ones.

use super::Asked;
use crate::config::{Config, Project, Router};

/// Where the routes of a request stand in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source<'c> {
    Main,
    Project(&'c str),
    Conversation(&'c str),
}

/// The routes that hold. They stand in place of the main ones, whole; only the main default serves
/// where they have none.
pub(super) fn table<'c>(config: &'c Config, asked: &Asked<'_>) -> (&'c Router, Source<'c>) {
    if !config.conversations.is_empty()
        && let Some(session) = asked.session()
        && let Some((id, router)) = config.conversations.get_key_value(session)
    {
        return (router, Source::Conversation(id));
    }
    if let Some(project) = project(config, asked) {
        return (&project.router, Source::Project(&project.key));
    }
    (&config.router, Source::Main)
}

/// The longest path that the client works in or below, else a folder of that name.
fn project<'c>(config: &'c Config, asked: &Asked<'_>) -> Option<&'c Project> {
    if config.projects.is_empty() {
        return None;
    }
    let directory = asked.directory()?;
    let matching = config.projects.iter();
    matching
        .filter(|project| is_in(&project.key, directory))
        .max_by_key(|project| (project.key.starts_with('/'), project.key.len()))
}

/// Whether a folder is `key` or lies in it: by its path, or by the name of a folder on the way.
pub(super) fn is_in(key: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    if key.starts_with('/') {
        let rest = directory.strip_prefix(key);
        return rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    }
    directory.split('/').any(|part| part == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_known_by_its_path_or_by_a_name_on_the_way() {
        assert!(is_in("/home/me/api", "/home/me/api"));
        assert!(is_in("/home/me/api", "/home/me/api/src/"));
        assert!(!is_in("/home/me/api", "/home/me/api-2"));
        assert!(is_in("api", "/home/me/api/src") && !is_in("ap", "/home/me/api"));
    }
}

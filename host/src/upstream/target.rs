//! The URL of a request: always below the provider's base URL, whatever path a guest asks for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use url::Url;

/// The URL made last for each provider of one configuration. Nearly every request of a provider
/// goes to one path, and parsing and comparing URLs costs more than the rest of the host's routing.
#[derive(Default)]
pub(super) struct Targets(Mutex<HashMap<String, (String, Url)>>);

impl Targets {
    /// [`join`], remembered.
    pub(super) fn join(&self, provider: &str, base: &Url, path: &str) -> Result<Url, String> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last, url)) = made.get(provider)
            && last == path
        {
            return Ok(url.clone());
        }
        let url = join(base, path)?;
        made.insert(provider.to_owned(), (path.to_owned(), url.clone()));
        Ok(url)
    }
}

/// Appends `path` (and query) to the base.
///
/// The result is compared after URL parsing, so that no notation leads elsewhere. Errors: a
/// sentence for the exchange's error.
pub(super) fn join(base: &Url, path: &str) -> Result<Url, String> {
    let refused = |why: &str| Err(format!("the path `{}` {why}", path.escape_debug()));
    if !path.starts_with('/') || path.starts_with("//") {
        return refused("must begin with one slash");
    }
    if path.contains(['\\', '#'])
        || path
            .chars()
            .any(|char| char.is_control() || char.is_whitespace())
    {
        return refused("has a backslash, fragment, space or control character");
    }
    let (route, _) = path.split_once('?').unwrap_or((path, ""));
    let lower = route.to_ascii_lowercase();
    if ["%2e", "%2f", "%5c"]
        .iter()
        .any(|escape| lower.contains(escape))
        || route.contains("//")
    {
        return refused("has escaped or doubled separators");
    }
    let text = format!("{}{path}", base.as_str().trim_end_matches('/'));
    let Ok(url) = Url::parse(&text) else {
        return refused("does not make a URL");
    };
    let base_path = base.path().trim_end_matches('/');
    let below = url
        .path()
        .strip_prefix(base_path)
        .is_some_and(|rest| rest.starts_with('/'));
    let same_origin =
        url.scheme() == base.scheme() && url.host() == base.host() && url.port() == base.port();
    if !same_origin
        || !below
        || url.username() != base.username()
        || url.password() != base.password()
    {
        return refused("leaves the provider's base URL");
    }
    Ok(url)
}

/// Whether a guest may ask for this path, whatever its provider's base URL. Errors: as of [`join`].
pub(crate) fn legal_path(path: &str) -> Result<(), String> {
    let base = Url::parse("https://provider.example/v1");
    join(&base.expect("invariant: this is a URL"), path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://api.example.com/v1").unwrap()
    }

    #[test]
    fn a_path_and_query_are_appended_to_the_base() {
        assert_eq!(
            join(&base(), "/chat/completions?a=b/../c&d=%2e")
                .unwrap()
                .as_str(),
            "https://api.example.com/v1/chat/completions?a=b/../c&d=%2e"
        );
        let bare = Url::parse("http://127.0.0.1:8000").unwrap();
        assert_eq!(
            join(&bare, "/v1/messages").unwrap().as_str(),
            "http://127.0.0.1:8000/v1/messages"
        );
    }

    #[test]
    fn what_is_remembered_is_the_path_last_asked_for_and_never_a_refused_one() {
        let targets = Targets::default();
        let ask = |path: &str| targets.join("p", &base(), path).map(String::from);
        for _ in 0..2 {
            assert_eq!(ask("/a").unwrap(), "https://api.example.com/v1/a");
            assert_eq!(ask("/b").unwrap(), "https://api.example.com/v1/b");
            assert!(ask("/../a").is_err());
        }
    }

    #[test]
    fn no_notation_leaves_the_base() {
        for path in [
            "",
            "chat",
            "//evil.example/x",
            "/../admin",
            "/a/../../admin",
            "/%2e%2e/admin",
            "/%2E%2e/x",
            "/..%2fadmin",
            "/..\\..\\admin",
            "\\evil",
            "/a\\..\\b",
            "@evil.example/",
            ":80@evil/",
            "/x#frag",
            "/ x",
            "/a\tb",
            "/a\r\nhost: x",
            "/.",
            "/..",
            "/%5c..",
            "//",
            "/a//b",
            "https://evil.example/",
            "?x=1",
            ".evil.example/x",
        ] {
            if let Ok(url) = join(&base(), path) {
                assert!(
                    url.as_str().starts_with("https://api.example.com/v1/"),
                    "{path} gave {url}"
                );
                assert_eq!(path, "/.", "{path} should have been refused");
            }
        }
    }
}

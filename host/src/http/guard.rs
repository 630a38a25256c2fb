//! What every request must pass before it is looked at: a web page must not spend the key (Host
//! and Origin), and with `api_key` set neither must a stranger.
//!
//! A page can name any host that resolves to loopback (DNS rebinding) and post to it without
//! asking, so both headers are checked on every path.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq;

use super::reply;
use crate::app::App;
use crate::config::{Config, Secret};
use crate::error::ApiError;

pub(super) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let snapshot = app.snapshot();
    match admit(&snapshot.config, request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => reply::error(&error, &crate::ids::exchange_id()),
    }
}

fn admit(config: &Config, uri: &http::Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let forbidden = |what: &str, name: &str| {
        let message = format!(
            "{what} `{}` is not allowed; add its name to `allowed_hosts` in the configuration if it is yours",
            name.escape_debug()
        );
        Err(ApiError::new("permission_error", message))
    };
    let host = uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| headers.get(HOST)?.to_str().ok());
    match host {
        None => return forbidden("a request without a readable Host", ""),
        Some(host) if !allowed(config, name_of(host)) => return forbidden("the Host", host),
        Some(_) => {}
    }
    for origin in headers.get_all(ORIGIN) {
        let text = origin.to_str().unwrap_or("unreadable");
        let name = text
            .split_once("://")
            .map_or(text, |(_, authority)| authority);
        if !allowed(config, name_of(name)) {
            return forbidden("the Origin", text);
        }
    }
    match &config.api_key {
        Some(key) if uri.path() != "/health" => authenticate(key, headers),
        _ => Ok(()),
    }
}

/// The scheme's case does not count (RFC 9110, 11.1).
fn bearer_of(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    let token = token.trim_ascii_start();
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// What browsers say of themselves (the Fetch Metadata headers of the W3C).
const FETCH_SITE: &str = "sec-fetch-site";

/// Refuses a web page, also one of an origin that may use everything else: what is no page's business is
/// neither told to one nor done for it.
pub(super) fn refuse_web_pages(headers: &HeaderMap, why: &str) -> Result<(), ApiError> {
    let by_hand = |value: &HeaderValue| value == "none";
    let of_a_page =
        headers.contains_key(ORIGIN) || !headers.get_all(FETCH_SITE).iter().all(by_hand);
    if of_a_page {
        return Err(ApiError::new("permission_error", why));
    }
    Ok(())
}

/// Refuses other users of this machine: without `api_key` anybody here can ask.
pub(super) fn refuse_others(app: &App, headers: &HeaderMap, why: &str) -> Result<(), ApiError> {
    if app.snapshot().config.api_key.is_some() {
        // It was asked for before.
        return Ok(());
    }
    let offered = headers.get(crate::owner::HEADER).map(HeaderValue::as_bytes);
    let own = |offered: &[u8]| {
        let token = app.owner.as_ref().map(|token| token.expose().as_bytes());
        token.is_some_and(|token| bool::from(offered.ct_eq(token)))
    };
    if offered.is_some_and(own) {
        return Ok(());
    }
    Err(ApiError::new("permission_error", why))
}

/// The host of `host:port`, brackets of IPv6 kept out.
fn name_of(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split_once(']').map_or(rest, |(name, _)| name);
    }
    authority
        .rsplit_once(':')
        .map_or(authority, |(name, _)| name)
}

fn allowed(config: &Config, name: &str) -> bool {
    let loopback = ["localhost", "127.0.0.1", "::1"].contains(&name);
    let own = || !config.listen.ip().is_unspecified() && name == config.listen.ip().to_string();
    loopback
        || own()
        || config
            .allowed_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
}

fn authenticate(key: &Secret, headers: &HeaderMap) -> Result<(), ApiError> {
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| bearer_of(value.as_bytes()));
    let header = headers.get("x-api-key").map(HeaderValue::as_bytes);
    let offered: Vec<&[u8]> = bearer.into_iter().chain(header).collect();
    if offered
        .iter()
        .any(|offer| bool::from(offer.ct_eq(key.expose().as_bytes())))
    {
        return Ok(());
    }
    let message = if offered.is_empty() {
        "a key is needed: send `api_key` of transom's configuration as x-api-key or as Bearer token"
    } else {
        "the key is not `api_key` of transom's configuration"
    };
    Err(ApiError {
        should_retry: Some(false),
        ..ApiError::new("authentication_error", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_sends_for_a_page_is_refused() {
        let of = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            refuse_web_pages(&headers, "not for pages")
        };
        assert!(refuse_web_pages(&HeaderMap::new(), "").is_ok());
        assert!(of("origin", "http://localhost:3456").is_err());
        assert!(of("origin", "null").is_err());
        for site in ["cross-site", "same-site", "same-origin"] {
            assert!(of("sec-fetch-site", site).is_err());
        }
        assert!(of("sec-fetch-site", "none").is_ok(), "typed by a person");
    }

    #[test]
    fn a_token_is_found_however_its_scheme_is_written() {
        for value in ["Bearer key", "bearer key", "BEARER  key"] {
            assert_eq!(bearer_of(value.as_bytes()), Some(&b"key"[..]));
        }
        for value in ["Bearerkey", "Basic key", "bear", ""] {
            assert_eq!(bearer_of(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn the_name_of_an_authority_is_found_with_and_without_port() {
        assert_eq!(name_of("localhost:3456"), "localhost");
        assert_eq!(name_of("localhost"), "localhost");
        assert_eq!(name_of("[::1]:3456"), "::1");
        assert_eq!(
            name_of("127.0.0.1.evil.example:80"),
            "127.0.0.1.evil.example"
        );
    }
}

//! Which headers pass: from the client to an upstream, from a guest, and back to the client.

use http::{HeaderMap, HeaderName, HeaderValue};

/// They belong to one connection (RFC 9110, section 7.6.1) or to the body's framing.
const HOP: [&str; 11] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "host",
];

/// The client's credentials and what only concerns the way to us.
const CLIENT_ONLY: [&str; 8] = [
    "authorization",
    "x-api-key",
    "cookie",
    "accept-encoding",
    "origin",
    "referer",
    "expect",
    "forwarded",
];

/// What an upstream says about its own connection or account.
const UPSTREAM_ONLY: [&str; 9] = [
    "set-cookie",
    "alt-svc",
    "server",
    "date",
    "via",
    "cf-ray",
    "request-id",
    "content-encoding",
    "strict-transport-security",
];

/// Headers that a guest learns of the client's request.
const VISIBLE: [&str; 4] = ["anthropic-version", "anthropic-beta", "user-agent", "x-app"];

fn is_any(name: &HeaderName, list: &[&str]) -> bool {
    list.contains(&name.as_str())
}

/// The client's headers for a passthrough upstream: an open list, less credentials and hops.
pub fn forwarded_from_client(headers: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        if !is_any(name, &HOP)
            && !is_any(name, &CLIENT_ONLY)
            && !name.as_str().starts_with("x-forwarded-")
        {
            out.append(name.clone(), value.clone());
        }
    }
    out.insert(
        http::header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    out
}

/// The upstream's headers for the client of a passthrough provider.
pub fn forwarded_to_client(headers: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        if !is_any(name, &HOP)
            && !is_any(name, &UPSTREAM_ONLY)
            && !name.as_str().starts_with("x-transom-")
        {
            out.append(name.clone(), value.clone());
        }
    }
    out
}

/// Headers that only the host may set, so that a guest chooses neither connection nor key.
pub fn refused_from_guest(name: &HeaderName) -> bool {
    is_any(name, &HOP)
        || is_any(
            name,
            &[
                "authorization",
                "x-api-key",
                "cookie",
                "expect",
                "accept-encoding",
                "content-encoding",
            ],
        )
}

/// Whether a guest's manifest may name this header for the key: one of its own, with no other meaning.
pub fn may_carry_key(name: &str) -> bool {
    const TAKEN: [&str; 3] = ["accept", "content-type", "user-agent"];
    match HeaderName::try_from(name) {
        Ok(name) if name == "x-api-key" || name == "authorization" => true,
        Ok(name) => !refused_from_guest(&name) && !is_any(&name, &TAKEN),
        Err(_) => false,
    }
}

/// What a guest learns of the client's headers.
pub fn visible(headers: &HeaderMap) -> Vec<(String, String)> {
    VISIBLE
        .iter()
        .filter_map(|name| {
            let values: Vec<&str> = headers
                .get_all(*name)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .collect();
            (!values.is_empty()).then(|| ((*name).to_owned(), values.join(",")))
        })
        .collect()
}

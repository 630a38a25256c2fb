//! The only place that writes errors for clients, and the headers that every answer carries.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::ext::ReasonPhrase;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::json;

use crate::attempts::{Tried, shown};
use crate::error::ApiError;
use crate::record::Served;

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The error envelope of the Messages API.
pub fn error_json(error: &ApiError, request_id: &str) -> String {
    json!({
        "type": "error",
        "error": {"type": error.kind, "message": error.message},
        "request_id": format!("req_{request_id}"),
    })
    .to_string()
}

/// The same as the last event of a stream.
pub fn error_event(error: &ApiError, request_id: &str) -> Bytes {
    crate::sse::event("error", &error_json(error, request_id))
}

/// Anthropic's own status: HTTP knows no words for it, and the status line would say `<none>`.
const OVERLOADED: u16 = 529;

/// An error as a whole answer.
pub(super) fn error(error: &ApiError, request_id: &str) -> Response {
    let mut response = Response::new(Body::from(error_json(error, request_id)));
    *response.status_mut() =
        StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if error.status == OVERLOADED {
        let reason = ReasonPhrase::from_static(b"Overloaded");
        response.extensions_mut().insert(reason);
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(ms) = error.retry_after_ms {
        headers.insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
    }
    if let Some(retry) = error.should_retry {
        headers.insert(
            SHOULD_RETRY,
            HeaderValue::from_static(if retry { "true" } else { "false" }),
        );
    }
    identify(headers, request_id);
    response
}

/// An answer that is a stream of events.
pub(super) fn stream(body: Body, mut headers: HeaderMap, request_id: &str) -> Response {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(
        http::header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache"),
    );
    finish(body, headers, request_id)
}

/// An answer that is one message.
pub(super) fn whole(body: Bytes, mut headers: HeaderMap, request_id: &str) -> Response {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    finish(Body::from(body), headers, request_id)
}

fn finish(body: Body, headers: HeaderMap, request_id: &str) -> Response {
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    identify(response.headers_mut(), request_id);
    response
}

fn identify(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(&format!("req_{request_id}")) {
        headers.insert(REQUEST_ID, value);
    }
}

/// Says which attempts failed before the one that the answer is from.
pub(super) fn tell_tried(headers: &mut HeaderMap, tried: &[Tried]) {
    if tried.is_empty() {
        return;
    }
    if let Ok(value) = HeaderValue::from_str(&shown(tried)) {
        headers.insert(HeaderName::from_static("x-transom-tried"), value);
    }
}

/// Says who serves the exchange.
pub(super) fn tell_route(headers: &mut HeaderMap, served: &Served) {
    let told = [
        ("x-transom-provider", served.provider.as_str()),
        ("x-transom-model", served.model.as_str()),
        ("x-transom-route", served.rule.as_str()),
        ("x-transom-transformer", served.transformer.as_str()),
    ];
    for (name, value) in told {
        if let Ok(value) = HeaderValue::from_str(&in_ascii(value)) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Headers are read as Latin-1 by most: what is no ASCII is percent-encoded, and a percent sign beside it.
fn in_ascii(value: &str) -> Cow<'_, str> {
    const OTHERS: &AsciiSet = &CONTROLS.add(b'%');
    if value.is_ascii() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(utf8_percent_encode(value, OTHERS).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_another_script_is_told_in_ascii() {
        assert_eq!(in_ascii("glm-4.6%"), "glm-4.6%");
        assert_eq!(in_ascii("ü 5%"), "%C3%BC 5%25");
    }

    #[test]
    fn the_status_line_of_an_overload_has_words() {
        let response = error(&ApiError::new("overloaded_error", "busy"), "req_1");
        let reason = response.extensions().get::<ReasonPhrase>();
        let words = reason.map(ReasonPhrase::as_bytes);
        assert_eq!(
            (response.status().as_u16(), words),
            (529, Some(&b"Overloaded"[..]))
        );
    }
}

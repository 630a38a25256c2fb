//! Making sense of what upstreams send beside the protocol: a whole body where a stream was asked
//! for, an error inside a 200, a page of HTML, an error in any of the usual shapes.

mod cut;

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chain::{Chain, Explained};
use crate::error::{ApiError, Trouble, known_kind};
use crate::upstream::{ReadError, joined};
use crate::wasm::bindings::Head;

pub use cut::closed;

/// What the first bytes of a body show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only white space so far.
    Blank,
    /// An object or array.
    Json,
    /// Markup: a page of some proxy in between.
    Html,
    /// Anything else: events.
    Other,
}

/// By the first byte that is neither white space nor a byte order mark.
pub fn kind_of(pieces: &[Bytes]) -> Kind {
    let mut bytes = pieces.iter().flat_map(|piece| piece.iter().copied());
    match bytes.find(|byte| !byte.is_ascii_whitespace() && ![0xef, 0xbb, 0xbf].contains(byte)) {
        None => Kind::Blank,
        Some(b'{' | b'[') => Kind::Json,
        Some(b'<') => Kind::Html,
        Some(_) => Kind::Other,
    }
}

/// Several JSON texts, one a line, and not one text that is written over lines.
pub fn is_lines(body: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'\n', body) else {
        return false;
    };
    let (first, rest) = body.split_at(end);
    !rest.trim_ascii().is_empty() && serde_json::from_slice::<IgnoredAny>(first).is_ok()
}

/// The upstream says that its body is one JSON text.
pub fn says_json(head: &Head) -> bool {
    let mut headers = head.headers.iter();
    let kind = headers.find(|(name, _)| name == "content-type");
    kind.and_then(|(_, value)| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// For a page where an API answer was expected. The page itself is never shown.
pub fn html_error(status: u16) -> ApiError {
    let message = format!(
        "the upstream answered with an HTML page (status {status}) where JSON or events were expected; is base_url right?"
    );
    if (400..600).contains(&status) {
        ApiError::from_status(status, message)
    } else {
        ApiError::bad_gateway(message)
    }
}

/// An upstream's head as guests see it.
pub fn head(status: StatusCode, headers: &HeaderMap) -> Head {
    let headers = headers
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    Head {
        status: status.as_u16(),
        headers,
    }
}

/// For a body that could not be read to its end.
pub fn unread(error: &ReadError) -> ApiError {
    match error {
        ReadError::Idle(_) => ApiError::new("timeout_error", error.to_string()).of(Trouble::Silent),
        ReadError::Broken(_) | ReadError::TooLarge(_) => ApiError::bad_gateway(error.to_string()),
    }
}

/// For a whole body that is not the JSON it begins as.
pub fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::bad_gateway(format!(
        "the upstream answered with malformed JSON: {error}"
    ))
}

/// For JSON that is neither a message nor an error.
pub fn no_message() -> ApiError {
    ApiError::bad_gateway("the upstream answered with JSON that is no message")
}

/// The error that a 2xx body says, in the shapes that providers use for it.
///
/// Errors: the body is not JSON.
pub fn error_in(status: u16, body: &[u8]) -> serde_json::Result<Option<ApiError>> {
    if Signs::of(body).is_ok_and(|signs| !signs.are_of_an_error()) {
        return Ok(None);
    }
    // It may be one: a member that stands there twice is no sign yet, the last one counts.
    let value: Value = serde_json::from_slice(body)?;
    if !says_error(&value) {
        return Ok(None);
    }
    Ok(Some(from_json(
        if status < 400 { 500 } else { status },
        &value,
    )))
}

/// The same, with what is not JSON left to others.
pub fn said_error(status: u16, body: &[u8]) -> Option<ApiError> {
    error_in(status, body).ok().flatten()
}

/// Whether a body that is JSON is a message.
pub fn is_message(body: &[u8]) -> bool {
    match Signs::of(body) {
        Ok(signs) => signs.kind.is_some_and(|kind| kind.get() == "\"message\""),
        // A member that stands there twice: the last one counts.
        Err(_) => {
            serde_json::from_slice::<Value>(body).is_ok_and(|value| value["type"] == "message")
        }
    }
}

fn says_error(value: &Value) -> bool {
    value.get("error").is_some_and(|error| !error.is_null())
        || value.get("type").and_then(Value::as_str) == Some("error")
        || value.get("success").and_then(Value::as_bool) == Some(false)
}

/// What tells an error from an answer, read without building the rest of a long answer.
#[derive(Default, Deserialize)]
struct Signs<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    success: Option<&'a RawValue>,
}

impl<'a> Signs<'a> {
    fn of(body: &'a [u8]) -> serde_json::Result<Self> {
        if body.trim_ascii_start().starts_with(b"{") {
            serde_json::from_slice(body)
        } else {
            serde_json::from_slice::<IgnoredAny>(body).map(|_| Self::default())
        }
    }

    fn are_of_an_error(&self) -> bool {
        let is = |value: Option<&RawValue>, text: &str| value.is_some_and(|raw| raw.get() == text);
        self.error.is_some() || is(self.kind, "\"error\"") || is(self.success, "false")
    }
}

/// An upstream's error by its status, with its own words.
pub fn upstream_error(status: u16, headers: &HeaderMap, body: &[u8]) -> ApiError {
    let error = match serde_json::from_slice::<Value>(body) {
        Ok(value) => from_json(status, &value),
        Err(_) if kind_of(&[Bytes::copy_from_slice(body)]) == Kind::Html => html_error(status),
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let text = text.trim();
            let text: String = text.chars().take(2000).collect();
            let message = if text.is_empty() {
                format!("the upstream answered with status {status} and no body")
            } else {
                text
            };
            ApiError::from_status(status, message)
        }
    };
    advised(error, headers)
}

/// The error with the upstream's advice on trying again, where it has none of its own.
pub fn advised(mut error: ApiError, headers: &HeaderMap) -> ApiError {
    error.should_retry = error.should_retry.or_else(|| should_retry(headers));
    if error.should_retry != Some(false) {
        error.retry_after_ms = error.retry_after_ms.or_else(|| retry_after(headers));
    }
    error
}

/// In milliseconds: of `retry-after-ms`, or of `retry-after` in seconds or as a date (RFC 9110, section 10.2.3).
pub fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| {
        let number = text(name)?.parse::<f64>().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number)
    };
    number("retry-after-ms")
        .map(|ms| ms as u64)
        .or_else(|| number("retry-after").map(|seconds| (seconds * 1000.0) as u64))
        .or_else(|| until(text("retry-after")?))
}

/// Milliseconds until a date; none of what is past.
fn until(date: &str) -> Option<u64> {
    let at = httpdate::parse_http_date(date).ok()?;
    let left = at.duration_since(SystemTime::now()).unwrap_or_default();
    Some(left.as_millis() as u64)
}

fn should_retry(headers: &HeaderMap) -> Option<bool> {
    headers.get("x-should-retry")?.to_str().ok()?.parse().ok()
}

/// Anthropic's `{"error":{type,message}}`, OpenAI's, Cerebras' flat body, FastAPI's `detail`.
fn from_json(status: u16, value: &Value) -> ApiError {
    let text = |pointer: &str| {
        value
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let message = text("/error/message")
        .or_else(|| text("/message"))
        .or_else(|| text("/error"))
        .or_else(|| text("/msg"))
        .unwrap_or_else(|| value.to_string().chars().take(2000).collect());
    let kind = text("/error/type")
        .and_then(|kind| known_kind(&kind))
        .filter(|_| value.get("type").is_some());
    let by_status = ApiError::from_status(status, message);
    match kind {
        Some(kind) if status == 500 => ApiError::new(kind, by_status.message),
        Some(kind) => ApiError {
            status,
            kind,
            ..by_status
        },
        None => by_status,
    }
}

/// The error of a stream whose very first event is one.
pub fn first_event_error(pieces: &[Bytes]) -> Option<ApiError> {
    let first = joined(pieces.to_vec());
    let frame = crate::sse::frames(&first).find(|frame| !is_comment(frame))?;
    let data = crate::sse::data(frame)?;
    let value: Value = serde_json::from_slice(data.trim_ascii()).ok()?;
    (value.get("type").and_then(Value::as_str) == Some("error")).then(|| from_json(500, &value))
}

fn is_comment(frame: &[u8]) -> bool {
    let mut lines = frame.split(|byte| matches!(byte, b'\n' | b'\r'));
    lines.all(|line| line.is_empty() || line.starts_with(b":"))
}

/// A whole 2xx body through the guests: an error inside it is explained, everything else converted.
pub async fn respond(chain: &mut Chain, head: &Head, body: Bytes) -> Result<Bytes, ApiError> {
    if let Some(error) = said_error(head.status, &body) {
        return match chain.explain(head, &body).await? {
            Explained::Failed(said) => Err(said),
            Explained::NotMine | Explained::Resend(_) => Err(error),
        };
    }
    Ok(joined(chain.respond(head, body).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstreams_words_are_found_in_every_usual_shape() {
        let said = |body: &str| upstream_error(400, &HeaderMap::new(), body.as_bytes()).message;
        assert_eq!(
            said(r#"{"type":"error","error":{"type":"invalid_request_error","message":"a"}}"#),
            "a"
        );
        assert_eq!(said(r#"{"error":{"message":"b","code":"x"}}"#), "b");
        assert_eq!(
            said(r#"{"message":"c","type":"t","param":null,"code":"x"}"#),
            "c"
        );
        assert_eq!(said(r#"{"error":"d"}"#), "d");
        assert_eq!(
            said(r#"{"detail":[{"msg":"e"}]}"#),
            r#"{"detail":[{"msg":"e"}]}"#
        );
        assert_eq!(said("plain"), "plain");
    }

    #[test]
    fn a_page_of_html_is_never_shown() {
        let error = upstream_error(
            502,
            &HeaderMap::new(),
            b"<html><body>bad gateway at 10.0.0.1</body></html>",
        );
        assert_eq!((error.status, error.kind), (502, "api_error"));
        assert!(!error.message.contains("10.0.0.1"));
    }

    #[test]
    fn an_error_inside_a_200_is_an_error() {
        let error = said_error(
            200,
            br#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#,
        )
        .unwrap();
        assert_eq!((error.status, error.kind), (529, "overloaded_error"));
        assert!(said_error(200, br#"{"type":"message","content":[]}"#).is_none());
        assert!(said_error(200, br#"{"id":"x","error":null,"choices":[]}"#).is_none());
        assert!(said_error(200, br#"{"type":"error","type":"message"}"#).is_none());
        assert!(said_error(200, br#"{"type":"message","type":"error"}"#).is_some());
        assert!(said_error(200, br#"["error"]"#).is_none());
    }

    #[test]
    fn only_what_says_so_is_a_message() {
        assert!(is_message(br#"{"id":"x","type": "message","content":[]}"#));
        assert!(is_message(br#"{"type":"x","type":"message"}"#));
        for other in ["{}", "[]", r#"["message"]"#, r#"{"type":"messages"}"#] {
            assert!(!is_message(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn an_error_as_first_event_is_found_behind_comments_and_without_its_event_line() {
        let error =
            r#"data: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#;
        for before in ["", "event: error\n", ": hi\n\n"] {
            let stream = Bytes::from(format!("{before}{error}\n\n"));
            assert_eq!(
                first_event_error(&[stream]).unwrap().status,
                529,
                "{before:?}"
            );
        }
        let text = Bytes::from_static(b"event: ping\ndata: {\"type\":\"ping\"}\n\n");
        assert!(first_event_error(&[text]).is_none());
    }

    #[test]
    fn retry_advice_is_read_in_seconds_and_in_milliseconds() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "1.5".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(1500));
        headers.insert("retry-after-ms", "20".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(20));
    }

    #[test]
    fn retry_advice_may_be_a_date_and_one_that_is_past_means_now() {
        let advised = |date: SystemTime| {
            let mut headers = HeaderMap::new();
            let date = httpdate::fmt_http_date(date);
            headers.insert("retry-after", date.parse().unwrap());
            retry_after(&headers)
        };
        let hour = std::time::Duration::from_hours(1);
        let advice = advised(SystemTime::now() + hour).unwrap();
        assert!((1..=3_600_000).contains(&advice), "{advice}");
        assert_eq!(advised(SystemTime::now() - hour), Some(0));
    }
}

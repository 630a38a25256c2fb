//! Which conversation a request belongs to: by the client's header, else by `metadata.user_id` in
//! either of its forms.

use std::borrow::Cow;

use http::HeaderMap;
use serde::Deserialize;

use crate::head::RequestHead;

/// The header of today's Claude Code.
const HEADER: &str = "x-claude-code-session-id";

/// Longer ones are not a session id.
const LONGEST: usize = 64;

/// The session id, if there is one of a sensible form.
pub fn session_id(headers: &HeaderMap, head: &RequestHead, body: &[u8]) -> Option<String> {
    let header = headers.get(HEADER).and_then(|value| value.to_str().ok());
    if let Some(id) = header.filter(|id| valid(id)) {
        return Some(id.to_owned());
    }
    #[derive(Deserialize)]
    struct Metadata<'a> {
        #[serde(borrow)]
        user_id: Option<Cow<'a, str>>,
    }
    let metadata = body.get(head.metadata.clone()?)?;
    let metadata: Metadata<'_> = serde_json::from_slice(metadata).ok()?;
    of_user_id(&metadata.user_id?)
}

/// JSON with a `session_id` (Claude Code 2.1), or `user_..._session_ID` (earlier ones).
fn of_user_id(user_id: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct User {
        session_id: String,
    }
    let id = if user_id.starts_with('{') {
        serde_json::from_str::<User>(user_id).ok()?.session_id
    } else {
        user_id.split_once("_session_")?.1.to_owned()
    };
    valid(&id).then_some(id)
}

fn valid(id: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !id.is_empty() && id.len() <= LONGEST && id.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(header: Option<&str>, metadata: &str) -> Option<String> {
        let body = format!(r#"{{"model":"m","messages":[],"metadata":{metadata}}}"#);
        let head = RequestHead::peek(body.as_bytes()).unwrap();
        let mut headers = HeaderMap::new();
        if let Some(id) = header {
            headers.insert(HEADER, id.parse().unwrap());
        }
        session_id(&headers, &head, body.as_bytes())
    }

    #[test]
    fn a_session_is_known_by_header_or_by_both_forms_of_the_user_id() {
        let old = r#"{"user_id":"user_ab_account__session_11-22"}"#;
        let new = r#"{"user_id":"{\"device_id\":\"d\",\"session_id\":\"33-44\"}"}"#;
        assert_eq!(session(None, old).as_deref(), Some("11-22"));
        assert_eq!(session(None, new).as_deref(), Some("33-44"));
        assert_eq!(session(Some("55"), new).as_deref(), Some("55"));
    }

    #[test]
    fn what_is_no_session_id_is_none() {
        for metadata in [
            "null",
            "7",
            "{}",
            r#"{"user_id":7}"#,
            r#"{"user_id":"x_session_../a"}"#,
        ] {
            assert_eq!(session(None, metadata), None, "{metadata}");
        }
        assert_eq!(session(Some("../../etc"), "null"), None);
    }
}

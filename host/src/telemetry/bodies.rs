//! The line with the bodies of an exchange, for a log that is to have them. They are cleaned here, on the
//! log's own thread: of the configuration's keys, of what has the form of a key, and of what tells a person,
//! a machine or an account. What still looks like any of these afterwards is left out whole.

use std::time::SystemTime;

use bytes::Bytes;
use serde_json::json;

use super::clock::Stamp;
use crate::record::{Bodies, Kept};
use crate::redact::Redactor;
use crate::upstream::Secrets;

/// Longer than any key: of a body that was cut so much is left out, because a key may have been cut too.
const LONGEST_KEY: usize = 8 << 10;

/// Bodies that wait to be written.
pub(super) struct Waiting {
    pub(super) at: SystemTime,
    pub(super) request_id: String,
    pub(super) bodies: Bodies,
    pub(super) secrets: Secrets,
}

impl Waiting {
    /// One JSON object and a line end.
    pub(super) fn write_json(self, out: &mut Vec<u8>) {
        let how = &self.bodies.how;
        let clean = Redactor::new(&how.known, &how.own)
            .and_then(|redactor| cleaned(redactor, &self.secrets, &self.bodies));
        let (request, answer) = clean.unwrap_or_else(|why| {
            let left_out = format!("[left out: {why}]");
            (left_out.clone(), left_out)
        });
        let line = json!({
            "timestamp": Stamp::of(self.at).to_string(), "level": "INFO", "message": "bodies",
            "request_id": self.request_id,
            "request": shortened(request, how.most), "request_bytes": self.bodies.request.whole,
            "answer": shortened(answer, how.most), "answer_bytes": self.bodies.answer.whole,
            "target": super::BODIES,
        });
        out.extend_from_slice(line.to_string().as_bytes());
        out.push(b'\n');
    }
}

/// Both, the same value under the same placeholder.
fn cleaned(
    mut redactor: Redactor,
    secrets: &Secrets,
    bodies: &Bodies,
) -> Result<(String, String), String> {
    let [request, answer] = [&bodies.request, &bodies.answer]
        .map(|kept| secrets.scrub_bytes(Bytes::from(kept.bytes.to_vec())));
    redactor.learn_from_client(&request);
    redactor.learn(&answer);
    let mut clean = |body: &Bytes, kept: &Kept| {
        let clean = redactor.body(body);
        let left = redactor.left_in(&clean);
        if !left.is_empty() {
            return Err("something personal, or a key, could not be taken out".to_owned());
        }
        let mut text = String::from_utf8_lossy(&clean).into_owned();
        if kept.is_cut() {
            truncate(&mut text, clean.len().saturating_sub(LONGEST_KEY));
        }
        Ok(text)
    };
    Ok((
        clean(&request, &bodies.request)?,
        clean(&answer, &bodies.answer)?,
    ))
}

fn shortened(mut text: String, most: usize) -> String {
    if text.len() > most {
        truncate(&mut text, most);
        text.push_str("[...]");
    }
    text
}

/// To so many bytes at most, between two characters.
fn truncate(text: &mut String, most: usize) {
    text.truncate(text.floor_char_boundary(most));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;

    use super::*;
    use crate::config::Secret;
    use crate::record::Logging;
    use crate::redact::Known;

    fn line(request: &str, answer: &str, most: usize) -> Value {
        let how = Arc::new(Logging {
            most,
            known: Known {
                home: Some("/home/ada".to_owned()),
                ..Known::default()
            },
            own: Vec::new(),
        });
        let mut bodies = Bodies::of(&how, &Bytes::from(request.to_owned()));
        bodies.answered(answer.as_bytes());
        let waiting = Waiting {
            at: SystemTime::now(),
            request_id: "id".to_owned(),
            bodies,
            secrets: Secrets::new(&[Secret::new("a-key-of-the-configuration")]),
        };
        let mut out = Vec::new();
        waiting.write_json(&mut out);
        assert_eq!(out.last(), Some(&b'\n'));
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn keys_and_what_is_personal_are_taken_out_and_all_else_stays() {
        let key = "sk-ant-api03-u8jzPde0IgxLd6GncfBAepfJBd0Kh8oOOL8dKLzdocJ2isAjIhKtJ0RlgLKOmxgJTeKdNnFRIBXuDL7DxtpYlSXpfKtHFAA";
        let request = format!(
            r#"{{"messages":[{{"role":"user","content":"look at /home/ada/work, use {key} or a-key-of-the-configuration"}}]}}"#
        );
        let line = line(&request, "event: ping\ndata: {\"type\":\"ping\"}\n\n", 4096);
        let told = line["request"].as_str().unwrap();
        for secret in [key, "a-key-of-the-configuration", "ada"] {
            assert!(!told.contains(secret), "{told}");
        }
        assert!(
            told.contains("look at ") && told.contains("/work, use "),
            "{told}"
        );
        assert_eq!(line["request_bytes"], request.len());
        assert!(line["answer"].as_str().unwrap().contains("event: ping"));
    }

    #[test]
    fn a_long_body_is_cut_between_characters_and_says_so() {
        let line = line("\"\u{e9}\u{e9}\u{e9}\"", &"x".repeat(100), 4);
        assert_eq!(line["request"], "\"\u{e9}[...]");
        assert_eq!(line["answer"], "xxxx[...]");
        assert_eq!(line["answer_bytes"], 100);
    }

    #[test]
    fn a_key_that_the_bound_cut_is_left_out() {
        let mut long = "y ".repeat((1 << 19) - 10);
        long.push_str("a-key-of-the-configuration");
        let line = line("{}", &long, 4 << 20);
        let told = line["answer"].as_str().unwrap();
        assert!(
            told.len() > (1 << 19) && !told.contains("a-key"),
            "{}",
            told.len()
        );
    }
}

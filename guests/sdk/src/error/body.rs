//! The shapes in which providers say what went wrong.

use crate::json::{Escaped, Members, RawValue};

/// What an error body says.
#[derive(Debug, Default)]
pub struct Said {
    /// The upstream's own words, empty if there are none fit to be shown.
    pub message: String,
    /// Its `type`, `code` and the like.
    pub codes: Vec<String>,
    /// A status named in the body.
    pub status: Option<u16>,
    /// Tokens of the prompt, and the size of the context, where the provider gives them as numbers (llama.cpp does).
    pub tokens: Option<(u64, u64)>,
}

impl Said {
    /// Whether one of these codes is said.
    pub fn any(&self, codes: &[&str]) -> bool {
        self.codes.iter().any(|code| codes.contains(&code.as_str()))
    }
}

/// Reads `{"error":{…}}`, a flat object, FastAPI's `detail`, a list with one error, MiniMax's `base_resp`, or a
/// sentence. Pages and longer texts are not for the client.
pub fn read(text: &str) -> Said {
    let mut said = Said::default();
    let text = text.trim();
    let list = crate::json::from_str::<Vec<&RawValue>>(text).unwrap_or_default();
    let text = list.first().map_or(text, |first| first.get());
    let Ok(members) = crate::json::from_str::<Members<'_>>(text) else {
        said.message = sentence(text).unwrap_or_default();
        return said;
    };
    object(&members, &mut said);
    for inner in ["error", "base_resp"] {
        let Some(error) = members.get(inner) else {
            continue;
        };
        match crate::json::from_str::<Members<'_>>(error.get()) {
            Ok(members) => object(&members, &mut said),
            Err(_) => said.message = words(error).unwrap_or_default(),
        }
    }
    if let Some(detail) = members.get("detail").filter(|_| said.message.is_empty()) {
        said.message = words(detail).unwrap_or_else(|| complaints(detail));
    }
    said
}

fn object(members: &Members<'_>, said: &mut Said) {
    for (name, value) in members.iter() {
        match name {
            "message" | "status_msg" => {
                let detail = || {
                    let members: Members<'_> = crate::json::from_str(value.get()).ok()?;
                    members.get("detail").map(complaints)
                };
                if let Some(words) = words(value).or_else(detail) {
                    said.message = words;
                }
            }
            "type" | "code" | "status" | "status_code" | "http_code" | "error_type" => {
                let code = words(value).unwrap_or_else(|| value.get().to_owned());
                if let Ok(status @ 400..=599) = code.parse() {
                    said.status = Some(status);
                }
                said.codes.push(code);
            }
            _ => {}
        }
    }
    if let Some(metadata) = members.get("metadata") {
        behind(metadata, said);
    }
    let number = |name: &str| members.get(name)?.get().parse().ok();
    if let (Some(prompt), Some(context)) = (number("n_prompt_tokens"), number("n_ctx")) {
        said.tokens = Some((prompt, context));
    }
}

/// OpenRouter's `metadata`: what kind of error it is, and in `raw` what the provider behind it said, which tells more
/// than "Provider returned error".
fn behind(metadata: &RawValue, said: &mut Said) {
    let Ok(members) = crate::json::from_str::<Members<'_>>(metadata.get()) else {
        return;
    };
    let before = std::mem::take(&mut said.message);
    object(&members, said);
    let raw = members.get("raw").and_then(words);
    let raw = raw.map(|raw| read(&raw)).unwrap_or_default();
    let told = [raw.message, before, std::mem::take(&mut said.message)];
    said.message = told
        .into_iter()
        .find(|words| !words.is_empty())
        .unwrap_or_default();
    said.codes.extend(raw.codes);
    said.tokens = said.tokens.or(raw.tokens);
}

/// What is longer is no sentence.
const SENTENCE: usize = 300;

/// A body that is a JSON string, or one line of plain text. Markup and broken JSON are neither.
fn sentence(text: &str) -> Option<String> {
    let text = crate::json::from_str::<&RawValue>(text)
        .ok()
        .and_then(words)
        .unwrap_or_else(|| text.to_owned());
    let markup = text.contains(['<', '{', '[', '\n']);
    (text.len() <= SENTENCE && !markup).then(|| text.trim().to_owned())
}

fn words(value: &RawValue) -> Option<String> {
    Escaped::of(value).map(|text| text.unescape().into_owned())
}

/// FastAPI's list of complaints: `messages.0.role: Input should be 'user' or 'assistant'`.
fn complaints(detail: &RawValue) -> String {
    let list = crate::json::from_str::<Vec<Members<'_>>>(detail.get()).unwrap_or_default();
    let complaints = list.iter().filter_map(|complaint| {
        let what = words(complaint.get("msg")?)?;
        let path = complaint.get("loc").map(RawValue::get).unwrap_or_default();
        let path = crate::json::from_str::<Vec<&RawValue>>(path).unwrap_or_default();
        let path: Vec<&str> = path
            .iter()
            .map(|step| step.get().trim_matches('"'))
            .filter(|step| *step != "body")
            .collect();
        Some(format!("{}: {what}", path.join(".")))
    });
    complaints.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_told_and_a_page_is_not() {
        assert_eq!(read("404 page not found\n").message, "404 page not found");
        assert_eq!(read(r#""Invalid token""#).message, "Invalid token");
        for page in [
            "<html>Bad Gateway</html>",
            "{\"half",
            "a\nstack",
            &"x".repeat(301),
        ] {
            assert_eq!(read(page).message, "", "{page}");
        }
    }

    #[test]
    fn what_a_provider_behind_said_comes_first_and_nothing_hides_the_rest() {
        let said = read(
            r#"{"error":{"code":400,"metadata":{"raw":"{\"error\":{\"message\":\"Too long.\",\"code\":\"x\"}}"},
                "message":"Provider returned error"}}"#,
        );
        assert_eq!(
            (said.message.as_str(), said.status),
            ("Too long.", Some(400))
        );
        assert!(said.any(&["x"]));
        let said = read(r#"{"error":{"message":"m","metadata":{"raw":"{}"}}}"#);
        assert_eq!(said.message, "m");
    }
}

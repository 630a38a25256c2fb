//! What ccr's `api_base_url`, the URL of a whole endpoint, says: a base, a path, a format.

use url::Url;

/// The format behind a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// The Messages API.
    Messages,
    /// Chat completions.
    Chat,
    /// OpenAI's Responses API.
    Responses,
    /// Gemini's own API.
    Gemini,
    /// Nothing at its end tells.
    Unknown,
}

/// An endpoint taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) format: Format,
    /// Without the part that a transformer adds.
    pub(super) base: String,
    /// What the transformer has to add, where that is not the usual thing.
    pub(super) path: Option<String>,
}

impl Endpoint {
    pub(super) fn of(url: &Url) -> Self {
        let mut base = url.clone();
        base.set_query(None);
        base.set_fragment(None);
        let path = url.path().trim_end_matches('/').to_owned();
        let query = url
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let ends = [
            ("/v1/messages", Format::Messages, "/v1/messages"),
            ("/messages", Format::Messages, ""),
            ("/chat/completions", Format::Chat, "/chat/completions"),
            ("/completions", Format::Chat, ""),
            ("/responses", Format::Responses, "/responses"),
        ];
        for (end, format, usual) in ends {
            let Some(before) = path.strip_suffix(end) else {
                continue;
            };
            base.set_path(before);
            let whole = format!("{end}{query}");
            return Self {
                format,
                base: shown(&base),
                path: (whole != usual && format != Format::Responses).then_some(whole),
            };
        }
        let of_google = url.host_str() == Some("generativelanguage.googleapis.com");
        if (of_google && !path.ends_with("/openai")) || path.ends_with("/v1beta/models") {
            return Self::of_gemini(url);
        }
        base.set_path(&path);
        let format = if path.ends_with("/anthropic") || url.host_str() == Some("api.anthropic.com")
        {
            Format::Messages
        } else {
            Format::Unknown
        };
        Self {
            format,
            base: shown(&base),
            path: (!query.is_empty()).then(|| format!("/chat/completions{query}")),
        }
    }

    /// What the transformers that a provider names say where the URL does not: ccr asks the URL for what these add.
    pub(super) fn or_named(self, url: &Url, gemini: bool, responses: bool) -> Self {
        match self.format {
            Format::Unknown if gemini => Self::of_gemini(url),
            Format::Unknown if responses => Self {
                format: Format::Responses,
                path: None,
                ..self
            },
            _ => self,
        }
    }

    /// ccr's own transformer adds the model to `…/models/`.
    fn of_gemini(url: &Url) -> Self {
        let mut base = url.clone();
        base.set_query(None);
        base.set_fragment(None);
        let path = url.path().trim_end_matches('/');
        let version = path.split("/models").next().unwrap_or_default();
        base.set_path(if version.is_empty() {
            "/v1beta"
        } else {
            version
        });
        Self {
            format: Format::Gemini,
            base: shown(&base),
            path: None,
        }
    }
}

fn shown(base: &Url) -> String {
    base.as_str().trim_end_matches('/').to_owned()
}

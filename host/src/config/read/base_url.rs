//! The base URL of a provider, and whether it fits the transformer.

use url::{Host, Url};

use super::super::reader::{Place, Reader};
use super::super::{Stage, Transformer};

/// Endpoints that people paste instead of the base; longest first.
const ENDPOINTS: [&str; 5] = [
    "/v1/messages/count_tokens",
    "/v1/messages",
    "/chat/completions",
    "/messages",
    "/completions",
];

/// A URL without query, fragment, login and trailing slash. `last`: the transformer that speaks to the provider.
pub(super) fn base_url(at: &Place<'_>, last: Option<&str>, reader: &mut Reader<'_>) -> Option<Url> {
    let text = reader.text(at)?;
    let example = "write it like \"https://api.example.com/v1\"";
    let mut url = match Url::parse(text.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
        Ok(_) => {
            reader.problem(at, "the URL must begin with https:// or http://", example);
            return None;
        }
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            let what = "this is not a URL: it does not begin with https:// or http://";
            reader.problem(at, what, example);
            return None;
        }
        Err(error) => {
            reader.problem(at, format!("this is not a URL: {error}"), example);
            return None;
        }
    };
    let mut flawed = false;
    if !url.username().is_empty() || url.password().is_some() {
        reader.problem(
            at,
            "there is a login in the URL",
            "take it out; keys belong into `api_key`",
        );
        flawed = true;
    }
    if url.query().is_some() || url.fragment().is_some() {
        reader.problem(
            at,
            "a base URL has no ? and no #",
            "take it off; a query belongs to the transformer",
        );
        flawed = true;
    }
    if flawed {
        return None;
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    if let Some(endpoint) = ENDPOINTS.iter().find(|endpoint| path.ends_with(**endpoint)) {
        let base = url.as_str().strip_suffix(endpoint).unwrap_or_default();
        let (what, remedy) = endpoint_pasted(endpoint, base, last);
        reader.problem(at, what, remedy);
        return None;
    }
    Some(url)
}

/// What is wrong with the URL of an endpoint, and what to write instead.
fn endpoint_pasted(endpoint: &str, base: &str, last: Option<&str>) -> (String, String) {
    let of_messages = endpoint.contains("messages");
    match last.map(|last| (last, wanted(last))) {
        Some((last, Some(Speaks::OpenAi))) if of_messages => {
            let fits = Url::parse(base).map_or("anthropic", |url| of_host(&url));
            let what = format!("`{last}` sends OpenAI's format, and {endpoint} takes Anthropic's");
            let remedy = format!(
                "write transformer: \"{fits}\" with the base \"{base}\", or give the base URL of the provider's \
                 chat completions"
            );
            (what, remedy)
        }
        Some((last, Some(Speaks::Anthropic))) if !of_messages => {
            let what = format!("`{last}` sends Anthropic's format, and {endpoint} takes OpenAI's");
            let remedy = format!(
                "write transformer: \"openai\" with the base \"{base}\", or give the provider's Anthropic base URL"
            );
            (what, remedy)
        }
        _ => (
            format!("this is an endpoint: the transformer adds {endpoint} itself"),
            format!("write the base: \"{base}\""),
        ),
    }
}

/// Warns when a key would cross a network in the clear.
pub(super) fn in_the_clear(at: &Place<'_>, url: &Url, reader: &mut Reader<'_>) {
    let local = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_private(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unique_local(),
        Some(Host::Domain(name)) => {
            let top = name.rsplit('.').next().unwrap_or(name);
            matches!(top, "localhost" | "local")
        }
        None => false,
    };
    if url.scheme() == "http" && !local {
        reader.warning(
            at,
            "the key goes over the network in the clear",
            "use https://",
        );
    }
}

/// What a URL says about the format behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Anthropic,
    OpenAi,
    Gemini,
    Unknown,
}

/// Serves Gemini's own API, and OpenAI's format below `/openai`.
const GEMINI_HOST: &str = "generativelanguage.googleapis.com";

/// Hosts that serve the `OpenAI` format below `/v1` and the like, and not Anthropic's there.
const OPENAI_HOSTS: [&str; 8] = [
    "api.openai.com",
    "api.cerebras.ai",
    "api.groq.com",
    "api.mistral.ai",
    "api.together.xyz",
    "api.siliconflow.com",
    "integrate.api.nvidia.com",
    "api.x.ai",
];

fn speaks(url: &Url) -> Speaks {
    let path = url.path().trim_end_matches('/');
    let host = url.host_str().unwrap_or_default();
    let anthropic = path.ends_with("/anthropic")
        || path.ends_with("/anthropic/v1")
        || host == "api.anthropic.com";
    if anthropic {
        Speaks::Anthropic
    } else if OPENAI_HOSTS.contains(&host)
        || path.ends_with("/paas/v4")
        || path.ends_with("/v1beta/openai")
    {
        Speaks::OpenAi
    } else if host == GEMINI_HOST {
        Speaks::Gemini
    } else {
        Speaks::Unknown
    }
}

/// The transformer that fits a URL best, for a remedy.
pub(super) fn fitting(url: &Url) -> &'static str {
    match speaks(url) {
        Speaks::Anthropic => of_host(url),
        _ if url.host_str() == Some("api.cerebras.ai") => "cerebras",
        Speaks::Gemini => "gemini",
        _ => "openai",
    }
}

/// The transformer for a URL behind which Anthropic's format is spoken.
fn of_host(url: &Url) -> &'static str {
    let host = url.host_str().unwrap_or_default();
    if host.ends_with("z.ai") || host.ends_with("bigmodel.cn") {
        "zai"
    } else {
        "anthropic"
    }
}

/// What a built-in transformer sends, by one of the two formats that URLs can contradict.
fn wanted(transformer: &str) -> Option<Speaks> {
    match transformer {
        "anthropic" | "compatible" | "zai" => Some(Speaks::Anthropic),
        "openai" | "cerebras" => Some(Speaks::OpenAi),
        _ => None,
    }
}

/// Ollama's own API begins at the server's root; below /v1 it speaks OpenAI's format.
fn native_ollama(at: &Place<'_>, url: &Url, reader: &mut Reader<'_>) {
    let path = url.path().trim_end_matches('/');
    let Some(end) = ["/v1", "/api", "/api/chat"]
        .into_iter()
        .find(|end| path.ends_with(end))
    else {
        return;
    };
    let whole = url.as_str().trim_end_matches('/');
    let base = whole.strip_suffix(end).unwrap_or(whole);
    reader.problem(
        at,
        format!("`ollama` adds /api/chat, which makes {whole}/api/chat"),
        match end {
            "/v1" => format!("write \"{base}\", or transformer: \"openai\" for the API below /v1"),
            _ => format!("write \"{base}\""),
        },
    );
}

/// Gemini's own API begins at its version; below /openai it speaks OpenAI's format.
fn native_gemini(at: &Place<'_>, url: &Url, reader: &mut Reader<'_>) {
    let whole = url.as_str().trim_end_matches('/');
    let adds =
        |base: &str| format!("`gemini` adds /models/MODEL:METHOD, which makes {base}/models/…");
    if let Some(base) = whole.strip_suffix("/openai") {
        let remedy =
            format!("write \"{base}\", or transformer: \"openai\" for the API below /openai");
        reader.problem(at, adds(whole), remedy);
    } else if let Some(base) = whole.strip_suffix("/models") {
        reader.problem(at, adds(whole), format!("write \"{base}\""));
    } else if url.host_str() == Some(GEMINI_HOST) && url.path() == "/" {
        reader.problem(at, adds(whole), format!("write \"{whole}/v1beta\""));
    }
}

/// Says so when URL and transformer contradict each other.
pub(super) fn contradiction(
    at: &Place<'_>,
    url: &Url,
    transformer: &Transformer,
    reader: &mut Reader<'_>,
) {
    // The stage on the right speaks to the provider.
    let last = match transformer {
        Transformer::Passthrough => "anthropic",
        Transformer::Chain(stages) => stages.last().map_or("", Stage::name),
    };
    match last {
        "gemini" => return native_gemini(at, url, reader),
        "ollama" => return native_ollama(at, url, reader),
        _ => {}
    }
    let Some(wants) = wanted(last) else { return };
    let found = speaks(url);
    let fitting = fitting(url);
    match (wants, found) {
        (Speaks::OpenAi, Speaks::Anthropic) => reader.problem(
            at,
            format!("`{last}` sends OpenAI's format, and {url} speaks Anthropic's"),
            format!("write transformer: \"{fitting}\", or give the provider's OpenAI base URL"),
        ),
        (Speaks::Anthropic, Speaks::OpenAi) => {
            let other = match last {
                "zai" => "give its Anthropic base URL, https://api.z.ai/api/anthropic",
                _ => "give the provider's Anthropic base URL",
            };
            reader.problem(
                at,
                format!("`{last}` sends Anthropic's format, and {url} speaks OpenAI's"),
                format!("write transformer: \"{fitting}\", or {other}"),
            );
        }
        (Speaks::OpenAi | Speaks::Anthropic, Speaks::Gemini) => reader.problem(
            at,
            format!("`{last}` does not speak Gemini's own format, which {url} does"),
            format!("write transformer: \"gemini\", or \"openai\" with \"{url}/openai\""),
        ),
        (Speaks::Anthropic, _) if url.path().ends_with("/v1") => {
            let base = url.as_str().strip_suffix("/v1").unwrap_or_default();
            reader.problem(
                at,
                format!("`{last}` adds /v1/messages, which makes {url}/v1/messages"),
                format!("write the base without /v1: \"{base}\"; or transformer: \"openai\" if it speaks that"),
            );
        }
        _ => {}
    }
}

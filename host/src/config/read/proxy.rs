//! `proxy`: how providers are reached.

use url::Url;

use super::super::reader::{Place, Reader};
use super::super::{Proxy, Secret};

pub(in super::super) const PROXY: [&str; 2] = ["no_proxy", "url"];

pub(super) fn proxy(at: &Place<'_>, reader: &mut Reader<'_>) -> Proxy {
    let Some(fields) = reader.fields(at, &PROXY) else {
        return Proxy::default();
    };
    let hosts = fields.get("no_proxy").and_then(|at| reader.items(at));
    Proxy {
        url: fields.get("url").and_then(|at| url(at, reader)),
        no_proxy: hosts
            .unwrap_or_default()
            .iter()
            .filter_map(|at| reader.text(at))
            .collect(),
    }
}

/// Empty, as `${PROXY:-}` can be, is none. It may hold a login, so it is in no message.
fn url(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Secret> {
    let text = reader.string(at)?;
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    // As curl takes it.
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    match Url::parse(&whole) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            Some(Secret::new(whole))
        }
        _ => {
            reader.problem(
                at,
                "this is not the URL of an HTTP proxy",
                "write it like \"http://proxy.example.com:8080\"",
            );
            None
        }
    }
}

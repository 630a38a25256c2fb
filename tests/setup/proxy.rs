//! Providers behind a proxy: a scripted one, which sees whole URLs.

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::host::{self, Builder, Host};
use crate::harness::upstream::{Answer, Upstream};
use crate::roads::ZAI;

/// Names that lead nowhere without the proxy, and a provider on this machine.
fn providers(local: &Upstream) -> Builder {
    let named = |name: &str, url: &str| host::provider(name, url, "anthropic", "m");
    Builder::new()
        .provider(named("far", "http://far.invalid"))
        .provider(named("direct", "http://deep.direct.invalid"))
        .provider(named("local", &local.url()))
}

async fn status(host: &Host, provider: &str) -> u16 {
    let request: Value = json!({ "model": format!("{provider},m"), "max_tokens": 9, "stream": true,
        "messages": [{ "role": "user", "content": "hi" }] });
    client::messages(host.base(), &request).await.status
}

async fn check(host: &Host, proxy: &Upstream, local: &Upstream) {
    assert_eq!(status(host, "far").await, 200);
    assert_eq!(
        proxy.requests()[0].target(),
        "http://far.invalid/v1/messages"
    );
    assert_eq!(status(host, "local").await, 200);
    assert_eq!(local.requests().len(), 1);
    assert_ne!(status(host, "direct").await, 200);
    assert_eq!(
        proxy.requests().len(),
        1,
        "neither of them went through the proxy"
    );
}

#[tokio::test]
async fn the_configured_proxy_is_used_but_for_loopback_and_the_listed_hosts() {
    let (proxy, local) = (
        Upstream::always(Answer::sse(ZAI)).await,
        Upstream::always(Answer::sse(ZAI)).await,
    );
    let url = proxy
        .url()
        .replace("http://", "http://user:pass-0123456789@");
    let setting = json!({ "url": url, "no_proxy": ["direct.invalid"] });
    let host = providers(&local).set("proxy", setting).start();
    check(&host, &proxy, &local).await;
    let login = proxy.requests()[0]
        .header("proxy-authorization")
        .map(str::to_owned);
    assert_eq!(login.as_deref(), Some("Basic dXNlcjpwYXNzLTAxMjM0NTY3ODk="));
}

#[tokio::test]
async fn a_proxy_that_wants_a_login_is_no_answer_of_the_provider() {
    let proxy = Upstream::always(Answer::json(407, &json!({}))).await;
    let local = Upstream::always(Answer::sse(ZAI)).await;
    let behind = || providers(&local).set("proxy", json!({ "url": proxy.url() }));
    assert_eq!(status(&behind().start(), "far").await, 502);
    let fallback = json!({ "default": "far,m", "fallback": { "default": ["local,m"] } });
    let host = behind().set("router", fallback).start();
    assert_eq!(status(&host, "far").await, 200);
}

#[tokio::test]
async fn the_environments_proxy_is_used_where_the_configuration_is_silent() {
    let (proxy, local) = (
        Upstream::always(Answer::sse(ZAI)).await,
        Upstream::always(Answer::sse(ZAI)).await,
    );
    let host = providers(&local)
        .env("HTTP_PROXY", &proxy.url())
        .env("NO_PROXY", ".direct.invalid")
        .start();
    check(&host, &proxy, &local).await;
}

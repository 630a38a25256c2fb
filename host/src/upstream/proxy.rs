//! Which proxy stands before providers, by the configuration or the environment. Loopback has none.

use reqwest::NoProxy;

use crate::config::{Env, Proxy};

/// Never reached through a proxy: it would look at its own machine.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// What the HTTP client is to use; none: straight connections.
///
/// Errors: a URL of the environment that is none of an HTTP proxy.
pub(super) fn proxies(proxy: &Proxy, env: Env<'_>) -> reqwest::Result<Vec<reqwest::Proxy>> {
    if let Some(url) = &proxy.url {
        let except = except(&proxy.no_proxy.join(","));
        return Ok(vec![reqwest::Proxy::all(url.expose())?.no_proxy(except)]);
    }
    let of = |names: [&str; 2]| {
        let mut values = names.into_iter().filter_map(env);
        values.find(|value| !value.is_empty())
    };
    let all = || of(["ALL_PROXY", "all_proxy"]);
    let listed = of(["NO_PROXY", "no_proxy"]).unwrap_or_default();
    let listed = [proxy.no_proxy.join(","), listed].join(",");
    if listed.split(',').any(|host| host.trim() == "*") {
        return Ok(Vec::new());
    }
    let https = of(["HTTPS_PROXY", "https_proxy"]).or_else(all);
    let http = of(["HTTP_PROXY", "http_proxy"]).or_else(all);
    let https = https.map(reqwest::Proxy::https);
    let http = http.map(reqwest::Proxy::http);
    let both = https.into_iter().chain(http);
    both.map(|one| Ok(one?.no_proxy(except(&listed)))).collect()
}

fn except(hosts: &str) -> Option<NoProxy> {
    NoProxy::from_string(&format!("{hosts},{LOOPBACK}"))
}

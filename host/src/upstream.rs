//! Talking to a provider's endpoint: the URL, the key, time limits, and an answer without secrets.
//!
//! Knows nothing of guests or of the Messages API. The key is added here and nowhere else.

mod body;
mod headers;
mod key;
mod proxy;
mod scrub;
mod target;

pub(crate) use body::joined;
pub use body::{ReadError, SlicedBody, UpstreamBody};
pub use headers::{
    forwarded_from_client, forwarded_to_client, may_carry_key, refused_from_guest, visible,
};
pub use scrub::{REDACTED, Scrubber, Secrets};
pub(crate) use target::legal_path;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::config::{Auth, Provider, Proxy, Secret, Timeouts, process_env};
use crate::error::{ApiError, Trouble};

/// The pooled connections. One for the whole host.
#[derive(Clone)]
pub struct Upstream {
    client: reqwest::Client,
    timeouts: Timeouts,
    secrets: Secrets,
    printed: Arc<key::Printed>,
    /// The secrets of the configuration and those printed keys.
    all: Arc<Mutex<(Vec<Secret>, Secrets)>>,
    targets: Arc<target::Targets>,
}

/// What is sent.
pub struct Outgoing {
    /// Below the provider's base URL.
    pub url: Url,
    /// Without the key.
    pub headers: HeaderMap,
    /// In pieces that are not joined.
    pub body: Vec<Bytes>,
    /// The provider's key, unless it has none or a command prints it.
    pub key: Option<Secret>,
    /// How the key is presented.
    pub auth: Auth,
    /// How long the provider may take for its status line.
    pub patience: Patience,
}

/// A time limit and the setting that it comes from, for the words of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The limit.
    pub limit: Duration,
    /// Such as `timeouts.headers_ms`.
    pub setting: &'static str,
}

/// What came back: the status line and headers; the body is still to be read.
pub struct Answer {
    /// Of the status line.
    pub status: StatusCode,
    /// With secrets taken out.
    pub headers: HeaderMap,
    /// Read it with a limit or as a stream.
    pub body: UpstreamBody,
}

impl Upstream {
    /// Builds the client. `secrets` are taken out of whatever upstreams say.
    pub fn new(timeouts: &Timeouts, proxy: &Proxy, secrets: Secrets) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .tcp_nodelay(true)
            .connect_timeout(timeouts.connect)
            .pool_idle_timeout(Duration::from_secs(90))
            .tcp_keepalive(Duration::from_mins(1))
            // A redirect would carry the key to another origin.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        let proxies = proxy::proxies(proxy, &process_env)?;
        let client = proxies
            .into_iter()
            .fold(client, reqwest::ClientBuilder::proxy);
        Ok(Self {
            client: client.build()?,
            timeouts: timeouts.clone(),
            secrets,
            printed: Arc::default(),
            all: Arc::default(),
            targets: Arc::default(),
        })
    }

    /// The secrets that are taken out of what upstreams say: those of the configuration, and what
    /// key commands printed lately.
    pub fn secrets(&self) -> Secrets {
        let printed = self.printed.known();
        if printed.is_empty() {
            return self.secrets.clone();
        }
        // Built once for each printed key, not for each exchange.
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.0 != printed {
            *all = (printed.clone(), self.secrets.and(&printed));
        }
        all.1.clone()
    }

    /// The URL of `path` at the provider, always below its base URL.
    ///
    /// Errors: a sentence for the exchange's error.
    pub fn url(&self, provider: &Provider, path: &str) -> Result<Url, String> {
        self.targets.join(&provider.name, &provider.base_url, path)
    }

    /// Sends, and waits for the status line.
    ///
    /// Errors: 401 for a provider without its key, 502 when the provider cannot be reached, 504
    /// when it does not answer in time.
    pub async fn send(&self, provider: &Provider, outgoing: Outgoing) -> Result<Answer, ApiError> {
        let Outgoing {
            url,
            mut headers,
            body,
            key,
            auth,
            patience,
        } = outgoing;
        key::present(provider, key, &auth, &mut headers, &self.printed).await?;
        let mut request = reqwest::Request::new(reqwest::Method::POST, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(reqwest::Body::wrap(SlicedBody::new(body)));
        let sent = self.client.execute(request);
        let response = match tokio::time::timeout(patience.limit, sent).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(unreachable(provider, &error)),
            Err(_) => {
                let (seconds, setting) = (patience.limit.as_secs_f32(), patience.setting);
                let message = format!(
                    "provider `{}` did not answer within {seconds} s ({setting})",
                    provider.name
                );
                return Err(ApiError::new("timeout_error", message).of(Trouble::Silent));
            }
        };
        let status = response.status();
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(refused_by_the_proxy(provider));
        }
        if status == StatusCode::UNAUTHORIZED {
            self.printed.forget(provider);
        }
        let secrets = self.secrets();
        let headers = secrets.scrub_headers(response.headers());
        let idle = self.timeouts.idle;
        let body = match compressed(&headers) {
            None => UpstreamBody::new(response, idle, secrets.scrubber()),
            Some(why) if status.is_success() => {
                return Err(ApiError::bad_gateway(why).of(Trouble::Lasting));
            }
            // Its status says what it is all the same.
            Some(why) => {
                let words = futures_util::stream::iter([Ok(Bytes::from(why))]);
                UpstreamBody::from_stream(Box::pin(words), idle, secrets.scrubber())
            }
        };
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

/// What time it is at an origin, if it says so within a few seconds. No key is sent.
pub(crate) async fn clock_of(url: &Url, proxy: &Proxy) -> Option<std::time::SystemTime> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(5))
        .no_proxy();
    let proxies = proxy::proxies(proxy, &process_env).ok()?;
    let client = proxies
        .into_iter()
        .fold(client, reqwest::ClientBuilder::proxy);
    let origin = url.join("/").ok()?;
    let answer = client.build().ok()?.head(origin).send().await.ok()?;
    let date = answer.headers().get(http::header::DATE)?.to_str().ok()?;
    httpdate::parse_http_date(date).ok()
}

/// Why a body cannot be read. None: it is as it was asked for.
fn compressed(headers: &HeaderMap) -> Option<String> {
    let codings = headers.get_all(http::header::CONTENT_ENCODING).iter();
    let mut codings = codings.filter_map(|coding| coding.to_str().ok().map(str::trim));
    let coding =
        codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))?;
    Some(format!(
        "the upstream compressed its answer ({coding}), though it was asked not to"
    ))
}

/// Only a proxy says 407, to requests without TLS: with it the way through is refused, which is another error.
fn refused_by_the_proxy(provider: &Provider) -> ApiError {
    let (name, origin) = (
        &provider.name,
        provider.base_url.origin().ascii_serialization(),
    );
    ApiError::bad_gateway(format!(
        "provider `{name}` at {origin} cannot be reached: the proxy opens no way to it (proxy authorization required); \
         see `proxy` in docs/config.md"
    ))
    .of(Trouble::Unreachable)
}

fn unreachable(provider: &Provider, error: &reqwest::Error) -> ApiError {
    let origin = provider.base_url.origin().ascii_serialization();
    let (mut what, why) = (root_cause(error), &provider.name);
    if what.starts_with("tunnel error") {
        what = format!("the proxy opens no way to it ({what}); see `proxy` in docs/config.md");
    }
    if error.is_timeout() {
        return ApiError::new(
            "timeout_error",
            format!("provider `{why}` at {origin} cannot be reached: {what}"),
        )
        .of(Trouble::Unreachable);
    }
    let (verb, trouble) = if error.is_connect() {
        ("cannot be reached", Trouble::Unreachable)
    } else {
        ("broke the connection before it answered", Trouble::Dropped)
    };
    ApiError::bad_gateway(format!("provider `{why}` at {origin} {verb}: {what}")).of(trouble)
}

/// The innermost cause: the one a person can act on.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

//! To a provider that speaks the Messages API and back: the model's name is all that may change,
//! and the answer's bytes are not touched.

use bytes::Bytes;

use super::Exchange;
use crate::config::{Auth, Secret};
use crate::error::{ApiError, Trouble};
use crate::http::messages::Answered;
use crate::message::fold;
use crate::quota::Lease;
use crate::reading::{
    self, Kind, advised, error_in, html_error, kind_of, malformed, upstream_error,
};
use crate::relay::{Relay, Source};
use crate::upstream::{Answer, Outgoing, forwarded_from_client, forwarded_to_client};

/// The whole way.
pub(in crate::http) async fn passthrough(
    exchange: &Exchange<'_>,
    lease: &mut Lease,
    body: Bytes,
) -> Result<Answered, ApiError> {
    let mut answer = send(exchange, Keyed::By(lease), "/v1/messages", body).await?;
    let headers = forwarded_to_client(&answer.headers);
    let (asked, limit) = (lease.taken(), exchange.snapshot.limits.response_body);
    let head = reading::head(answer.status, &answer.headers);
    if exchange.head.stream {
        let source = Source::untouched(answer.body, head, limit);
        let relay = Box::new(
            Relay::start(source, exchange.manners(asked))
                .await
                .map_err(|error| advised(error, &answer.headers))?,
        );
        return Ok(Answered::Stream { relay, headers });
    }
    let body = exchange.whole(&mut answer.body, asked).await?;
    let body = one_message(head.status, body).map_err(|error| advised(error, &answer.headers))?;
    Ok(Answered::Whole { body, headers })
}

/// Where the key comes from.
enum Keyed<'l> {
    /// A lease, which learns what the answer says of the quota.
    By(&'l mut Lease),
    /// A request that no quota counts.
    Freely,
}

/// Sends; whatever is not 2xx is an error with the upstream's own words.
async fn send(
    exchange: &Exchange<'_>,
    keyed: Keyed<'_>,
    path: &str,
    body: Bytes,
) -> Result<Answer, ApiError> {
    let provider = exchange.provider;
    let upstream = &exchange.snapshot.upstream;
    let url = upstream
        .url(provider, path)
        .map_err(|why| ApiError::new("api_error", why))?;
    let key = match &keyed {
        Keyed::By(lease) => lease.key().cloned(),
        Keyed::Freely => exchange.app.quota.any_key(provider, exchange.model),
    };
    let auth = provider.auth.clone();
    let outgoing = Outgoing {
        url,
        headers: forwarded_from_client(exchange.client_headers),
        body: with_model(exchange, body),
        auth: auth.unwrap_or_else(|| usual_auth(key.as_ref())),
        key,
        patience: exchange.patience(),
    };
    let mut answer = upstream.send(provider, outgoing).await?;
    if let Keyed::By(lease) = keyed {
        lease.answered(answer.status, &answer.headers);
    }
    if answer.status.is_success() {
        return Ok(answer);
    }
    let body = exchange.words(&mut answer.body).await;
    let error = upstream_error(answer.status.as_u16(), &answer.headers, &body);
    // Where it points to is not followed, and next time it points there too.
    Err(if answer.status.is_redirection() {
        error.of(Trouble::Lasting)
    } else {
        error
    })
}

/// The client's bytes but for the model's string.
fn with_model(exchange: &Exchange<'_>, body: Bytes) -> Vec<Bytes> {
    if exchange.model == exchange.head.model {
        return vec![body];
    }
    let range = exchange.head.model_range.clone();
    let model = serde_json::Value::from(exchange.model).to_string();
    vec![
        body.slice(..range.start),
        Bytes::from(model),
        body.slice(range.end..),
    ]
}

/// Anthropic's API takes keys as `x-api-key` and OAuth tokens as bearer.
fn usual_auth(key: Option<&Secret>) -> Auth {
    match key {
        Some(secret) if secret.expose().starts_with("sk-ant-oat") => Auth::Bearer,
        _ => Auth::Header("x-api-key".to_owned()),
    }
}

/// A stream where a message was asked for is folded; an error inside a 200 is one.
fn one_message(status: u16, body: Bytes) -> Result<Bytes, ApiError> {
    match kind_of(std::slice::from_ref(&body)) {
        Kind::Html => Err(html_error(status)),
        Kind::Blank => Err(ApiError::bad_gateway(
            "the upstream answered with an empty body",
        )),
        Kind::Other => {
            let message = fold(&body).map_err(|error| super::transformed::fold_error(&error))?;
            Ok(Bytes::from(message.to_string()))
        }
        Kind::Json => match error_in(status, &body) {
            Ok(None) if reading::is_message(&body) => Ok(body),
            Ok(None) => Err(reading::no_message()),
            Ok(Some(error)) => Err(error),
            Err(error) => Err(malformed(&error)),
        },
    }
}

/// The upstream's own count; none when it has none to give.
pub(in crate::http) async fn passthrough_count(
    exchange: &Exchange<'_>,
    body: Bytes,
) -> Option<Bytes> {
    let path = "/v1/messages/count_tokens";
    let (tokens, base_url) = (&exchange.app.tokens, exchange.provider.base_url.as_str());
    if tokens.is_silent(base_url, exchange.model) {
        return None;
    }
    let counting = async {
        let mut answer = match send(exchange, Keyed::Freely, path, body).await {
            Ok(answer) => answer,
            Err(error) => {
                if error.status == 404 {
                    tokens.falls_silent(base_url, exchange.model);
                }
                return None;
            }
        };
        let body = answer.body.whole(super::ERROR_BODY);
        body.await.ok()
    };
    let counting = tokio::time::timeout(super::COUNT_PATIENCE, counting);
    let body = counting.await.ok()??;
    let value: serde_json::Value = serde_json::from_slice(&body).ok()?;
    value.get("input_tokens")?.as_u64()?;
    Some(body)
}

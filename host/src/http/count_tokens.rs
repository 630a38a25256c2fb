//! `POST /v1/messages/count_tokens`: the guests' or the upstream's count, else our own. Never a 404.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::json;

use super::exchange::{self, Count, Exchange, To};
use super::messages::{read, routed};
use super::reply;
use crate::app::App;
use crate::config::Transformer;
use crate::error::ApiError;
use crate::head::RequestHead;
use crate::ids;
use crate::record::Record;

pub(super) async fn count(State(app): State<Arc<App>>, request: Request) -> Response {
    let request_id = ids::exchange_id();
    let mut record = Record::new(request_id.clone(), app.in_flight.clone());
    record.secrets = app.snapshot().upstream.secrets();
    match answer(&app, request, &mut record).await {
        Ok(response) => {
            record.finished(None);
            response
        }
        Err(error) => {
            let error = error.scrubbed(&app.snapshot().upstream.secrets());
            record.failed(&error);
            reply::error(&error, &request_id)
        }
    }
}

async fn answer(
    app: &Arc<App>,
    request: Request,
    record: &mut Record,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let snapshot = app.snapshot();
    let body = read(body, snapshot.limits.request_body).await?;
    let head = RequestHead::peek(&body)?;
    let request = (head, body);
    let routed = routed(app, &snapshot, &parts.headers, request, record.request_id()).await?;
    let choice = &routed.choice;
    let fitted = routed.fitted(choice.provider, &choice.model)?;
    let (head, body) = match &fitted {
        Some((head, body)) => (head, body.clone()),
        None => (&routed.head, routed.body.clone()),
    };
    let to = To {
        provider: choice.provider,
        model: &choice.model,
        rule: &choice.rule,
        has_other: false,
    };
    let exchange = Exchange::open(app, &snapshot, &parts.headers, head, to, record)?;
    let counted = match &choice.provider.transformer {
        Transformer::Passthrough => exchange::passthrough_count(&exchange, body.clone()).await,
        Transformer::Chain(_) => match exchange::count(&exchange, body.clone()).await {
            Ok(Count::Answer(answer)) => Some(answer),
            Ok(Count::Unsupported) | Err(_) => None,
        },
    };
    let counted = match counted {
        Some(counted) => counted,
        None => counted_here(&exchange, body).await,
    };
    let mut headers = HeaderMap::new();
    if let Some(served) = &record.route {
        reply::tell_route(&mut headers, served);
    }
    Ok(reply::whole(counted, headers, &exchange.id))
}

/// Counted by this process; a body that does not have the form of a request is estimated.
async fn counted_here(exchange: &Exchange<'_>, body: Bytes) -> Bytes {
    let counted = exchange.app.tokens.count(body).await;
    let tokens = counted.unwrap_or(exchange.input_estimate);
    Bytes::from(json!({"input_tokens": tokens.max(1)}).to_string())
}

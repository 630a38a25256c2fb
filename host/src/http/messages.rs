//! `POST /v1/messages`: the way of one request, top to bottom.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;

use super::exchange::{self, Exchange};
use super::reply;
use crate::app::{App, Snapshot};
use crate::config::Transformer;
use crate::error::ApiError;
use crate::head::RequestHead;
use crate::ids;
use crate::record::Record;
use crate::relay::Relay;
use crate::route;

pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Response {
    let request_id = ids::exchange_id();
    let mut record = Record::new(request_id.clone(), app.in_flight.clone());
    let (parts, body) = request.into_parts();
    let snapshot = app.snapshot();
    record.secrets = snapshot.upstream.secrets();
    match answer(&app, &snapshot, &parts.headers, body, &mut record).await {
        Ok(Answered::Stream { relay, headers }) => {
            let body = Body::from_stream(relay.into_stream(record));
            reply::stream(body, headers, &request_id)
        }
        Ok(Answered::Events { events, headers }) => {
            record.sent(&events);
            record.finished(None);
            reply::stream(Body::from(events), headers, &request_id)
        }
        Ok(Answered::Whole { body, headers }) => {
            record.sent(&body);
            record.finished(None);
            reply::whole(body, headers, &request_id)
        }
        Err(error) => {
            // By the keys that the exchange began with: the configuration may have changed since.
            let error = error.scrubbed(&snapshot.upstream.secrets());
            record.failed(&error);
            let mut response = reply::error(&error, &request_id);
            if let Some(served) = &record.route {
                reply::tell_route(response.headers_mut(), served);
            }
            response
        }
    }
}

/// A successful answer on its way out.
pub(super) enum Answered {
    /// Events as they come.
    Stream {
        relay: Box<Relay>,
        headers: HeaderMap,
    },
    /// Events that are all there.
    Events { events: Bytes, headers: HeaderMap },
    /// One message.
    Whole { body: Bytes, headers: HeaderMap },
}

async fn answer(
    app: &Arc<App>,
    snapshot: &Snapshot,
    headers: &HeaderMap,
    body: Body,
    record: &mut Record,
) -> Result<Answered, ApiError> {
    let body = read(body, snapshot.limits.request_body).await?;
    let head = RequestHead::peek(&body)?;
    let choice = route::choose(&snapshot.config, &head)?;
    let exchange = Exchange::open(app, snapshot, headers, &head, choice, record)?;
    let mut answered = match &choice.provider.transformer {
        Transformer::Passthrough => exchange::passthrough(&exchange, body).await?,
        Transformer::Chain(_) => exchange::transformed(&exchange, body, record).await?,
    };
    if let Some(served) = &record.route {
        reply::tell_route(answered.headers_mut(), served);
    }
    Ok(answered)
}

impl Answered {
    fn headers_mut(&mut self) -> &mut HeaderMap {
        match self {
            Self::Stream { headers, .. }
            | Self::Events { headers, .. }
            | Self::Whole { headers, .. } => headers,
        }
    }
}

/// The client's whole body. One that came in one piece is not copied.
///
/// A body that is too large is read on for a while and thrown away: a client that is still
/// sending would otherwise see its connection reset and never the answer.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let mut body = body;
    let mut pieces = Vec::new();
    let mut size = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            ApiError::invalid(format!("the request body could not be read: {error}"))
        })?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        size += piece.len();
        if size <= limit {
            pieces.push(piece);
        } else if size > limit.saturating_mul(2) {
            break;
        } else {
            pieces.clear();
        }
    }
    if size > limit {
        let message = format!("the request is larger than {limit} bytes (limits.request_body)");
        return Err(ApiError::new("request_too_large", message));
    }
    Ok(crate::upstream::joined(pieces))
}

//! `POST /v1/messages`: the way of one request, top to bottom.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::exchange::{self, Exchange, To};
use super::reply;
use crate::app::{App, Snapshot};
use crate::attempts::{self, Attempts, Next, Offer};
use crate::config::Transformer;
use crate::error::ApiError;
use crate::head::{RequestHead, check_model};
use crate::ids;
use crate::quota::{Ask, Place};
use crate::record::{Bodies, Record};
use crate::relay::Relay;
use crate::route::{self, Advised, Asked, Dispatched, Routed};
use crate::sse::Usage;

pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Response {
    let request_id = ids::exchange_id();
    let mut record = Record::new(request_id.clone(), app.in_flight.clone());
    record.metrics = Some(app.metrics.clone());
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
            record.finished(Some(Usage::of_events(&events)));
            reply::stream(Body::from(events), headers, &request_id)
        }
        Ok(Answered::Whole { body, headers }) => {
            record.sent(&body);
            record.finished(Usage::of_message(&body));
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
            // One attempt is what the error itself tells of.
            if record.tried.len() > 1 {
                reply::tell_tried(response.headers_mut(), &record.tried);
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
    record.bodies = snapshot
        .bodies
        .as_ref()
        .map(|how| Box::new(Bodies::of(how, &body)));
    let (head, body) = RequestHead::of(body)?;
    record.conversation =
        route::session_id(headers, &head, &body).map(|session| (app.usages.clone(), session));
    let routed = routed(app, snapshot, headers, (head, body), record.request_id()).await?;
    let mut attempts = Attempts::new(&snapshot.config, &routed.choice);
    let mut first_route = None;
    let mut place = app.quota.place(routed.head.goes_on);
    loop {
        let result = attempt(
            app,
            snapshot,
            headers,
            &routed,
            &mut attempts,
            place,
            record,
        )
        .await;
        let failure = match result {
            Ok(answered) => return Ok(told(answered, record)),
            Err(failure) => failure,
        };
        first_route = first_route.or_else(|| record.route.clone());
        match after(app, &mut attempts, failure, place, record) {
            Next::Again(wait) => tokio::time::sleep(wait).await,
            Next::Other => place = app.quota.place(routed.head.goes_on),
            Next::Over(error) => {
                if attempts.fell_back() {
                    // The error is the first target's, and what was recorded is the last one's.
                    record.route = first_route;
                    record.tape = None;
                }
                return Err(error);
            }
        }
    }
}

/// One target, once: nothing of it is left when it fails.
async fn attempt(
    app: &Arc<App>,
    snapshot: &Snapshot,
    headers: &HeaderMap,
    routed: &Routed<'_>,
    attempts: &mut Attempts<'_>,
    place: Place,
    record: &mut Record,
) -> Result<Answered, ApiError> {
    let to = To {
        provider: attempts.provider,
        model: attempts.model,
        rule: &routed.choice.rule,
        has_other: attempts.has_other(),
        spent: if attempts.fell_back() {
            record.elapsed()
        } else {
            Duration::ZERO
        },
    };
    (record.tape, record.counters) = (None, None);
    let fitted = routed.fitted(to.provider, to.model)?;
    let (head, body) = match &fitted {
        Some((head, body)) => (head, body.clone()),
        None => (&routed.head, routed.body.clone()),
    };
    let exchange = Exchange::open(app, snapshot, headers, head, to, record)?;
    let asked = Instant::now();
    let admitted = exchange.admit(place).await;
    let held = asked.elapsed();
    attempts.held(held);
    record.held += held;
    let mut lease = admitted?;
    let answered = match &exchange.provider.transformer {
        Transformer::Passthrough => exchange::passthrough(&exchange, &mut lease, body).await,
        Transformer::Chain(_) => exchange::transformed(&exchange, &mut lease, body, record).await,
    };
    answered.map_err(|error| {
        // What is remembered and logged from here on holds no key that the provider may have echoed.
        let error = error.scrubbed(&snapshot.upstream.secrets());
        lease.failed(error, !attempts.has_keys())
    })
}

/// Decides what follows a failure, and says so.
fn after(
    app: &App,
    attempts: &mut Attempts<'_>,
    error: ApiError,
    place: Place,
    record: &mut Record,
) -> Next {
    let failed = format!("{error}");
    let (provider, model) = (attempts.provider, attempts.model);
    let ask = Ask {
        provider,
        model,
        input: 0,
        output: None,
        hold: attempts.hold(),
        has_other: attempts.has_other(),
        place,
    };
    let offer = Offer {
        other_key: app.quota.has_open_key(provider, model),
        line: error.status == 429 && app.quota.takes_back(&ask),
    };
    let next = attempts.after(error, offer, Instant::now(), attempts::chance());
    record.tried = attempts.tried().to_vec();
    let (request_id, tried) = (record.request_id(), attempts.tried().last());
    let tried = tried.map(ToString::to_string).unwrap_or_default();
    match &next {
        Next::Again(wait) => {
            tracing::info!(request_id, tried, why = failed, ?wait, "it is asked again");
        }
        Next::Other => {
            let next = format!("{},{}", attempts.provider.name, attempts.model);
            tracing::warn!(
                request_id,
                tried,
                why = failed,
                next,
                "the next target is asked"
            );
        }
        Next::Over(_) => record.exhausted = true,
    }
    next
}

/// The answer with headers that say whose it is, and who failed before.
fn told(mut answered: Answered, record: &Record) -> Answered {
    if let Some(served) = &record.route {
        reply::tell_route(answered.headers_mut(), served);
    }
    reply::tell_tried(answered.headers_mut(), &record.tried);
    answered
}

/// Where a request goes, and its bytes as they go there.
pub(super) async fn routed<'s>(
    app: &App,
    snapshot: &'s Snapshot,
    headers: &HeaderMap,
    request: (RequestHead, Bytes),
    request_id: &str,
) -> Result<Routed<'s>, ApiError> {
    let (config, usages) = (&snapshot.config, Some(&*app.usages));
    let advice = match app
        .registry
        .router()
        .filter(|_| config.router.component.is_some())
    {
        None => None,
        Some(generation) => {
            let (head, body) = &request;
            let questioned = Asked::new(head, body, headers, usages).questioned(config);
            let advised = Advised {
                config,
                generation: &generation,
                permits: &app.permits,
                secrets: snapshot.upstream.secrets(),
                request_id,
            };
            route::advice(advised, questioned).await
        }
    };
    let advice = advice.as_ref();
    let routed = match route::dispatch(config, headers, usages, request, advice)? {
        Dispatched::Ready(routed) => *routed,
        Dispatched::Close(head, body) => {
            let tokens = app.tokens.count(body.clone()).await;
            route::dispatch_counted(config, headers, usages, (*head, body), advice, tokens)?
        }
    };
    // A tag in a text, or a component, may have named another than the client did.
    check_model(&routed.choice.model)?;
    Ok(routed)
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

//! One exchange after routing: what it pinned, and its two ways to the upstream and back.

mod passthrough;
mod transformed;

use std::sync::Arc;

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

pub(super) use passthrough::{passthrough, passthrough_count};
pub(super) use transformed::{Count, count, transformed};

use crate::app::{App, Snapshot};
use crate::chain::{self, Pinned};
use crate::config::{Provider, Transformer};
use crate::error::{ApiError, Trouble};
use crate::head::RequestHead;
use crate::quota::{Ask, Lease, Place};
use crate::reading;
use crate::record::{Record, Served};
use crate::relay::{Manners, Silence};
use crate::upstream::{Patience, UpstreamBody};

/// How long a provider's own count is waited for: clients ask for many at once, and an estimate will do.
const COUNT_PATIENCE: Duration = Duration::from_secs(3);

/// What is read of an error body, in bytes.
const ERROR_BODY: usize = 1 << 20;

/// How long an error body is waited for: its status says enough to go on with.
const ERROR_PATIENCE: Duration = Duration::from_secs(3);

/// What an exchange works with from its first hop to its last.
pub(super) struct Exchange<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) snapshot: &'a Snapshot,
    pub(super) client_headers: &'a HeaderMap,
    pub(super) head: &'a RequestHead,
    pub(super) provider: &'a Provider,
    pub(super) model: &'a str,
    pub(super) id: String,
    /// Tokens of the request, estimated, corrected by what the provider told of earlier ones.
    pub(super) input_estimate: u32,
    /// Another target is left if this one fails.
    has_other: bool,
    /// What other targets took before; zero for the first one.
    spent: Duration,
    pinned: Vec<Pinned>,
}

/// Where an exchange goes, and why.
#[derive(Debug, Clone, Copy)]
pub(super) struct To<'a> {
    pub(super) provider: &'a Provider,
    /// As the provider names it.
    pub(super) model: &'a str,
    /// The rule that chose.
    pub(super) rule: &'a str,
    /// Another target is left if this one fails.
    pub(super) has_other: bool,
    /// What other targets took before; zero for the first one.
    pub(super) spent: Duration,
}

impl<'a> Exchange<'a> {
    /// Pins the current generations and notes who serves the exchange.
    ///
    /// Errors: 500 for a transformer that could not be loaded, with the reason.
    pub(super) fn open(
        app: &'a Arc<App>,
        snapshot: &'a Snapshot,
        client_headers: &'a HeaderMap,
        head: &'a RequestHead,
        to: To<'a>,
        record: &mut Record,
    ) -> Result<Self, ApiError> {
        let listed = to.provider.models.iter().any(|model| model.id == to.model);
        let known = to.provider.model(to.model);
        let mut served = Served {
            provider: to.provider.name.clone(),
            model: to.model.to_owned(),
            rule: to.rule.to_owned(),
            transformer: to.provider.transformer.shown(),
            streaming: head.stream,
            listed,
            price: known.and_then(|model| model.price),
        };
        record.route = Some(served.clone());
        record.estimate = Some((app.tokens.clone(), head.input_estimate));
        let pinned = pin(snapshot, to.provider)?;
        if !pinned.is_empty() {
            let labels: Vec<_> = pinned.iter().map(|pin| pin.generation.label()).collect();
            served.transformer = labels.join(", ");
            record.route = Some(served);
        }
        Ok(Self {
            app,
            snapshot,
            client_headers,
            head,
            provider: to.provider,
            model: to.model,
            id: record.request_id().to_owned(),
            input_estimate: app
                .tokens
                .corrected(&to.provider.name, to.model, head.input_estimate),
            has_other: to.has_other,
            spent: to.spent,
            pinned,
        })
    }

    /// A key, once the provider's quota takes the request. Holds no instance of a guest while it waits.
    ///
    /// Errors: as of [`crate::quota::Quota::admit`].
    pub(super) async fn admit(&self, place: Place) -> Result<Lease, ApiError> {
        let ask = Ask {
            provider: self.provider,
            model: self.model,
            input: self.input_estimate,
            output: self.head.max_tokens,
            hold: self.snapshot.config.pacing.hold,
            has_other: self.has_other,
            place,
        };
        self.app.quota.admit(&ask).await
    }

    /// How long the provider may take for its status line.
    fn patience(&self) -> Patience {
        let timeouts = &self.snapshot.config.timeouts;
        let whole = if self.head.stream { 1 } else { 3 };
        let limit: Duration = timeouts.before_fallback * whole;
        if self.has_other && limit < timeouts.headers {
            let setting = "timeouts.before_fallback_ms";
            return Patience { limit, setting };
        }
        // A client that waits as long as this must hear of the failures before it gives up.
        let spent = self.spent + timeouts.headers / 10;
        let left = timeouts.headers.saturating_sub(spent).max(limit);
        let limit = if self.spent.is_zero() {
            timeouts.headers
        } else {
            left.min(timeouts.headers)
        };
        Patience {
            limit,
            setting: "timeouts.headers_ms",
        }
    }

    /// When a provider that was asked at this time counts as silent; none without another target.
    fn silence(&self, asked: Instant) -> Option<Silence> {
        let patience = self.patience();
        let at = asked + patience.limit;
        self.has_other.then_some(Silence { at, patience })
    }

    /// `asked`: when the request was sent.
    fn manners(&self, asked: Instant) -> Manners {
        let timeouts = &self.snapshot.config.timeouts;
        Manners {
            hold: timeouts.hold,
            ping: timeouts.ping,
            on_broken: self.snapshot.config.on_broken,
            silent: self.silence(asked),
        }
    }

    /// The whole body, within the time that a provider has where another one is left.
    async fn whole(&self, body: &mut UpstreamBody, asked: Instant) -> Result<Bytes, ApiError> {
        let read = body.whole(self.snapshot.limits.response_body);
        let Some(silence) = self.silence(asked) else {
            return read.await.map_err(|error| reading::unread(&error));
        };
        match tokio::time::timeout_at(silence.at, read).await {
            Ok(read) => read.map_err(|error| reading::unread(&error)),
            Err(_) => Err(silence.error()),
        }
    }

    /// An error's body, as far as it comes soon.
    async fn words(&self, body: &mut UpstreamBody) -> Bytes {
        let time = ERROR_PATIENCE.min(self.patience().limit);
        reading::closed(body.prefix(ERROR_BODY, time).await)
    }

    /// Room for every stage at once, so that two half-open chains cannot wait for each other.
    fn permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let places = chain::places(&self.pinned);
        let most = self.app.engine.step().instances;
        if places > most {
            // Coming back later would not help.
            let name = &self.provider.name;
            let stages = self.pinned.len();
            let message = format!(
                "the chain of provider `{name}` has {stages} stages, which take {places} instances, but only {most} \
                may run (limits.instances)"
            );
            return Err(ApiError {
                should_retry: Some(false),
                trouble: Trouble::Lasting,
                ..ApiError::new("api_error", message)
            });
        }
        self.app
            .permits
            .clone()
            .try_acquire_many_owned(places)
            .map_err(|_| {
                ApiError::overloaded(format!(
                    "transom runs as many exchanges as it may: {most} instances (limits.instances)"
                ))
                .of(Trouble::Lasting)
            })
    }
}

fn pin(snapshot: &Snapshot, provider: &Provider) -> Result<Vec<Pinned>, ApiError> {
    let Transformer::Chain(stages) = &provider.transformer else {
        return Ok(Vec::new());
    };
    stages
        .iter()
        .map(|stage| {
            let slot = snapshot.slots.get(&stage.name);
            let generation = slot
                .as_ref()
                .and_then(|slot| slot.current())
                .ok_or_else(|| {
                    let why = slot
                        .and_then(|slot| slot.last_error_for_clients())
                        .unwrap_or_else(|| "it was never loaded".to_owned());
                    let (stage, provider) = (&stage.name, &provider.name);
                    let message = format!(
                        "transformer `{stage}` of provider `{provider}` is not loaded: {why}"
                    );
                    ApiError {
                        should_retry: Some(false),
                        trouble: Trouble::Lasting,
                        ..ApiError::new("api_error", message)
                    }
                })?;
            Ok(Pinned {
                generation,
                options: stage.options.clone(),
            })
        })
        .collect()
}

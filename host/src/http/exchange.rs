//! One exchange after routing: what it pinned, and its two ways to the upstream and back.

mod passthrough;
mod transformed;

use std::sync::Arc;

use std::time::Duration;

use http::HeaderMap;
use tokio::sync::OwnedSemaphorePermit;

pub(super) use passthrough::{passthrough, passthrough_count};
pub(super) use transformed::{Count, count, transformed};

use crate::app::{App, Snapshot};
use crate::chain::{self, Pinned};
use crate::config::{Provider, Transformer};
use crate::error::{ApiError, Trouble};
use crate::head::RequestHead;
use crate::quota::{Ask, Lease};
use crate::record::{Record, Served};
use crate::relay::Manners;
use crate::upstream::Patience;

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
            pinned,
        })
    }

    /// A key, once the provider's quota takes the request. Holds no instance of a guest while it waits.
    ///
    /// Errors: as of [`crate::quota::Quota::admit`].
    pub(super) async fn admit(&self) -> Result<Lease, ApiError> {
        let ask = Ask {
            provider: self.provider,
            model: self.model,
            input: self.input_estimate,
            output: self.head.max_tokens,
            hold: self.snapshot.config.pacing.hold,
            has_other: self.has_other,
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
        Patience {
            limit: timeouts.headers,
            setting: "timeouts.headers_ms",
        }
    }

    fn manners(&self) -> Manners {
        let timeouts = &self.snapshot.config.timeouts;
        Manners {
            hold: timeouts.hold,
            ping: timeouts.ping,
            on_broken: self.snapshot.config.on_broken,
        }
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

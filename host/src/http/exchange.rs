//! One exchange after routing: what it pinned, and its two ways to the upstream and back.

mod passthrough;
mod transformed;

use std::sync::Arc;

use http::HeaderMap;
use tokio::sync::OwnedSemaphorePermit;

pub(super) use passthrough::{passthrough, passthrough_count};
pub(super) use transformed::{Count, count, transformed};

use crate::app::{App, Snapshot};
use crate::chain::{self, Pinned};
use crate::config::{Provider, Transformer};
use crate::error::ApiError;
use crate::head::RequestHead;
use crate::record::{Record, Served};
use crate::relay::Manners;
use crate::route::Choice;

/// What an exchange works with from its first hop to its last.
pub(super) struct Exchange<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) snapshot: &'a Snapshot,
    pub(super) client_headers: &'a HeaderMap,
    pub(super) head: &'a RequestHead,
    pub(super) provider: &'a Provider,
    pub(super) model: &'a str,
    pub(super) id: String,
    pinned: Vec<Pinned>,
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
        choice: &'a Choice<'a>,
        record: &mut Record,
    ) -> Result<Self, ApiError> {
        let mut served = Served {
            provider: choice.provider.name.clone(),
            model: choice.model.clone(),
            rule: choice.rule.to_string(),
            transformer: choice.provider.transformer.shown(),
            streaming: head.stream,
        };
        record.route = Some(served.clone());
        let pinned = pin(snapshot, choice.provider)?;
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
            provider: choice.provider,
            model: &choice.model,
            id: record.request_id().to_owned(),
            pinned,
        })
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

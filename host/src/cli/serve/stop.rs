//! What ends `serve`: signals, and orders over the control socket. A first signal drains, a second one
//! does not wait; an order says which it wants, however often it comes. After a handover running
//! exchanges have all the time they need, until somebody asks.

use std::sync::Arc;

use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::{App, Leaving};
use crate::service::control::Orders;
use crate::service::systemd;

#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    signals: u32,
    /// By `transom stop`.
    stop: bool,
    /// By `transom stop --now`.
    at_once: bool,
    handed_over: bool,
}

impl Asked {
    fn to_end(self) -> bool {
        self.signals > 0 || self.stop || self.at_once
    }
}

/// Counts what was asked.
#[derive(Clone)]
pub(super) struct Stops(watch::Sender<Asked>);

impl Stops {
    /// SIGINT and SIGTERM are listened for from the call on.
    pub(super) fn listen() -> Self {
        let stops = Self(watch::Sender::default());
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let stops = stops.clone();
            match signal(kind) {
                Ok(mut listener) => {
                    tokio::spawn(async move {
                        while listener.recv().await.is_some() {
                            stops.ask(|asked| asked.signals += 1);
                        }
                    });
                }
                Err(error) => tracing::error!(%error, "a stop signal is not listened for"),
            }
        }
        stops
    }

    fn ask(&self, what: impl FnOnce(&mut Asked)) {
        self.0.send_modify(what);
    }

    /// Ready when the service must leave.
    pub(super) async fn leaving(&self) -> Leaving {
        let asked = self
            .reached(|asked| asked.to_end() || asked.handed_over)
            .await;
        if asked.handed_over {
            tracing::info!("a successor serves; running exchanges are finished here");
            return Leaving::HandedOver;
        }
        systemd::tell("STOPPING=1");
        tracing::info!(
            "stopping: running exchanges are finished first; a second signal cuts them off"
        );
        Leaving::Stop
    }

    /// Ready when it must not wait for running exchanges.
    pub(super) async fn at_once(&self) {
        self.reached(|asked| asked.signals > 1 || asked.at_once)
            .await;
    }

    /// Ready when the service must end, also one that has handed over already.
    pub(super) async fn ending(&self) {
        self.reached(|asked| asked.to_end()).await;
    }

    async fn reached(&self, wanted: impl FnMut(&Asked) -> bool) -> Asked {
        let mut asked = self.0.subscribe();
        let asked = asked.wait_for(wanted).await.map(|asked| *asked);
        // This holds the sender: it is never closed.
        asked.unwrap_or_default()
    }
}

/// What the control socket may ask of this process.
pub(super) struct Obeying {
    pub(super) stops: Stops,
    pub(super) app: Arc<App>,
}

impl Orders for Obeying {
    fn stop(&self, now: bool) {
        self.stops.ask(|asked| {
            asked.stop = true;
            asked.at_once |= now;
        });
    }

    fn hand_over(&self) {
        self.stops.ask(|asked| asked.handed_over = true);
    }

    fn status(&self) -> Value {
        crate::http::status(&self.app, crate::http::Whose::Own)
    }

    /// What takes its value from the env file takes it when that changes, which is what comes next.
    fn let_go(&self, variable: &str) -> bool {
        let counted = crate::config::let_go(variable);
        if counted {
            tracing::info!(
                variable,
                "the env file counts for it from now on, not the environment that transom was started with"
            );
        }
        counted
    }
}

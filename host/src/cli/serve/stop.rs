//! What ends `serve`: signals, and orders over the control socket. The first one drains, the second
//! one does not wait; a handover drains too, and then the first one does not wait.

use std::sync::Arc;

use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::{App, Leaving};
use crate::service::control::Orders;
use crate::service::systemd;

#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    stops: u32,
    handed_over: bool,
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
                            stops.ask(1);
                        }
                    });
                }
                Err(error) => tracing::error!(%error, "a stop signal is not listened for"),
            }
        }
        stops
    }

    fn ask(&self, stops: u32) {
        self.0.send_modify(|asked| asked.stops += stops);
    }

    /// Ready when the service must leave.
    pub(super) async fn leaving(&self) -> Leaving {
        let asked = self
            .reached(|asked| asked.stops > 0 || asked.handed_over)
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
        self.reached(|asked| asked.stops > 1 || (asked.handed_over && asked.stops > 0))
            .await;
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
        self.stops.ask(if now { 2 } else { 1 });
    }

    fn hand_over(&self) {
        self.stops.0.send_modify(|asked| asked.handed_over = true);
    }

    fn status(&self) -> Value {
        crate::http::status(&self.app, crate::http::Whose::Own)
    }
}

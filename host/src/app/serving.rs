//! Connections of clients from accept to their end, and how a service leaves: because it stops, or
//! because a successor has its listener.
//!
//! A client may send on an idle connection at the very moment at which the server closes it, and
//! then its request fails. So a process that handed over closes no idle connection at first: it
//! answers the next request on it and says `connection: close` with the answer. What is still idle
//! when the drain time is over is closed.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use http::header::CONNECTION;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::clients::Clients;

/// Why a service accepts nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// It ends: idle connections are closed, running exchanges have the drain time.
    Stop,
    /// Another process has the listener: running exchanges are finished, however long they take unless
    /// this process is told to end.
    HandedOver,
}

/// Serves until `stop` says why not, then ends as that wants, and after a handover when `ending` is
/// ready. False: exchanges still ran at the end.
pub(super) async fn serve(
    mut clients: Clients,
    router: Router,
    (stop, ending): (impl Future<Output = Leaving>, impl Future<Output = ()>),
    drain: impl FnOnce() -> Duration,
) -> bool {
    let leaving = Arc::<AtomicBool>::default();
    let (close, closing) = watch::channel(false);
    // Never sent to: it is closed when the last connection is.
    let (open, mut all_closed) = mpsc::channel::<Infallible>(1);
    tokio::pin!(stop);
    let why = loop {
        tokio::select! {
            why = &mut stop => break why,
            (io, _) = clients.accept() => {
                let connection = connection(io, router.clone(), leaving.clone(), closing.clone());
                let open = open.clone();
                tokio::spawn(async move {
                    connection.await;
                    drop(open);
                });
            }
        }
    };
    drop((clients, open));
    leaving.store(true, Ordering::Relaxed);
    let drain = drain();
    if why == Leaving::HandedOver {
        let in_their_time = async {
            if timeout(drain, all_closed.recv()).await.is_err() {
                close.send_replace(true);
                all_closed.recv().await;
            }
        };
        tokio::select! {
            () = in_their_time => return true,
            () = ending => {}
        }
    }
    close.send_replace(true);
    timeout(drain, all_closed.recv()).await.is_ok()
}

async fn connection(
    io: <Clients as Listener>::Io,
    router: Router,
    leaving: Arc<AtomicBool>,
    mut closing: watch::Receiver<bool>,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let (answer, leaving) = (router.call(request), leaving.clone());
        async move {
            let mut response = answer.await?;
            if leaving.load(Ordering::Relaxed) {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { drop(closing.wait_for(|close| *close).await) } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection ended");
    }
}

//! The signals that end `serve`: the first one drains, the second one does not wait.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Ready on the first and on the second of SIGINT and SIGTERM. They are listened for from the call on.
pub(super) fn signals() -> (
    impl Future<Output = ()> + Send + 'static,
    impl Future<Output = ()>,
) {
    let (counter, count) = watch::channel(0);
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let counter = counter.clone();
        match signal(kind) {
            Ok(mut listener) => {
                tokio::spawn(async move {
                    while listener.recv().await.is_some() {
                        counter.send_modify(|count| *count += 1);
                    }
                });
            }
            Err(error) => tracing::error!(%error, "a stop signal is not listened for"),
        }
    }
    let at_once = reached(count.clone(), 2);
    let stop = async {
        reached(count, 1).await;
        tracing::info!(
            "stopping: running exchanges are finished first; a second signal cuts them off"
        );
    };
    (stop, at_once)
}

/// Waits until so many signals came; for ever if none can come.
async fn reached(mut count: watch::Receiver<u32>, wanted: u32) {
    if count.wait_for(|count| *count >= wanted).await.is_err() {
        std::future::pending::<()>().await;
    }
}

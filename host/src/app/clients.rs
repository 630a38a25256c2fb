//! Connections of clients: small writes go out at once, and a client that takes nothing for too
//! long is let go. Knows no HTTP.
//!
//! A client that stops reading would hold its exchange for ever: the upstream's connection and the
//! guests' instances wait until the server can write again. The server asks a body for more only
//! when it could write what it had, so the socket is the one place that sees a client stand still.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

/// Gives the longest time that a write may stand still; asked when one begins to.
type Limit = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Accepts clients.
pub(super) struct Clients {
    listener: TcpListener,
    limit: Limit,
}

impl Clients {
    pub(super) fn new(
        listener: TcpListener,
        limit: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let limit = Arc::new(limit);
        Self { listener, limit }
    }
}

impl Listener for Clients {
    type Io = Client<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (io, peer) = Listener::accept(&mut self.listener).await;
        if let Err(error) = io.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        (Client::new(io, peer, self.limit.clone()), peer)
    }

    fn local_addr(&self) -> Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection whose writes may stand still for a limited time. A write that succeeds costs a
/// comparison.
pub(super) struct Client<Io> {
    io: Io,
    peer: SocketAddr,
    limit: Limit,
    /// Set while a write stands still.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<Io: AsyncWrite + Unpin> Client<Io> {
    fn new(io: Io, peer: SocketAddr, limit: Limit) -> Self {
        Self {
            io,
            peer,
            limit,
            patience: None,
        }
    }

    fn watched(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut Io>, &mut Context<'_>) -> Poll<Result<usize>>,
    ) -> Poll<Result<usize>> {
        let written = write(Pin::new(&mut self.io), cx);
        if written.is_ready() {
            if self.patience.is_some() {
                self.patience = None;
            }
            return written;
        }
        let patience = self
            .patience
            .get_or_insert_with(|| Box::pin(tokio::time::sleep((self.limit)())));
        if patience.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        tracing::warn!(
            client = %self.peer,
            "a client took nothing of its answer for timeouts.client_ms; its connection is closed"
        );
        Poll::Ready(Err(Error::new(
            ErrorKind::TimedOut,
            "the client does not read its answer",
        )))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Client<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        self.watched(cx, |io, cx| io.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.watched(cx, |io, cx| io.poll_write_vectored(cx, slices))
    }

    /// Several buffers go out in one call: what passes untouched is not joined.
    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Client<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    /// A connection that takes 8 bytes ahead of its reader.
    fn client(limit: Duration) -> (Client<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(8);
        let peer = ([127, 0, 0, 1], 1).into();
        (Client::new(ours, peer, Arc::new(move || limit)), theirs)
    }

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_let_go() {
        let (mut client, _theirs) = client(Duration::from_millis(20));
        client.write_all(b"12345678").await.unwrap();
        let error = client.write_all(b"9").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn each_progress_begins_the_time_anew() {
        let (mut client, mut theirs) = client(Duration::from_hours(1));
        for _ in 0..3 {
            client.write_all(b"12345678").await.unwrap();
            assert!(client.patience.is_none(), "nothing stands still");
            let (mut read, waiting) = ([0; 8], client.write(b"9"));
            tokio::select! {
                biased;
                _ = waiting => panic!("there is no room"),
                () = tokio::task::yield_now() => {}
            }
            assert!(client.patience.is_some(), "a write stands still");
            theirs.read_exact(&mut read).await.unwrap();
            assert_eq!(client.write(b"").await.unwrap(), 0);
            assert!(client.patience.is_none(), "it went on");
        }
    }

    #[tokio::test]
    async fn several_buffers_still_go_out_in_one_call() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut clients = Clients::new(listener, || Duration::from_hours(1));
        let (theirs, accepted) = tokio::join!(TcpStream::connect(address), clients.accept());
        let (mut theirs, (mut client, peer)) = (theirs.unwrap(), accepted);
        assert_eq!(peer, theirs.local_addr().unwrap());
        assert!(client.is_write_vectored());
        let slices = [IoSlice::new(b"one "), IoSlice::new(b"write")];
        assert_eq!(client.write_vectored(&slices).await.unwrap(), 9);
        let mut read = [0; 9];
        theirs.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"one write");
    }
}

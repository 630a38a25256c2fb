//! A guest's standard error: whatever it writes is taken, and the end of it is kept. A stream that is full
//! would make `eprintln!` panic.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// What is kept, in bytes: enough for a panic message.
const KEPT: usize = 16 << 10;

/// What is taken at once, in bytes.
const AT_ONCE: usize = 64 << 10;

/// The end of what was written.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    /// What is kept, as text.
    pub(super) fn text(&self) -> String {
        let kept: Vec<u8> = self.kept().iter().copied().collect();
        String::from_utf8_lossy(&kept).trim().to_owned()
    }

    fn take(&self, bytes: &[u8]) {
        let end = bytes.get(bytes.len().saturating_sub(KEPT)..);
        let end = end.unwrap_or_default();
        let mut kept = self.kept();
        let too_many = (kept.len() + end.len()).saturating_sub(KEPT);
        kept.drain(..too_many);
        kept.extend(end);
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OutputStream for Tail {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(AT_ONCE)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Tail {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Tail {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl IsTerminal for Tail {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Tail {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_taken_and_the_end_is_kept() {
        let mut tail = Tail::default();
        for _ in 0..3 {
            assert_eq!(tail.check_write().unwrap(), AT_ONCE);
            tail.write(Bytes::from(vec![b'x'; KEPT])).unwrap();
        }
        tail.write(Bytes::from(vec![b'y'; 2 * KEPT])).unwrap();
        tail.write(Bytes::from_static(b"the end\n")).unwrap();
        let text = tail.text();
        assert!(
            text.len() <= KEPT && text.ends_with("yyythe end"),
            "{}",
            text.len()
        );
        assert!(!text.contains('x'));
    }
}

//! One keep-alive connection of the load generator: a request out, its answer in, counted.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::counter::Counter;
use crate::wire::{self, Decoder};

pub(crate) struct Connection {
    socket: TcpStream,
    buffer: BytesMut,
}

/// What one exchange was like.
pub(crate) struct Exchange {
    /// From the first byte of the request to the last of the answer.
    pub(crate) whole: Duration,
    /// From the first byte of the request to the first piece with content in it.
    pub(crate) first_content: Option<Duration>,
    /// Content events in the answer.
    pub(crate) events: usize,
    /// Between two pieces with content, if they were asked for.
    pub(crate) gaps: Vec<Duration>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(address)
            .await
            .with_context(|| format!("nothing answers at {address}"))?;
        socket.set_nodelay(true)?;
        Ok(Self {
            socket,
            buffer: BytesMut::with_capacity(64 << 10),
        })
    }

    /// Sends `request` and reads its answer to the end, counting in it what `counter` knows.
    pub(crate) async fn exchange(
        &mut self,
        request: &[u8],
        counter: &mut Counter,
        gaps: bool,
    ) -> Result<Exchange> {
        counter.reset();
        let begin = Instant::now();
        let mut exchange = Exchange {
            whole: Duration::ZERO,
            first_content: None,
            events: 0,
            gaps: Vec::new(),
        };
        let mut last = begin;
        self.ask(request, |piece| {
            counter.add(piece);
            if counter.count() == exchange.events {
                return;
            }
            exchange.events = counter.count();
            if exchange.first_content.is_none() {
                last = Instant::now();
                exchange.first_content = Some(last - begin);
            } else if gaps {
                let now = Instant::now();
                exchange.gaps.push(now - last);
                last = now;
            }
        })
        .await?;
        exchange.whole = begin.elapsed();
        Ok(exchange)
    }

    /// Sends `request` and gives the body of its answer to `sink`, piece by piece as it comes.
    /// Anything but a whole 200 is an error.
    pub(crate) async fn ask(&mut self, request: &[u8], mut sink: impl FnMut(&[u8])) -> Result<()> {
        self.socket.write_all(request).await?;
        let head = loop {
            self.read_more().await?;
            if let Some(head) = wire::head(&self.buffer)? {
                break head;
            }
        };
        if !self.buffer.starts_with(b"HTTP/1.1 200") {
            let (first, body) = self.buffer.split_at(head.len);
            let status = first
                .split(|byte| *byte == b'\r')
                .next()
                .unwrap_or_default();
            let body = &body[..body.len().min(400)];
            bail!(
                "it answered `{}`: {}",
                String::from_utf8_lossy(status),
                String::from_utf8_lossy(body)
            );
        }
        self.buffer.advance(head.len);
        let mut body = Decoder::new(&head.framing);
        loop {
            if let Some(used) = body.feed(&self.buffer, &mut sink)? {
                self.buffer.advance(used);
                return Ok(());
            }
            self.buffer.clear();
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> Result<()> {
        self.buffer.reserve(32 << 10);
        if self.socket.read_buf(&mut self.buffer).await? == 0 {
            bail!("it closed the connection in the middle of an answer");
        }
        Ok(())
    }
}

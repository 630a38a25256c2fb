//! The upstream of the benchmark: one thread, prepared bytes, as little time per event as can be,
//! so that what is measured is the hop. It answers OpenAI's chat completions and Anthropic's
//! Messages by the end of the path, with a stream if the body asks for one; [`knobs`] say how long
//! and how fast. It does not look at the rest of a request: being strict is the tests' affair.

use std::sync::Arc;

use anyhow::{Result, bail};
use bytes::{Buf as _, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::wire::{self, Framing};
use script::Script;

pub(crate) mod chat;
pub(crate) mod knobs;
pub(crate) mod messages;
mod script;

const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";

/// Serves until the task is dropped.
pub(crate) async fn serve(listener: TcpListener) -> Result<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        tokio::spawn(async move {
            // A client that leaves is no fault of the mock; a request it cannot read is worth a word.
            if let Err(error) = Connection::new(socket).run().await
                && !error.is::<std::io::Error>()
            {
                eprintln!("mock: {error:#}");
            }
        });
    }
}

struct Connection {
    socket: TcpStream,
    buffer: BytesMut,
    /// The last target and its script: clients ask for the same one again and again.
    last: Option<(Vec<u8>, Arc<Script>)>,
}

/// A request that lies whole in the buffer.
struct Request {
    head: usize,
    len: usize,
    wants_stream: bool,
}

impl Connection {
    fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            buffer: BytesMut::with_capacity(128 << 10),
            last: None,
        }
    }

    async fn run(mut self) -> Result<()> {
        while let Some(request) = self.read_request().await? {
            let script = self.script(request.head)?;
            self.buffer.advance(request.len);
            match script {
                None => self.socket.write_all(NOT_FOUND).await?,
                Some(script) if request.wants_stream => self.write_stream(&script).await?,
                Some(script) => self.socket.write_all(&script.whole).await?,
            }
        }
        Ok(())
    }

    /// None: the client closed the connection between two requests.
    async fn read_request(&mut self) -> Result<Option<Request>> {
        loop {
            if let Some(head) = wire::head(&self.buffer)? {
                let Framing::Length(length) = head.framing else {
                    bail!(
                        "a request came in chunks; the mock takes only those with a content-length"
                    );
                };
                let len = head.len + length;
                if let Some(body) = self.buffer.get(head.len..len) {
                    let wants_stream = memmem::find(body, b"\"stream\":true").is_some();
                    return Ok(Some(Request {
                        head: head.len,
                        len,
                        wants_stream,
                    }));
                }
            }
            self.buffer.reserve(64 << 10);
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The script for the request whose head has `head` bytes.
    fn script(&mut self, head: usize) -> Result<Option<Arc<Script>>> {
        let target = self.buffer[..head]
            .split(|byte| *byte == b' ')
            .nth(1)
            .unwrap_or_default();
        if let Some((last, script)) = &self.last
            && last == target
        {
            return Ok(Some(Arc::clone(script)));
        }
        let Some(script) = Script::of_target(std::str::from_utf8(target)?)?.map(Arc::new) else {
            return Ok(None);
        };
        self.last = Some((target.to_vec(), Arc::clone(&script)));
        Ok(Some(script))
    }

    async fn write_stream(&mut self, script: &Script) -> Result<()> {
        self.socket.write_all(&script.opening).await?;
        for number in 0..script.writes {
            if number > 0 {
                pause(script).await;
            }
            self.socket.write_all(&script.write).await?;
        }
        if !script.rest.is_empty() {
            pause(script).await;
            self.socket.write_all(&script.rest).await?;
        }
        self.socket.write_all(&script.ending).await?;
        Ok(())
    }
}

async fn pause(script: &Script) {
    if let Some(delay) = script.knobs.delay() {
        tokio::time::sleep(delay).await;
    }
}

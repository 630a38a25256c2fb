//! What a relay reads from: an upstream's bytes as they are, or through guests.

use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;

use crate::chain::{After, Chain, Step};
use crate::config::OnBroken;
use crate::error::{ApiError, Trouble};
use crate::message::expand;
use crate::reading::{
    Kind, first_event_error, html_error, is_lines, kind_of, malformed, no_message, said_error,
    says_json,
};
use crate::sse::{Framing, Observer, Usage};
use crate::upstream::{ReadError, Secrets, UpstreamBody, joined};
use crate::wasm::bindings::{Ending, Head};

/// One step of a source.
pub enum Sourced {
    /// Nothing came in time.
    Silence,
    /// Output, and more to come.
    Data(Vec<Bytes>),
    /// The last output of a complete answer.
    Last(Vec<Bytes>),
    /// Output, then an error that was said.
    Failed(Vec<Bytes>, ApiError),
    /// Output, then the upstream broke.
    Broken(Vec<Bytes>, String),
}

impl Sourced {
    fn pieces(&self) -> &[Bytes] {
        match self {
            Self::Silence => &[],
            Self::Data(pieces)
            | Self::Last(pieces)
            | Self::Failed(pieces, _)
            | Self::Broken(pieces, _) => pieces,
        }
    }
}

/// Where a stream comes from.
pub struct Source {
    body: UpstreamBody,
    way: Way,
    head: Head,
    begun: bool,
    /// A whole answer that came where a stream was asked for, as far as it was read.
    whole: Option<Whole>,
    limit: usize,
    /// Watches what guests make, for the usage that they tell.
    made: Observer,
}

#[derive(Default)]
struct Whole {
    pieces: Vec<Bytes>,
    size: usize,
}

enum Way {
    /// The provider speaks the Messages API: bytes pass untouched and are only watched.
    Untouched(Observer),
    /// Through guests, until `wake` at the latest.
    Guests {
        chain: Box<Chain>,
        wake: Option<Instant>,
    },
}

impl Source {
    /// Bytes as they come. `limit` is for a whole body in place of a stream.
    pub fn untouched(body: UpstreamBody, head: Head, limit: usize) -> Self {
        Self {
            body,
            way: Way::Untouched(Observer::default()),
            head,
            begun: false,
            whole: None,
            limit,
            made: Observer::default(),
        }
    }

    /// Bytes through guests.
    pub fn guests(body: UpstreamBody, head: Head, chain: Box<Chain>, limit: usize) -> Self {
        Self {
            body,
            way: Way::Guests { chain, wake: None },
            head,
            begun: false,
            whole: None,
            limit,
            made: Observer::default(),
        }
    }

    /// What no error may say.
    pub fn secrets(&self) -> &Secrets {
        self.body.secrets()
    }

    /// A ping may be sent now.
    pub fn at_boundary(&self) -> bool {
        match &self.way {
            Way::Untouched(observer) => observer.at_boundary(),
            Way::Guests { .. } => true,
        }
    }

    /// Reads what is left of the upstream's body, beside the exchange, so that its connection can be used again.
    pub fn release(&mut self) {
        self.body.release();
    }

    /// As far as it was seen.
    pub fn usage(&self) -> Usage {
        match &self.way {
            Way::Untouched(observer) => observer.usage(),
            Way::Guests { .. } => self.made.usage(),
        }
    }

    /// The next step, or `Silence` when `until` passes first. Only waiting is given up then, never a guest's call.
    pub async fn next(&mut self, until: Instant, on_broken: OnBroken) -> Sourced {
        let wake = match &self.way {
            Way::Guests { wake, .. } => *wake,
            Way::Untouched(_) => None,
        };
        let deadline = wake.map_or(until, |wake| wake.min(until));
        let read = tokio::select! {
            biased;
            read = self.body.gather() => read,
            () = tokio::time::sleep_until(deadline) => {
                if wake.is_none_or(|wake| wake > deadline) {
                    return Sourced::Silence;
                }
                let woken = self.wake().await;
                return self.recorded(0, woken);
            }
        };
        let taken = match &read {
            Ok(Some(pieces)) => pieces.iter().map(Bytes::len).sum(),
            Ok(None) | Err(_) => 0,
        };
        let sourced = match read {
            Ok(Some(pieces)) if self.whole.is_some() => self.keep(pieces),
            Ok(Some(pieces)) if self.begun => self.pass(pieces).await,
            Ok(Some(pieces)) => self.first(pieces).await,
            Ok(None) => match self.whole.take() {
                Some(whole) => self.expand(whole).await,
                None => self.end(on_broken).await,
            },
            Err(error) => self.broke(error, on_broken).await,
        };
        self.recorded(taken, sourced)
    }

    /// Watches what became of `read` bytes, and writes it down if the exchange is recorded.
    fn recorded(&mut self, read: usize, sourced: Sourced) -> Sourced {
        if matches!(self.way, Way::Guests { .. }) {
            for piece in sourced.pieces() {
                self.made.see(piece);
            }
        }
        if !self.body.is_recorded() {
            return sourced;
        }
        let out: usize = sourced.pieces().iter().map(Bytes::len).sum();
        let spliced = match &self.way {
            Way::Guests { chain, .. } => chain.spliced(),
            Way::Untouched(_) => 0,
        };
        self.body.stepped(read, out, spliced);
        sourced
    }

    /// The first bytes show what the upstream really sends, whatever its content type says.
    async fn first(&mut self, pieces: Vec<Bytes>) -> Sourced {
        let framing = match &self.way {
            Way::Guests { chain, .. } => chain.framing(),
            Way::Untouched(_) => Framing::Sse,
        };
        match kind_of(&pieces) {
            Kind::Blank => {
                // Blank lines only: nothing to decide on yet, nothing a client needs.
                return Sourced::Data(Vec::new());
            }
            Kind::Html => return Sourced::Failed(Vec::new(), html_error(self.head.status)),
            Kind::Json if framing == Framing::Sse || says_json(&self.head) => {
                return self.keep(pieces);
            }
            Kind::Json | Kind::Other => {}
        }
        self.begun = true;
        if matches!(self.way, Way::Untouched(_))
            && let Some(error) = first_event_error(&pieces)
        {
            return Sourced::Failed(Vec::new(), error);
        }
        if let Way::Guests { chain, .. } = &mut self.way
            && let Err(error) = chain.begin(&self.head).await
        {
            return Sourced::Failed(Vec::new(), error);
        }
        self.pass(pieces).await
    }

    /// Reads on: a whole answer can only be converted when all of it is there.
    fn keep(&mut self, pieces: Vec<Bytes>) -> Sourced {
        let whole = self.whole.get_or_insert_default();
        whole.size += pieces.iter().map(Bytes::len).sum::<usize>();
        whole.pieces.extend(pieces);
        if whole.size > self.limit {
            let error = ReadError::TooLarge(self.limit).to_string();
            return Sourced::Failed(Vec::new(), ApiError::bad_gateway(error));
        }
        Sourced::Data(Vec::new())
    }

    /// A whole answer where a stream was asked for: converted, then expanded into events.
    async fn expand(&mut self, whole: Whole) -> Sourced {
        let body = joined(whole.pieces);
        if let Way::Guests { chain, .. } = &mut self.way
            && chain.framing() == Framing::JsonLines
            && is_lines(&body)
        {
            return lines(chain, &self.head, body).await;
        }
        let message = match &mut self.way {
            Way::Untouched(_) => match said_error(self.head.status, &body) {
                Some(error) => Err(error),
                None => Ok(body),
            },
            Way::Guests { chain, .. } => crate::reading::respond(chain, &self.head, body).await,
        };
        match message.map(|body: Bytes| serde_json::from_slice::<Value>(&body)) {
            Ok(Ok(message)) => match expand(&message) {
                Some(events) => Sourced::Last(vec![events]),
                None => Sourced::Failed(Vec::new(), no_message()),
            },
            Ok(Err(error)) => Sourced::Failed(Vec::new(), malformed(&error)),
            Err(error) => Sourced::Failed(Vec::new(), error),
        }
    }

    async fn pass(&mut self, pieces: Vec<Bytes>) -> Sourced {
        match &mut self.way {
            Way::Untouched(observer) => {
                for piece in &pieces {
                    observer.see(piece);
                }
                // Nothing may follow: an upstream that stays open must not keep the client.
                if observer.ended() && observer.at_boundary() {
                    Sourced::Last(pieces)
                } else {
                    Sourced::Data(pieces)
                }
            }
            Way::Guests { chain, wake } => {
                let step = chain.push(joined(pieces)).await;
                stepped(step, wake)
            }
        }
    }

    async fn wake(&mut self) -> Sourced {
        match &mut self.way {
            Way::Guests { chain, wake } => {
                let step = chain.wake().await;
                *wake = None;
                stepped(step, wake)
            }
            Way::Untouched(_) => Sourced::Silence,
        }
    }

    /// A proper end of the upstream's body.
    async fn end(&mut self, on_broken: OnBroken) -> Sourced {
        match &mut self.way {
            Way::Untouched(observer) if observer.ended() => Sourced::Last(Vec::new()),
            Way::Untouched(observer) if observer.ends_unclosed() => {
                Sourced::Last(vec![Bytes::from_static(b"\n\n")])
            }
            Way::Untouched(_) => {
                let why = "the upstream ended its answer before it was complete";
                match on_broken {
                    OnBroken::Cut => Sourced::Broken(Vec::new(), why.to_owned()),
                    OnBroken::Error => Sourced::Failed(Vec::new(), ApiError::bad_gateway(why)),
                }
            }
            Way::Guests { .. } if !self.begun => Sourced::Failed(
                Vec::new(),
                ApiError::bad_gateway("the upstream answered with an empty body"),
            ),
            Way::Guests { chain, wake } => {
                let step = chain.finish(&Ending::Complete).await;
                match stepped(step, wake) {
                    // What makes no sense at the end is an end that came too early: nobody said an error.
                    Sourced::Failed(out, error)
                        if error.status == 502 && on_broken == OnBroken::Cut =>
                    {
                        Sourced::Broken(out, error.message)
                    }
                    ended => ended,
                }
            }
        }
    }

    /// The transport broke (or was silent for too long).
    async fn broke(&mut self, error: ReadError, on_broken: OnBroken) -> Sourced {
        let why = error.to_string();
        if let ReadError::Idle(_) = error {
            let error = ApiError::new("timeout_error", why).of(Trouble::Silent);
            return Sourced::Failed(Vec::new(), error);
        }
        if on_broken == OnBroken::Cut {
            return Sourced::Broken(Vec::new(), why);
        }
        if let Way::Guests { chain, .. } = &mut self.way
            && self.begun
            && let Ok(Step {
                out,
                next: After::Failed(error),
            }) = chain.finish(&Ending::Broken(why.clone())).await
        {
            return Sourced::Failed(out, error);
        }
        Sourced::Failed(Vec::new(), ApiError::bad_gateway(why))
    }
}

/// JSON texts, one a line, that were announced as one: a stream that is there all at once.
async fn lines(chain: &mut Chain, head: &Head, body: Bytes) -> Sourced {
    let mut out = Vec::new();
    let step = match chain.begin(head).await {
        Ok(()) => chain.push(body).await,
        Err(error) => return Sourced::Failed(out, error),
    };
    let mut wake = None;
    match stepped(step, &mut wake) {
        Sourced::Data(pieces) => out = pieces,
        ended => return ended,
    }
    match stepped(chain.finish(&Ending::Complete).await, &mut wake) {
        Sourced::Last(pieces) => {
            out.extend(pieces);
            Sourced::Last(out)
        }
        Sourced::Failed(pieces, error) => {
            out.extend(pieces);
            Sourced::Failed(out, error)
        }
        other => other,
    }
}

fn stepped(step: Result<Step, ApiError>, wake: &mut Option<Instant>) -> Sourced {
    match step {
        Err(error) => Sourced::Failed(Vec::new(), error),
        Ok(Step { out, next }) => {
            *wake = None;
            match next {
                After::More => Sourced::Data(out),
                After::Wake(ms) => {
                    *wake = Some(Instant::now() + std::time::Duration::from_millis(u64::from(ms)));
                    Sourced::Data(out)
                }
                After::Done => Sourced::Last(out),
                After::Failed(error) => Sourced::Failed(out, error),
            }
        }
    }
}

//! One guest of a chain: it gets whole frames, and what it returns is checked and applied.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::Pinned;
use super::splice::{Outlet, Rules};
use crate::config::Limits;
use crate::error::ApiError;
use crate::registry::Generation;
use crate::sse::{Framer, Framing};
use crate::wasm::bindings::{
    Context, Draft, Ending, Failure, Head, Next, Output, Plan, Pushed, Reply, Verdict,
};
use crate::wasm::{Counters, Fault, Instance, LogLine, Opening};

pub(super) struct Stage {
    /// None once the stage is done with its exchange.
    instance: Option<Instance>,
    generation: Arc<Generation>,
    /// Tells the client's body from others while the generation is new.
    watched: Option<u64>,
    limits: Arc<Limits>,
    counters: Arc<Counters>,
    pub(super) reply: Reply,
    framer: Framer,
    rules: Rules,
    spliced: u32,
    /// The silence after which the guest wants to be woken, and when it will have been one.
    wake: Option<(Duration, Instant)>,
    pub(super) obeys_rules: bool,
    /// What the stages to the left had made of the request, for a `resend`.
    pub(super) so_far: Draft,
    /// The body this stage sent on, for a `resend` that keeps or edits it.
    pub(super) sent: Bytes,
}

impl Stage {
    pub(super) async fn open(
        pin: &Pinned,
        context: &Context,
        body: Option<u64>,
        limits: &Arc<Limits>,
        sink: Arc<dyn Fn(LogLine) + Send + Sync>,
        counters: &Arc<Counters>,
    ) -> Result<Self, ApiError> {
        let generation = pin.generation.clone();
        let is_new = generation.enter();
        let watched = body.filter(|_| is_new);
        let opening = Opening {
            component: &generation.component,
            options: &pin.options,
            limits,
            seed: seed(&context.exchange_id),
            sink,
            counters: counters.clone(),
        };
        let instance = async {
            let mut instance = Instance::open(opening).await?;
            instance.begin_exchange(context).await?;
            Ok(instance)
        };
        let instance = instance
            .await
            .map_err(|fault| blame(&generation, fault, watched))?;
        Ok(Self {
            instance: Some(instance),
            watched,
            limits: limits.clone(),
            counters: counters.clone(),
            reply: Reply::Whole,
            framer: Framer::new(Framing::Sse, limits.frame),
            rules: Rules::default(),
            spliced: 0,
            wake: None,
            obeys_rules: true,
            so_far: Draft {
                path: None,
                headers: Vec::new(),
            },
            sent: Bytes::new(),
            generation,
        })
    }

    pub(super) fn is_live(&self) -> bool {
        self.instance.is_some()
    }

    /// When the guest is to be woken if nothing comes for it.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        self.wake.filter(|_| self.is_live()).map(|(_, at)| at)
    }

    /// The silence begins anew: bytes came, though perhaps none that the guest is called for.
    fn heard(&mut self) {
        if let Some((silence, at)) = &mut self.wake {
            *at = Instant::now() + *silence;
        }
    }

    pub(super) fn framing(&self) -> Option<Framing> {
        match &self.reply {
            Reply::Frames(name) if self.is_live() => Framing::from_name(name),
            _ => None,
        }
    }

    /// The stage wants no reply: its instance is dropped.
    pub(super) fn end(&mut self) {
        self.instance = None;
    }

    /// How its manifest wants the key presented. A header that has another meaning is refused.
    pub(super) fn auth(&self) -> Result<Option<crate::config::Auth>, ApiError> {
        use crate::wasm::bindings::Auth;
        let manifest = self.instance.as_ref().map(Instance::manifest);
        match manifest.and_then(|manifest| manifest.auth.as_ref()) {
            None => Ok(None),
            Some(Auth::Bearer) => Ok(Some(crate::config::Auth::Bearer)),
            Some(Auth::Header(name)) => {
                let name = name.to_ascii_lowercase();
                if !crate::upstream::may_carry_key(&name) {
                    let why = format!(
                        "the key cannot go into the header `{}`",
                        name.escape_debug()
                    );
                    return Err(self.broke("configure", &why));
                }
                Ok(Some(crate::config::Auth::Header(name)))
            }
        }
    }

    pub(super) async fn request(
        &mut self,
        so_far: &Draft,
        body: &[u8],
    ) -> Result<Result<Plan, Failure>, Fault> {
        self.live()?.request(so_far, body).await
    }

    pub(super) async fn explain(&mut self, head: &Head, body: &[u8]) -> Result<Verdict, ApiError> {
        let result = self
            .live()
            .map_err(ApiError::from)?
            .explain(head, body)
            .await;
        result.map_err(|fault| self.blame(fault))
    }

    pub(super) async fn respond(
        &mut self,
        head: &Head,
        body: Bytes,
    ) -> Result<Vec<Bytes>, ApiError> {
        let result = self
            .live()
            .map_err(ApiError::from)?
            .respond(head, &body)
            .await;
        let output = result
            .map_err(|fault| self.blame(fault))?
            .map_err(ApiError::from_failure)?;
        self.apply(
            "respond",
            output,
            &body,
            self.limits.response_body.saturating_mul(2),
        )
    }

    pub(super) async fn begin(
        &mut self,
        head: &Head,
        framing: Framing,
        frame_limit: usize,
    ) -> Result<(), ApiError> {
        self.framer = Framer::new(framing, frame_limit);
        let result = self.live().map_err(ApiError::from)?.begin(head).await;
        result
            .map_err(|fault| self.blame(fault))?
            .map_err(ApiError::from_failure)
    }

    /// Frames what came and gives it to the guest, but for what splice rules pass on.
    pub(super) async fn feed(
        &mut self,
        data: Vec<Bytes>,
        out: &mut Vec<Bytes>,
    ) -> Result<Next, ApiError> {
        if data.is_empty() {
            return Ok(Next::More);
        }
        self.heard();
        let read = crate::upstream::joined(data);
        let blocks = self
            .framer
            .feed(read)
            .map_err(|error| ApiError::bad_gateway(error.to_string()))?;
        let mut outlet = Outlet::default();
        let mut next = Next::More;
        for block in blocks.into_iter().flatten() {
            next = self.block(block, &mut outlet).await?;
            if matches!(next, Next::Done | Next::Failed(_)) {
                break;
            }
        }
        out.extend(outlet.into_pieces());
        Ok(next)
    }

    /// Splices while frames match, pushes the longest run that does not, looks again.
    async fn block(&mut self, block: Bytes, outlet: &mut Outlet) -> Result<Next, ApiError> {
        let mut rest = block;
        let mut next = Next::More;
        while !rest.is_empty() {
            let (spliced, end) = self.rules.splice_run(&rest, outlet);
            self.spliced += spliced;
            self.counters
                .spliced
                .fetch_add(u64::from(spliced), Ordering::Relaxed);
            drop(rest.split_to(end));
            let run = self.rules.other_run(&rest);
            if run == 0 {
                continue;
            }
            next = self.push(rest.split_to(run), outlet).await?;
            if matches!(next, Next::Done | Next::Failed(_)) {
                break;
            }
        }
        Ok(next)
    }

    async fn push(&mut self, frames: Bytes, outlet: &mut Outlet) -> Result<Next, ApiError> {
        let spliced = std::mem::take(&mut self.spliced);
        let result = self
            .live()
            .map_err(ApiError::from)?
            .push(&frames, spliced)
            .await;
        let pushed = result.map_err(|fault| self.blame(fault))?;
        self.take("push", pushed, &frames, outlet)
    }

    pub(super) async fn wake(&mut self, out: &mut Vec<Bytes>) -> Result<Next, ApiError> {
        let result = self.live().map_err(ApiError::from)?.wake().await;
        let pushed = result.map_err(|fault| self.blame(fault))?;
        let mut outlet = Outlet::default();
        let next = self.take("wake", pushed, &Bytes::new(), &mut outlet)?;
        out.extend(outlet.into_pieces());
        Ok(next)
    }

    /// The answer ended: a last frame without its blank line first, then `finish`.
    pub(super) async fn finish(
        &mut self,
        ending: &Ending,
        out: &mut Vec<Bytes>,
    ) -> Result<Next, ApiError> {
        let mut outlet = Outlet::default();
        let rest = self.framer.rest();
        if let (Ending::Complete, Some(rest)) = (ending, rest) {
            let next = self.block(rest, &mut outlet).await?;
            if matches!(next, Next::Done | Next::Failed(_)) {
                out.extend(outlet.into_pieces());
                return Ok(next);
            }
        }
        let result = self.live().map_err(ApiError::from)?.finish(ending).await;
        let pushed = result.map_err(|fault| self.blame(fault))?;
        let next = self.take("finish", pushed, &Bytes::new(), &mut outlet)?;
        out.extend(outlet.into_pieces());
        self.end();
        match next {
            Next::More | Next::WakeAfter(_) => {
                Err(self.broke("finish", "`next` must be `done` or `failed`"))
            }
            ended => Ok(ended),
        }
    }

    /// Applies what a call of the stream side returned.
    fn take(
        &mut self,
        call: &'static str,
        pushed: Pushed,
        input: &Bytes,
        outlet: &mut Outlet,
    ) -> Result<Next, ApiError> {
        for piece in self.apply(call, pushed.out, input, self.limits.push_output)? {
            outlet.slice(piece);
        }
        if let Some(rules) = pushed.rules {
            let rules = Rules::check(rules).map_err(|why| self.broke(call, &why))?;
            if self.obeys_rules {
                self.rules = rules;
            }
        }
        self.wake = match pushed.next {
            Next::WakeAfter(ms) => {
                let silence = Duration::from_millis(u64::from(ms));
                Some((silence, Instant::now() + silence))
            }
            _ => None,
        };
        Ok(pushed.next)
    }

    /// What the guest made of its input. `limit` is in bytes of new output.
    pub(super) fn apply(
        &self,
        call: &'static str,
        output: Output,
        input: &Bytes,
        limit: usize,
    ) -> Result<Vec<Bytes>, ApiError> {
        let new = match &output {
            Output::Keep | Output::Drop => 0,
            Output::Replace(bytes) => bytes.len(),
            Output::Edit(edits) => edits.iter().map(|edit| edit.replacement.len()).sum(),
        };
        self.counters
            .bytes_out
            .fetch_add(new as u64, Ordering::Relaxed);
        if new > limit {
            let setting = match call {
                "request" => "twice limits.request_body",
                "respond" => "twice limits.response_body",
                _ => "limits.push_output",
            };
            return Err(self.broke(
                call,
                &format!("it returned {new} bytes, more than the {limit} allowed ({setting})"),
            ));
        }
        match output {
            Output::Keep => Ok(vec![input.clone()]),
            Output::Drop => Ok(Vec::new()),
            Output::Replace(bytes) => Ok(vec![Bytes::from(bytes)]),
            Output::Edit(edits) => {
                super::splice::edited(input, edits).map_err(|why| self.broke(call, &why))
            }
        }
    }

    /// An answer that the interface forbids.
    pub(super) fn broke(&self, call: &'static str, why: &str) -> ApiError {
        let fault = Fault::Illegal {
            name: self.generation.component.name.clone(),
            call,
            why: why.to_owned(),
        };
        self.blame(fault)
    }

    pub(super) fn blame(&self, fault: Fault) -> ApiError {
        blame(&self.generation, fault, self.watched)
    }

    fn live(&mut self) -> Result<&mut Instance, Fault> {
        let name = &self.generation.component.name;
        self.instance.as_mut().ok_or_else(|| Fault::Illegal {
            name: name.clone(),
            call: "push",
            why: "the stage has ended".to_owned(),
        })
    }
}

/// FNV-1a of the exchange's id: differs between exchanges, and is the same in a replay.
fn seed(exchange_id: &str) -> u128 {
    exchange_id
        .bytes()
        .fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        })
}

/// Counts the fault against its generation and turns it into an error.
fn blame(generation: &Generation, fault: Fault, watched: Option<u64>) -> ApiError {
    generation.blame(&fault, watched);
    fault.into()
}

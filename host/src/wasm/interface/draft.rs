//! A draft of `transom:transformer@0.2.0`, for the tests alone: what it takes to serve a second
//! version. A real one gets a module like this; the older of the two then has the conversions.
//!
//! Types of the interface `types` did not change, so both versions share them. Those of the exported
//! interface are generated anew and are moved into the host's, without a copy of any bytes.

wasmtime::component::bindgen!({
    path: "../tests/interface/draft-0.2.0",
    world: "guest",
    imports: { default: trappable },
    exports: { default: async },
    with: { "transom:transformer/types": super::v0_1::transom::transformer::types },
});

use wasmtime::Store;
use wasmtime::component::{HasSelf, InstancePre, Linker, ResourceAny};

use self::exports::transom::transformer::transformer as api;
use self::transom::transformer::host::{self, Level};
use super::Called;
use crate::wasm::bindings::{
    Context, Draft, Ending, Failure, Forward, Head, Manifest, Next, Output, Plan, Pushed, Reply,
    SpliceRule, Verdict,
};
use crate::wasm::state::State;

pub(super) const VERSION: &str = "0.2.0";

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    host::add_to_linker::<_, HasSelf<_>>(linker, |state| state)
}

impl host::Host for State {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            Level::Trace => tracing::Level::TRACE,
            Level::Debug => tracing::Level::DEBUG,
            Level::Info => tracing::Level::INFO,
            Level::Warn => tracing::Level::WARN,
            Level::Error => tracing::Level::ERROR,
        };
        self.guest_logs(level, message)
    }

    fn note(&mut self, action: String, path: String, why: String) -> wasmtime::Result<()> {
        self.guest_notes(action, path, why)
    }
}

pub(crate) struct Prepared(GuestPre<State>);

impl Prepared {
    pub(super) fn new(pre: InstancePre<State>) -> wasmtime::Result<Self> {
        GuestPre::new(pre).map(Self)
    }

    pub(super) async fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Live> {
        Ok(Live {
            guest: self.0.instantiate_async(store).await?,
            exchange: None,
        })
    }
}

pub(crate) struct Live {
    guest: Guest,
    exchange: Option<ResourceAny>,
}

impl Live {
    fn api(&self) -> api::GuestExchange<'_> {
        self.guest.transom_transformer_transformer().exchange()
    }

    fn exchange(&self) -> ResourceAny {
        self.exchange
            .expect("invariant: an exchange is constructed before any other call of it")
    }

    pub(super) async fn configure(
        &self,
        store: &mut Store<State>,
        options: &[u8],
    ) -> Called<Result<Manifest, Vec<String>>> {
        let api = self.guest.transom_transformer_transformer();
        let configured = api.call_configure(store, options).await?;
        Ok(configured.map(Manifest::from))
    }

    pub(super) async fn construct(
        &mut self,
        store: &mut Store<State>,
        context: &Context,
    ) -> Called<()> {
        let exchange = self.api().call_constructor(store, context).await?;
        self.exchange = Some(exchange);
        Ok(())
    }

    /// What the version adds is asked where the older one has nothing to say.
    pub(super) async fn request(
        &self,
        store: &mut Store<State>,
        so_far: &Draft,
        body: &[u8],
    ) -> Called<Result<Plan, Failure>> {
        let (api, exchange) = (self.api(), self.exchange());
        let so_far = api::Draft {
            path: so_far.path.clone(),
            headers: so_far.headers.clone(),
        };
        let plan = api
            .call_request(&mut *store, exchange, &so_far, body)
            .await?;
        if !matches!(plan, Ok(api::Plan::Unsupported)) {
            return Ok(plan.map(Plan::from));
        }
        let tokens = api.call_estimate(store, exchange, body).await?;
        Ok(Ok(match tokens {
            Some(tokens) => Plan::Answer(format!(r#"{{"input_tokens":{tokens}}}"#).into_bytes()),
            None => Plan::Unsupported,
        }))
    }

    pub(super) async fn respond(
        &self,
        store: &mut Store<State>,
        head: &Head,
        body: &[u8],
    ) -> Called<Result<Output, Failure>> {
        let exchange = self.exchange();
        self.api().call_respond(store, exchange, head, body).await
    }

    pub(super) async fn explain(
        &self,
        store: &mut Store<State>,
        head: &Head,
        body: &[u8],
    ) -> Called<Verdict> {
        let exchange = self.exchange();
        let verdict = self.api().call_explain(store, exchange, head, body).await?;
        Ok(match verdict {
            api::Verdict::NotMine => Verdict::NotMine,
            api::Verdict::Failed(failure) => Verdict::Failed(failure),
            api::Verdict::Resend(forward) => Verdict::Resend(forward.into()),
        })
    }

    pub(super) async fn begin(
        &self,
        store: &mut Store<State>,
        head: &Head,
    ) -> Called<Result<(), Failure>> {
        let exchange = self.exchange();
        self.api().call_begin(store, exchange, head).await
    }

    pub(super) async fn push(
        &self,
        store: &mut Store<State>,
        frames: &[u8],
        spliced: u32,
    ) -> Called<Pushed> {
        let exchange = self.exchange();
        let pushed = self
            .api()
            .call_push(store, exchange, frames, spliced)
            .await?;
        Ok(pushed.into())
    }

    pub(super) async fn wake(&self, store: &mut Store<State>) -> Called<Pushed> {
        let exchange = self.exchange();
        let pushed = self.api().call_wake(store, exchange).await?;
        Ok(pushed.into())
    }

    pub(super) async fn finish(&self, store: &mut Store<State>, ending: &Ending) -> Called<Pushed> {
        let exchange = self.exchange();
        let ending = match ending {
            Ending::Complete => api::Ending::Complete,
            Ending::Broken(how) => api::Ending::Broken(how.clone()),
        };
        let pushed = self.api().call_finish(store, exchange, &ending).await?;
        Ok(pushed.into())
    }
}

impl From<api::Manifest> for Manifest {
    fn from(manifest: api::Manifest) -> Self {
        Self {
            name: manifest.name,
            version: manifest.version,
            auth: manifest.auth,
            notices: manifest.notices,
        }
    }
}

impl From<api::Plan> for Plan {
    fn from(plan: api::Plan) -> Self {
        match plan {
            api::Plan::Forward(forward) => Self::Forward(forward.into()),
            api::Plan::Answer(answer) => Self::Answer(answer),
            api::Plan::Unsupported => Self::Unsupported,
        }
    }
}

impl From<api::Forward> for Forward {
    fn from(forward: api::Forward) -> Self {
        Self {
            path: forward.path,
            headers: forward.headers,
            body: forward.body,
            reply: match forward.reply {
                api::Reply::Untouched => Reply::Untouched,
                api::Reply::Whole => Reply::Whole,
                api::Reply::Frames(kind) => Reply::Frames(kind),
            },
        }
    }
}

impl From<api::Pushed> for Pushed {
    fn from(pushed: api::Pushed) -> Self {
        Self {
            out: pushed.out,
            rules: pushed
                .rules
                .map(|rules| rules.into_iter().map(SpliceRule::from).collect()),
            next: match pushed.next {
                api::Next::More => Next::More,
                api::Next::WakeAfter(ms) => Next::WakeAfter(ms),
                api::Next::Done => Next::Done,
                api::Next::Failed(failure) => Next::Failed(failure),
            },
        }
    }
}

impl From<api::SpliceRule> for SpliceRule {
    fn from(rule: api::SpliceRule) -> Self {
        Self {
            match_prefix: rule.match_prefix,
            match_suffix: rule.match_suffix,
            emit_prefix: rule.emit_prefix,
            emit_suffix: rule.emit_suffix,
        }
    }
}

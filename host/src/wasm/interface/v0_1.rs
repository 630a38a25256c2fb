//! `transom:transformer@0.1.0`, the newest version: its types are those that the host thinks in, so
//! nothing is converted.

wasmtime::component::bindgen!({
    path: "../wit/transformer",
    world: "guest",
    imports: { default: trappable },
    exports: { default: async },
});

use wasmtime::Store;
use wasmtime::component::{HasSelf, InstancePre, Linker, ResourceAny};

use self::exports::transom::transformer::transformer::{
    Draft, Ending, GuestExchange, Manifest, Plan, Pushed, Verdict,
};
use self::transom::transformer::host::{Host, Level};
use self::transom::transformer::types::{self, Context, Failure, Head, Output};
use super::Called;
use crate::wasm::state::State;

pub(super) const VERSION: &str = "0.1.0";

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    Guest::add_to_linker::<_, HasSelf<_>>(linker, |state| state)
}

impl types::Host for State {}

impl Host for State {
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
    fn api(&self) -> GuestExchange<'_> {
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
        api.call_configure(store, options).await
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

    pub(super) async fn request(
        &self,
        store: &mut Store<State>,
        so_far: &Draft,
        body: &[u8],
    ) -> Called<Result<Plan, Failure>> {
        let exchange = self.exchange();
        self.api().call_request(store, exchange, so_far, body).await
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
        self.api().call_explain(store, exchange, head, body).await
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
        self.api().call_push(store, exchange, frames, spliced).await
    }

    pub(super) async fn wake(&self, store: &mut Store<State>) -> Called<Pushed> {
        let exchange = self.exchange();
        self.api().call_wake(store, exchange).await
    }

    pub(super) async fn finish(&self, store: &mut Store<State>, ending: &Ending) -> Called<Pushed> {
        let exchange = self.exchange();
        self.api().call_finish(store, exchange, ending).await
    }
}

//! What `wit/transformer` looks like from the host. Generated; other modules name its types from here.

wasmtime::component::bindgen!({
    path: "../wit/transformer",
    world: "guest",
    imports: { default: trappable },
    exports: { default: async },
});

pub(crate) use self::exports::transom::transformer::transformer::{
    Draft, Ending, Forward, Manifest, Next, Plan, Pushed, Reply, SpliceRule, Verdict,
};
pub(crate) use self::transom::transformer::types::{Auth, Context, Failure, Head, Output};

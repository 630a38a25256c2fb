//! Running guests: the engine, one component's generations, and the live instance of one stage.
//!
//! Nothing here knows HTTP, providers or SSE. A guest is never trusted: every call has a budget,
//! every result is checked before it leaves this module.

mod ambient;
pub(crate) mod bindings;
mod cache;
mod component;
mod engine;
mod fault;
mod instance;
mod interface;
mod live;
mod panic;
mod router;
mod state;
mod stderr;

pub use cache::Cache;
pub(crate) use component::sha256;
pub use component::{Component, Imports, Rejected};
pub(crate) use engine::SMOKE_SLOTS;
pub use engine::{Engine, PoolStep};
pub use fault::Fault;
pub use instance::{Counters, Instance, Opening};
pub use interface::WIT_VERSION;
pub use router::{Questioned, RouterComponent, Signpost};
pub use state::LogLine;

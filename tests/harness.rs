//! The ground that the tests stand on: transom as a separate process, scripted upstreams, a client
//! that sees every byte, and the grammar every answer must follow.
//!
//! Nothing here uses transom's own code: what is tested must not check itself.

pub(crate) mod client;
pub(crate) mod grammar;
pub(crate) mod host;
pub(crate) mod keys;
pub(crate) mod port;
pub(crate) mod sse;
pub(crate) mod terminal;
pub(crate) mod upstream;
pub(crate) mod wire;

//! transom stands between a client of Anthropic's Messages API and any model provider.
//!
//! # The life of a request
//!
//! | hop | where | what |
//! |---|---|---|
//! | in | [`http`] | Host, Origin and key are checked; the body stays one `Bytes` |
//! | look | [`head`] | model, stream and a token estimate, in one borrowed pass |
//! | choose | [`route`], [`tokens`] | provider, model and the rule that chose; the tokens only if a rule depends on them |
//! | pin | [`registry`] | the current generation of each transformer, for the whole exchange |
//! | wait | [`quota`] | a key whose account takes the request; held for a moment rather than refused |
//! | open | [`chain`], [`wasm`] | one store a stage: instantiate, configure, construct |
//! | guests out | [`chain`] | the client's body becomes the upstream's, left to right |
//! | send | [`upstream`] | below the base URL, with the key that no guest ever sees |
//! | answer | [`reading`], [`relay`] | whole, as frames, or an error; what really came decides |
//! | guests back | [`chain`] | frames become Anthropic events, right to left, one push a read |
//! | out | [`relay`] | held headers, pings, a break passed on as a break |
//! | again | [`attempts`] | what failed before the first byte went out: once more, or to the next target |
//!
//! A provider whose transformer is `"anthropic"` skips the guests: the `Bytes` that the HTTP client
//! read are the `Bytes` that the HTTP server writes.
//!
//! Beside the requests, [`app`] follows changes of component files and of the configuration.

pub mod app;
pub mod attempts;
pub mod catalog;
pub mod chain;
pub mod cli;
pub mod config;
mod demo;
pub mod error;
pub mod head;
pub mod http;
mod ids;
pub mod message;
pub mod metrics;
mod mount;
mod owner;
pub mod quota;
pub mod reading;
pub mod record;
pub mod recorder;
pub mod redact;
pub mod registry;
pub mod relay;
pub mod route;
pub mod service;
pub mod sse;
pub mod telemetry;
pub mod testing;
pub mod tokens;
pub mod upstream;
mod visible;
pub mod wasm;

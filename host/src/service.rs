//! What makes a serving process a service: a note of it in the state folder, a control socket there
//! that only its user can reach, the handover of its listener to a successor, and word to systemd.
//!
//! Whether a service lives is known by asking it. The note only says where to ask, and what to make
//! of a process that does not answer.

pub mod ask;
pub mod control;
mod handover;
pub mod note;
mod place;
pub mod systemd;

pub use place::Place;

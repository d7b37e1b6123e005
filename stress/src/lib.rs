//! The engine on real threads. A round is a short life of one scheduler with a few credentials, some made from others, in which
//! callers read, wait, report, listen, close and leave at once, on several threads; then all of it must be over.
//!
//! The simulation has one thread and draws every step from its seed. Here the seed draws the plan of a round, and the threads draw
//! what comes before what: a seed brings the same plan again, and not the same order.
//!
//! `docs/stress.md` in the repository says what must hold.

#![forbid(unsafe_code)]

mod caller;
mod mint;
mod plan;
mod round;
mod target;

pub use plan::{Plan, Plant};
pub use round::live;

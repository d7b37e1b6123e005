//! The nineteen promises of a handle, each on the real driver and on a clock moved by hand.
//!
//! A test that begins with `promise_N_` shows promise N; `docs/refresh.md` lists them.
#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods)]

mod support;

mod closing;
mod composing;
mod events;
mod fairness;
mod getting;
mod identity;
mod logs;
mod refreshing;
mod time;

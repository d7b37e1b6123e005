//! The crate before servers in memory, on a clock moved by hand.
#![allow(missing_docs)]

mod entra;
mod federated;
mod lifetimes;
mod managed_identity;
mod refusals;
mod tokens;
mod world;

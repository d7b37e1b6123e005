//! The crate before servers in memory, on a clock moved by hand.
#![allow(missing_docs)]

mod agents;
mod canary;
mod client_secret;
mod conformance;
mod entra;
mod federated;
mod lifetimes;
mod managed_identity;
mod refusals;
#[cfg(feature = "azure_core")]
mod sdk;
#[cfg(feature = "azure_core")]
mod sdk_client;
mod tokens;
mod world;

//! Oracle Cloud, scripted: time is moved by hand, and answers come from the twin.
#![allow(missing_docs)]

mod bad_input;
mod canary;
mod conformance;
mod exchange;
mod files;
mod instance;
mod key;
mod lifetimes;
mod oke;
mod refusals;
#[cfg(feature = "reqwest")]
mod reqwest_helper;
mod resource_principal;
mod signed;
mod signer;
mod world;

//! Oracle Cloud, scripted: time is moved by hand, and answers come from the twin.
#![allow(missing_docs)]

mod bad_input;
mod exchange;
mod files;
mod instance;
mod key;
mod lifetimes;
mod refusals;
mod signer;
mod world;

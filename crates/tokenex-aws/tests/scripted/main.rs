//! The crate before a twin of STS in memory, on a clock moved by hand.
#![allow(missing_docs)]

mod answers;
mod assume_role;
mod canary;
mod chains;
mod conformance;
mod lifetimes;
mod machines;
mod outbound;
mod output;
mod refusals;
#[cfg(feature = "aws_sdk")]
mod sdk;
#[cfg(feature = "aws_sdk")]
mod sdk_client;
mod web_identity;
mod world;

//! The crate before the twins of Google's services, and before scripted servers, in memory and on a clock moved by hand: what
//! the real ones do too seldom, too slowly or not at all.
#![allow(missing_docs)]

mod answers;
mod bad_days;
mod canary;
mod composing;
mod conformance;
mod executable;
mod external_account;
mod id_tokens;
mod impersonation;
mod keys;
mod metadata;
#[cfg(feature = "google_cloud_auth")]
mod sdk;
mod workforce;
mod workload_identity;
mod world;

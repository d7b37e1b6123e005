//! Credentials without secrets: the vocabulary and the refresh engine of tokenex.
//!
//! A workload proves who it is with an identity token (a JWT from an OIDC issuer). A [`Provider`] exchanges it for the
//! short-lived credential of one target. A [`Scheduler`] keeps that credential fresh in the background, and a
//! [`Handle`] hands it over: read it now, wait for it, listen to changes, report it rejected, close it.
//!
//! ```text
//! TokenSource ──► Provider ──► Credential ──► (is itself a source) ──► Provider ──► ...
//! ```
//!
//! This crate knows no target. The provider crates (`tokenex-vault` and its siblings) depend on it, and so do
//! third-party ones. It stores nothing on disk, verifies no signature (the target does) and runs no thread of its own.
//!
//! # A provider of your own
//!
//! ```
//! use std::time::Duration;
//! use tokenex_core::*;
//!
//! struct ApiKey(Secret);
//!
//! impl Credential for ApiKey {
//!     fn same_as(&self, other: &Self) -> bool {
//!         self.0.same_as(&other.0)
//!     }
//! }
//!
//! struct KeyServer<S>(S);
//!
//! impl<S: TokenSource> Provider for KeyServer<S> {
//!     type Credential = ApiKey;
//!
//!     fn name(&self) -> &'static str { "key-server" }
//!
//!     fn target(&self) -> Target { Target::new("https://keys.example") }
//!
//!     async fn issue(&self, cx: &Attempt) -> Result<Outcome<ApiKey>> {
//!         let identity = self.0.token(&TokenRequest::new(cx).audience("keys")).await?;
//!         // Here the request would go out: cx.send(..).await?
//!         let key = format!("key of {}", identity.value().claims().subject().unwrap_or("nobody"));
//!         Ok(Grant::new(ApiKey(key.into())).lifetime(Duration::from_secs(600)).into())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
//! let source = sources::StaticText::new("eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.");
//! let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
//! let key = scheduler.keep(KeyServer(source));
//! assert_eq!(key.get().await?.0.expose(), "key of me");
//! scheduler.shutdown(Duration::from_secs(5)).await;
//! # Ok(()) }
//! ```
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | what a handle promises | [`Handle`], and `docs/refresh.md` in the repository |
//! | all the numbers | [`Policy`] |
//! | where identity tokens come from | [`sources`] |
//! | what goes wrong | [`Error`], [`ErrorKind`]; what a target's refusals mean: [`refusal`] |
//! | the way to the network | [`Transport`], and `http` with the feature of that name; [`address`]: how far it goes |
//! | one credential made from another | [`Handle::map`], [`Bond`] |
//!
//! # Features
//!
//! - `http` (off): the default transport, reqwest over rustls. Without it this crate has no TLS.
//! - `metrics` (off): gauges, counters and a histogram for the recorder that the program has installed for the
//!   [`metrics`](https://docs.rs/metrics) facade; `docs/operations.md` in the repository has the table.

#![forbid(unsafe_code)]

pub mod address;
mod attempt;
mod credential;
mod engine;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod identity;
mod json;
mod lineage;
mod passthrough;
mod policy;
mod provider;
pub mod refusal;
mod secret;
mod source;
pub mod sources;
pub mod time;
mod transport;

use std::future::Future;
use std::pin::Pin;

pub use attempt::Attempt;
pub use credential::{Credential, Grant, Issued, Moment, Outcome, Renewal, Revocation};
pub use engine::{
    AsIdentity, ClockSkew, CloseReport, Event, Failing, Handle, Keep, Left, LeftBecause, Listener, Mapped, Peek,
    Rejection, Removed, Scheduler, SchedulerBuilder, ShutdownReport, State, Status, WeakHandle,
};
pub use error::{Error, ErrorKind, Presented, Result, Retry};
pub use identity::{Claims, IdentityToken};
pub use lineage::Bond;
pub use passthrough::Passthrough;
pub use policy::Policy;
pub use provider::{Provider, Target};
pub use secret::Secret;
pub use source::{AnySource, AnyTokenSource, Input, Source, TokenRequest, TokenSource};
pub use time::Clock;
pub use transport::{AnyTransport, Transport};

/// A boxed future, as object-safe traits return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

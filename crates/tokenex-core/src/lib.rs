//! The vocabulary and the refresh engine of tokenex.
#![forbid(unsafe_code)]

mod attempt;
mod credential;
mod engine;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod identity;
mod lineage;
mod policy;
mod provider;
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
pub use policy::Policy;
pub use provider::{Provider, Target};
pub use secret::Secret;
pub use source::{AnySource, AnyTokenSource, Input, Source, TokenRequest, TokenSource};
pub use time::Clock;
pub use transport::{AnyTransport, Transport};

/// A boxed future, as object-safe traits return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

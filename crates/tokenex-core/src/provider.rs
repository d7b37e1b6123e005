//! The trait that third parties implement.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::{Attempt, Credential, Error, ErrorKind, Issued, Outcome, Policy, Renewal, Result, Revocation};

/// Where exchanges go: attempts in flight are shared out per target, so that one that hangs never uses another's
/// places. Usually the scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target(Arc<str>);

impl Target {
    /// A target of this name. It appears in logs, so it must hold no secret.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(Arc::from(name.as_ref()))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Turns its inputs into one typed credential at one target.
///
/// Implement it with plain `async fn`. The contract:
///
/// - One call is one bounded try. It must not retry by itself and must not cache: both are the engine's.
/// - It must not block the thread, least of all before its first `await`: attempts may be polled on the one that serves all credentials.
/// - Dropping the future must be safe at any `await`. The engine does so at the deadline of the attempt.
/// - Errors must be classified ([`Error::retry`]), and must hold no secret.
/// - It must ask its sources inside each call, and must send each request through [`Attempt::send`] or
///   [`Attempt::transport`].
/// - A panic is contained and becomes a failure, except with `panic = "abort"`.
pub trait Provider: Send + Sync + 'static {
    /// What it makes.
    type Credential: Credential;

    /// A short name for logs, errors and metrics: `vault`, `azure`.
    fn name(&self) -> &'static str;

    /// Where it goes. Asked once, when it is handed to the scheduler.
    fn target(&self) -> Target;

    /// The numbers that fit this target, made from the scheduler's. Whoever keeps the provider can change them again
    /// with [`Keep::policy`](crate::Keep::policy).
    fn policy(&self, scheduler: &Policy) -> Policy {
        scheduler.clone()
    }

    /// Gets a new credential.
    fn issue(&self, cx: &Attempt) -> impl Future<Output = Result<Outcome<Self::Credential>>> + Send;

    /// Extends `held`. Called only for a [renewable](crate::Grant::renewable) grant.
    fn renew(&self, held: &Issued<Self::Credential>, cx: &Attempt) -> impl Future<Output = Result<Renewal>> + Send {
        let _ = (held, cx);
        async { Ok(Renewal::NotRenewable) }
    }

    /// Ends `held`. Called at most once, and only for a [revocable](crate::Grant::revocable) grant.
    fn revoke(&self, held: &Issued<Self::Credential>, cx: &Attempt) -> impl Future<Output = Result<Revocation>> + Send {
        let _ = (held, cx);
        async {
            Err(Error::new(ErrorKind::Other, "the provider grants revocable credentials and does not implement revoke"))
        }
    }
}

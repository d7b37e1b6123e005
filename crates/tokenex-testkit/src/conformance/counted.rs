//! A provider that counts how often it is called.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokenex_core::{Attempt, Issued, Outcome, Policy, Provider, Renewal, Result, Revocation, Target};

/// How often each method was called.
#[derive(Debug, Default)]
pub(super) struct Calls {
    issue: AtomicU64,
    renew: AtomicU64,
    revoke: AtomicU64,
}

impl Calls {
    pub(super) fn issue(&self) -> u64 {
        self.issue.load(Ordering::Relaxed)
    }

    pub(super) fn renew(&self) -> u64 {
        self.renew.load(Ordering::Relaxed)
    }

    pub(super) fn revoke(&self) -> u64 {
        self.revoke.load(Ordering::Relaxed)
    }
}

/// The thing under test, shared between the suite and a scheduler.
pub(super) struct Counted<P> {
    inner: Arc<P>,
    calls: Arc<Calls>,
}

impl<P> Counted<P> {
    pub(super) fn new(inner: Arc<P>, calls: Arc<Calls>) -> Self {
        Self { inner, calls }
    }
}

impl<P: Provider> Provider for Counted<P> {
    type Credential = P::Credential;

    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn target(&self) -> Target {
        self.inner.target()
    }

    fn policy(&self, scheduler: &Policy) -> Policy {
        self.inner.policy(scheduler)
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Self::Credential>> {
        self.calls.issue.fetch_add(1, Ordering::Relaxed);
        self.inner.issue(cx).await
    }

    async fn renew(&self, held: &Issued<Self::Credential>, cx: &Attempt) -> Result<Renewal> {
        self.calls.renew.fetch_add(1, Ordering::Relaxed);
        self.inner.renew(held, cx).await
    }

    async fn revoke(&self, held: &Issued<Self::Credential>, cx: &Attempt) -> Result<Revocation> {
        self.calls.revoke.fetch_add(1, Ordering::Relaxed);
        self.inner.revoke(held, cx).await
    }
}

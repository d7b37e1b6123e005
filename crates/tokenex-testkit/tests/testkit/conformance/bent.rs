//! The provider that keeps every law, bent at one place.

use std::fmt;
use std::sync::Arc;

use tokenex_core::{Attempt, BoxFuture, Issued, Outcome, Provider, Renewal, Result, Revocation, Target};

use crate::conformance::key_server::{Key, KeyServer};

type Issue = dyn for<'a> Fn(&'a KeyServer, &'a Attempt) -> BoxFuture<'a, Result<Outcome<Key>>> + Send + Sync;
type Renew =
    dyn for<'a> Fn(&'a KeyServer, &'a Issued<Key>, &'a Attempt) -> BoxFuture<'a, Result<Renewal>> + Send + Sync;
type Revoke =
    dyn for<'a> Fn(&'a KeyServer, &'a Issued<Key>, &'a Attempt) -> BoxFuture<'a, Result<Revocation>> + Send + Sync;

/// A key server that does one thing otherwise.
pub(crate) struct Bent {
    server: KeyServer,
    issue: Arc<Issue>,
    renew: Arc<Renew>,
    revoke: Arc<Revoke>,
    target: Arc<dyn Fn() -> Target + Send + Sync>,
}

impl Bent {
    pub(crate) fn new(server: KeyServer) -> Self {
        let target = server.target();
        Self {
            server,
            issue: Arc::new(|server, cx| Box::pin(server.issue(cx))),
            renew: Arc::new(|server, held, cx| Box::pin(server.renew(held, cx))),
            revoke: Arc::new(|server, held, cx| Box::pin(server.revoke(held, cx))),
            target: Arc::new(move || target.clone()),
        }
    }

    pub(crate) fn issue(
        mut self,
        issue: impl for<'a> Fn(&'a KeyServer, &'a Attempt) -> BoxFuture<'a, Result<Outcome<Key>>> + Send + Sync + 'static,
    ) -> Self {
        self.issue = Arc::new(issue);
        self
    }

    pub(crate) fn renew(
        mut self,
        renew: impl for<'a> Fn(&'a KeyServer, &'a Issued<Key>, &'a Attempt) -> BoxFuture<'a, Result<Renewal>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.renew = Arc::new(renew);
        self
    }

    pub(crate) fn revoke(
        mut self,
        revoke: impl for<'a> Fn(&'a KeyServer, &'a Issued<Key>, &'a Attempt) -> BoxFuture<'a, Result<Revocation>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.revoke = Arc::new(revoke);
        self
    }

    pub(crate) fn target(mut self, target: impl Fn() -> Target + Send + Sync + 'static) -> Self {
        self.target = Arc::new(target);
        self
    }
}

impl Provider for Bent {
    type Credential = Key;

    fn name(&self) -> &'static str {
        self.server.name()
    }

    fn target(&self) -> Target {
        (self.target)()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Key>> {
        (self.issue)(&self.server, cx).await
    }

    async fn renew(&self, held: &Issued<Key>, cx: &Attempt) -> Result<Renewal> {
        (self.renew)(&self.server, held, cx).await
    }

    async fn revoke(&self, held: &Issued<Key>, cx: &Attempt) -> Result<Revocation> {
        (self.revoke)(&self.server, held, cx).await
    }
}

impl fmt::Debug for Bent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.server.fmt(f)
    }
}

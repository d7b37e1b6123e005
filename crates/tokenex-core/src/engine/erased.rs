//! The object-safe twin of [`Provider`].

use crate::{Attempt, BoxFuture, Issued, Outcome, Provider, Renewal, Result, Revocation};

pub(super) trait ErasedProvider<C>: Send + Sync {
    fn issue<'a>(&'a self, cx: &'a Attempt) -> BoxFuture<'a, Result<Outcome<C>>>;
    fn renew<'a>(&'a self, held: &'a Issued<C>, cx: &'a Attempt) -> BoxFuture<'a, Result<Renewal>>;
    fn revoke<'a>(&'a self, held: &'a Issued<C>, cx: &'a Attempt) -> BoxFuture<'a, Result<Revocation>>;
}

impl<P: Provider> ErasedProvider<P::Credential> for P {
    fn issue<'a>(&'a self, cx: &'a Attempt) -> BoxFuture<'a, Result<Outcome<P::Credential>>> {
        Box::pin(Provider::issue(self, cx))
    }

    fn renew<'a>(&'a self, held: &'a Issued<P::Credential>, cx: &'a Attempt) -> BoxFuture<'a, Result<Renewal>> {
        Box::pin(Provider::renew(self, held, cx))
    }

    fn revoke<'a>(&'a self, held: &'a Issued<P::Credential>, cx: &'a Attempt) -> BoxFuture<'a, Result<Revocation>> {
        Box::pin(Provider::revoke(self, held, cx))
    }
}

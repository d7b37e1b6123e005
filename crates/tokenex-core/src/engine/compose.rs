//! Exchanges compose: a handle is itself an input of the next provider.

use std::fmt;
use std::sync::Arc;

use super::handle::Handle;
use super::mailbox::WaitGuard;
use crate::{
    Attempt, Credential, Error, ErrorKind, IdentityToken, Input, Issued, Result, Source, TokenRequest, TokenSource,
};

/// A credential whose snapshot, or a part of it, is the input of another provider; see [`Handle::map`].
pub struct Mapped<C: Credential, F> {
    pub(super) handle: Handle<C>,
    pub(super) f: F,
}

impl<C: Credential, F> fmt::Debug for Mapped<C, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapped").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl<C, T, F> Source<T> for Mapped<C, F>
where
    C: Credential,
    F: Fn(&C) -> Result<T> + Send + Sync + 'static,
{
    async fn fetch(&self, cx: &Attempt) -> Result<Input<T>> {
        self.handle.fetch(cx).await?.try_map(|issued| (self.f)(&issued))
    }
}

impl<C: Credential> Source<Arc<Issued<C>>> for Handle<C> {
    async fn fetch(&self, cx: &Attempt) -> Result<Input<Arc<Issued<C>>>> {
        let issued = self.current_for(cx).await?;
        let (at, bond) = (issued.issued_at(), issued.bond());
        Ok(Input::new(issued).with_issued_at(at).with_bond(bond))
    }
}

/// A credential that is itself an identity token for the next exchange.
pub trait AsIdentity: Credential {
    /// The token.
    ///
    /// # Errors
    /// When it is not a JWT after all.
    fn as_identity(&self) -> Result<IdentityToken>;
}

impl AsIdentity for IdentityToken {
    fn as_identity(&self) -> Result<IdentityToken> {
        Ok(self.clone())
    }
}

impl<C: AsIdentity> TokenSource for Handle<C> {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let cx = request.attempt();
        let held = self.fetch(cx).await?;
        let generation = held.value().generation();
        let held = held.try_map(|issued| issued.as_identity())?;
        if !request.refused_token().is_some_and(|refused| refused.same_as(held.value())) {
            return Ok(held);
        }
        // What comes of it is seen below: another token, or the same one again.
        self.rejected_in(cx, generation).await?;
        self.fetch(cx).await?.try_map(|issued| issued.as_identity())
    }
}

impl<C: Credential> Handle<C> {
    /// Makes this credential an input of another provider: `f` takes out what is needed.
    pub fn map<T, F>(&self, f: F) -> Mapped<C, F>
    where
        F: Fn(&C) -> Result<T> + Send + Sync + 'static,
    {
        Mapped { handle: self.clone(), f }
    }

    /// The current credential for an attempt of another one: as [`get`](Self::get), but the attempt that it may need
    /// takes no place of its own, and a circle is an error.
    async fn current_for(&self, cx: &Attempt) -> Result<Arc<Issued<C>>> {
        if let Some(issued) = self.cell.usable_arc() {
            return Ok(issued);
        }
        let _guard = self.waits(cx)?;
        self.wait(true).await
    }

    /// Notes that the attempt waits for this handle; a circle of such waits is an error.
    pub(super) fn waits(&self, cx: &Attempt) -> Result<Option<WaitGuard>> {
        match cx.entry() {
            Some(waiter) if Arc::ptr_eq(&waiter.mailbox, &self.cell.mailbox) => {
                match self.cell.mailbox.waits_for(waiter.id, self.cell.id) {
                    Some(guard) => Ok(Some(guard)),
                    None => Err(Error::new(
                        ErrorKind::Configuration,
                        format!("{} needs itself: its inputs go round in a circle", self.name()),
                    )
                    .with_code("cycle")),
                }
            }
            _ => Ok(None),
        }
    }
}

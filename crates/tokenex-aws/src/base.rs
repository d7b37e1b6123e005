//! Credentials that sign the requests for other ones.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokenex_core::{AnySource, Attempt, Credential, ErrorKind, Handle, Input, Issued, Rejection, Result, Source};

use crate::credentials::AwsCredentials;
use crate::errors::{judge_by_age, wants_other_signer};

/// What can sign: a `Handle<AwsCredentials>`, or any [`Source`] of [`AwsCredentials`]. Among the latter are
/// [`ContainerCredentials`](crate::ContainerCredentials), [`InstanceCredentials`](crate::InstanceCredentials), and the
/// handle of anything else by way of [`Handle::map`].
///
/// It is implemented for all of these, and there is no need to implement it.
pub trait IntoBase: sealed::Sealed {
    /// What the builders keep.
    #[doc(hidden)]
    fn into_base(self) -> Base;
}

mod sealed {
    pub trait Sealed {}
}

impl<S: Source<AwsCredentials>> sealed::Sealed for S {}

impl<S: Source<AwsCredentials>> IntoBase for S {
    fn into_base(self) -> Base {
        Base(Kind::Source(AnySource::new(self)))
    }
}

impl sealed::Sealed for Handle<AwsCredentials> {}

impl IntoBase for Handle<AwsCredentials> {
    fn into_base(self) -> Base {
        Base(Kind::Handle(self))
    }
}

/// Credentials that sign the requests for other ones.
#[doc(hidden)]
#[derive(Clone)]
pub struct Base(Kind);

#[derive(Clone)]
enum Kind {
    Handle(Handle<AwsCredentials>),
    Source(AnySource<AwsCredentials>),
}

/// The credentials to sign with now.
struct Signer {
    credentials: AwsCredentials,
    issued_at: Option<SystemTime>,
    /// Of the handle they come from.
    generation: Option<u64>,
}

impl Base {
    /// What is known before anything is fetched: whether these are a role's session.
    pub(crate) fn is_known_role_session(&self) -> bool {
        match &self.0 {
            Kind::Handle(handle) => handle.peek().is_some_and(|issued| issued.is_role_session()),
            Kind::Source(_) => false,
        }
    }

    /// The current credentials.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::Identity`] when nothing can be signed with them.
    async fn signer(&self, cx: &Attempt) -> Result<Signer> {
        let signer = match &self.0 {
            Kind::Handle(handle) => {
                let input: Input<Arc<Issued<AwsCredentials>>> = handle.fetch(cx).await?;
                let issued = input.value();
                Signer {
                    credentials: issued.credential().clone(),
                    issued_at: input.issued_at(),
                    generation: Some(issued.generation()),
                }
            }
            Kind::Source(source) => {
                let input = source.fetch(cx).await?;
                let issued_at = input.issued_at();
                Signer { credentials: input.into_value(), issued_at, generation: None }
            }
        };
        signer.credentials.check(ErrorKind::Identity)?;
        Ok(signer)
    }

    /// Does `exchange` with the current credentials, and once more with other ones where AWS does not accept these.
    ///
    /// # Errors
    /// Those of the source and of `exchange`.
    pub(crate) async fn sign<T, F>(&self, cx: &Attempt, exchange: impl Fn(AwsCredentials) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let signer = self.signer(cx).await?;
        let refusal = match exchange(signer.credentials.clone()).await {
            Err(refusal) => judge_by_age(refusal, signer.age(cx)),
            done => return done,
        };
        if !wants_other_signer(&refusal) {
            return Err(refusal);
        }
        match self.other_signer(cx, &signer).await {
            Some(other) => {
                let outcome = exchange(other.credentials.clone()).await;
                outcome.map_err(|refusal| judge_by_age(refusal, other.age(cx)))
            }
            None => Err(refusal),
        }
    }

    /// Other credentials than `refused`, which AWS does not accept any more. `None` when there are none.
    async fn other_signer(&self, cx: &Attempt, refused: &Signer) -> Option<Signer> {
        if let (Kind::Handle(handle), Some(generation)) = (&self.0, refused.generation) {
            match handle.rejected_in(cx, generation).await {
                Ok(Rejection::Replaced { .. }) => {}
                // A refresh that fails now has nothing to say that helps more than the refusal.
                _ => return None,
            }
        }
        let other = self.signer(cx).await.ok()?;
        Some(other).filter(|other| !other.credentials.same_as(&refused.credentials))
    }
}

impl Signer {
    /// How old the credentials are, if that is known.
    fn age(&self, cx: &Attempt) -> Option<Duration> {
        cx.clock().wall().duration_since(self.issued_at?).ok()
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Handle(handle) => handle.fmt(f),
            Kind::Source(source) => source.fmt(f),
        }
    }
}

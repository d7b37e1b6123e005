//! Credentials: what a provider hands over, and what the engine makes of it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::lineage::{Bond, Bonded, Life};
use crate::time::from_nanos;

/// A typed, short-lived result of an exchange: an access token, AWS keys, a Vault secret.
pub trait Credential: Send + Sync + 'static {
    /// Whether both are the same credential at the target. Must compare secrets in constant time
    /// ([`Secret::same_as`](crate::Secret::same_as)).
    ///
    /// An equal credential keeps its generation: targets that hand out their own cached token cause no events.
    fn same_as(&self, other: &Self) -> bool;
}

/// A moment on the monotonic clock, taken with [`Attempt::moment`](crate::Attempt::moment).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub(crate) Duration);

/// When a credential ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Never,
    /// So long after the moment the lifetime is counted from.
    After(Duration),
    /// At that time of the target's clock.
    At(SystemTime),
}

/// What a provider hands over: a credential and what the target said about it.
///
/// ```
/// # use tokenex_core::{Grant, IdentityToken};
/// # use std::time::Duration;
/// # fn demo(credential: IdentityToken) -> Grant<IdentityToken> {
/// Grant::new(credential).lifetime(Duration::from_secs(3600)).fingerprint("key-17")
/// # }
/// ```
#[must_use]
pub struct Grant<C> {
    pub(crate) credential: C,
    pub(crate) ends: Ends,
    pub(crate) counted_from: Option<Moment>,
    pub(crate) refresh_in: Option<Duration>,
    pub(crate) renewable: bool,
    pub(crate) revocable: bool,
    pub(crate) fingerprint: Option<Box<str>>,
    pub(crate) bonds: Vec<Bond>,
}

impl<C> Grant<C> {
    /// A credential that never expires unless one of the methods below says so.
    pub fn new(credential: C) -> Self {
        Self {
            credential,
            ends: Ends::Never,
            counted_from: None,
            refresh_in: None,
            renewable: false,
            revocable: false,
            fingerprint: None,
            bonds: Vec::new(),
        }
    }

    /// It ends so long after the attempt began, or after the moment given to [`counted_from`](Self::counted_from). For
    /// targets that answer in seconds.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.ends = Ends::After(lifetime);
        self
    }

    /// Lifetime and refresh hint count from here: taken just before the request was sent, never after the answer.
    pub fn counted_from(mut self, sent: Moment) -> Self {
        self.counted_from = Some(sent);
        self
    }

    /// It ends at that time of the target's clock. The engine corrects it by the clock difference it has learnt.
    pub fn expires_at(mut self, at: SystemTime) -> Self {
        self.ends = Ends::At(at);
        self
    }

    /// The target's, or the provider's, wish when to refresh. Bounded by the engine so that several attempts fit.
    pub fn refresh_in(mut self, hint: Duration) -> Self {
        self.refresh_in = Some(hint);
        self
    }

    /// [`Provider::renew`](crate::Provider::renew) can extend it. Otherwise the engine issues a new one in time.
    pub fn renewable(mut self) -> Self {
        self.renewable = true;
        self
    }

    /// [`Provider::revoke`](crate::Provider::revoke) can end it. Otherwise it lives until it expires, and closing says
    /// so.
    pub fn revocable(mut self) -> Self {
        self.revocable = true;
        self
    }

    /// A name for this credential that is no secret (key id, `jti`, lease id), for logs and events.
    pub fn fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
        self.fingerprint = Some(fingerprint.into().into_boxed_str());
        self
    }

    /// It dies with each of these, whatever its own lifetime says.
    pub fn bound_to<'a>(mut self, bonds: impl IntoIterator<Item = &'a Bond>) -> Self {
        self.bonds.extend(bonds.into_iter().cloned());
        self
    }
}

impl<C> fmt::Debug for Grant<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("ends", &self.ends)
            .field("renewable", &self.renewable)
            .field("revocable", &self.revocable)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// What an attempt to issue came to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<C> {
    /// The target handed over a credential.
    Issued(Grant<C>),
    /// The target says that there is none any more (a deleted secret). It takes away even a credential that is still
    /// valid; the engine keeps looking whether it comes back.
    Withdrawn,
}

impl<C> From<Grant<C>> for Outcome<C> {
    fn from(grant: Grant<C>) -> Self {
        Self::Issued(grant)
    }
}

/// What an attempt to renew came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Renewal {
    /// The target extended it: it now lives so long, counted from the moment.
    Extended {
        /// How long it lives now.
        lifetime: Duration,
        /// Taken just before the request was sent.
        counted_from: Moment,
        /// Whether another renewal can extend it further. When false, a new credential is issued in good time.
        again: bool,
    },
    /// It cannot be extended; a new one is issued.
    NotRenewable,
}

/// What an attempt to revoke came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Revocation {
    /// The target accepted the revocation. Often that is all it says: it may act a little later.
    Accepted,
    /// The target has no way to do it, or does not let us: the credential lives until it expires.
    NotPossible,
}

/// An issued credential: an immutable snapshot, shared by all readers.
///
/// Dereferences to the credential. The one thing that moves is the expiry: a renewal extends it in place, and so does
/// a renewal of the credential it is bound to.
pub struct Issued<C> {
    pub(crate) credential: C,
    pub(crate) generation: u64,
    pub(crate) issued_at: u64,
    pub(crate) fingerprint: Option<Box<str>>,
    pub(crate) revocable: bool,
    pub(crate) life: Life,
}

impl<C> Issued<C> {
    /// The credential.
    pub fn credential(&self) -> &C {
        &self.credential
    }

    /// Counts the credentials of one handle, from 1. A renewal, or an equal credential, keeps it.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When the attempt that brought it began, by the local clock.
    pub fn issued_at(&self) -> SystemTime {
        from_nanos(self.issued_at)
    }

    /// When it ends, by the local clock: the earliest of its own end and the ends of all it is bound to, as known now.
    /// `None` when it has no end.
    pub fn expires_at(&self) -> Option<SystemTime> {
        match self.life.told_until() {
            Life::NEVER => None,
            nanos => Some(from_nanos(nanos)),
        }
    }

    /// The name of this credential that is no secret.
    pub fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// What it dies with.
    pub fn bonds(&self) -> &[Bond] {
        self.life.bonds()
    }
}

impl<C: Send + Sync + 'static> Issued<C> {
    /// A bond to this credential, for what is made from it and dies with it.
    pub fn bond(self: &Arc<Self>) -> Bond {
        Bond::new(self.clone())
    }
}

impl<C: Send + Sync> Bonded for Issued<C> {
    fn life(&self) -> &Life {
        &self.life
    }
}

impl<C> Deref for Issued<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.credential
    }
}

impl<C> fmt::Debug for Issued<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("generation", &self.generation)
            .field("expires_at", &self.expires_at())
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

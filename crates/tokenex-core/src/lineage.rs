//! What dies with what.
//!
//! A [`Bond`] ties an issued credential to the one it was made from, where the target works so: a Vault lease dies with
//! the login that made it. The effective end of a credential is the earliest over its bonds, read live, so that a
//! renewal of the parent extends its children in the same instant.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::Dependent;

/// "Dies with": a tie to an issued credential. Obtained from [`Issued::bond`](crate::Issued::bond) or from an
/// [`Input`](crate::Input), given to [`Grant::bound_to`](crate::Grant::bound_to).
#[derive(Clone)]
pub struct Bond(Arc<dyn Bonded>);

impl Bond {
    pub(crate) fn new(parent: Arc<dyn Bonded>) -> Self {
        Self(parent)
    }

    pub(crate) fn life(&self) -> &Life {
        self.0.life()
    }
}

impl fmt::Debug for Bond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bond")
    }
}

pub(crate) trait Bonded: Send + Sync {
    fn life(&self) -> &Life;
}

/// The part of an issued credential that its readers and its children look at.
pub(crate) struct Life {
    /// Own end, in nanoseconds of the local wall clock.
    until: AtomicU64,
    /// Most credentials are bound to nothing, and then reading them follows no further pointer.
    bonds: Option<Box<[Bond]>>,
    /// Which credentials are bound to this one. Boxed since most have none.
    dependents: Mutex<Option<Box<Dependents>>>,
}

#[derive(Default)]
struct Dependents {
    /// A newer generation has taken over; whoever is bound to this one must move.
    superseded: bool,
    list: Vec<Dependent>,
}

impl Life {
    /// No end.
    pub(crate) const NEVER: u64 = u64::MAX;

    pub(crate) fn new(until: u64, bonds: Vec<Bond>) -> Self {
        Self {
            until: AtomicU64::new(until),
            bonds: (!bonds.is_empty()).then(|| bonds.into_boxed_slice()),
            dependents: Mutex::new(None),
        }
    }

    /// The effective end: its own, or that of the first of its bonds to end.
    #[inline]
    pub(crate) fn until(&self) -> u64 {
        let own = self.own_until();
        match &self.bonds {
            None => own,
            Some(bonds) => bonds.iter().fold(own, |until, bond| until.min(bond.life().until())),
        }
    }

    #[inline]
    pub(crate) fn own_until(&self) -> u64 {
        // Relaxed is enough: the value stands alone, and the credential beside it never changes.
        self.until.load(Ordering::Relaxed)
    }

    /// The end that the bonds set, if there are any.
    pub(crate) fn bound_until(&self) -> Option<u64> {
        self.bonds.as_ref()?.iter().map(|bond| bond.life().until()).min()
    }

    pub(crate) fn set_until(&self, until: u64) {
        self.until.store(until, Ordering::Relaxed);
    }

    pub(crate) fn bonds(&self) -> &[Bond] {
        self.bonds.as_deref().unwrap_or_default()
    }

    /// Whether one of its bonds leads to a generation that has a successor.
    pub(crate) fn parent_superseded(&self) -> bool {
        self.bonds().iter().any(|bond| bond.life().is_superseded())
    }

    pub(crate) fn is_superseded(&self) -> bool {
        self.lock().as_ref().is_some_and(|d| d.superseded)
    }

    /// Registers a credential bound to this one.
    pub(crate) fn attach(&self, dependent: Dependent) {
        self.lock().get_or_insert_default().list.push(dependent);
    }

    /// Removes a credential bound to this one; true when it was the last.
    pub(crate) fn detach(&self, dependent: &Dependent) -> bool {
        let mut guard = self.lock();
        let Some(d) = guard.as_mut() else { return true };
        if let Some(at) = d.list.iter().position(|x| x == dependent) {
            d.list.swap_remove(at);
        }
        d.list.is_empty()
    }

    /// Says that a newer generation has taken over, and returns who is bound to this one.
    pub(crate) fn supersede(&self) -> Vec<Dependent> {
        let mut guard = self.lock();
        let d = guard.get_or_insert_default();
        d.superseded = true;
        d.list.clone()
    }

    pub(crate) fn has_dependents(&self) -> bool {
        self.lock().as_ref().is_some_and(|d| !d.list.is_empty())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Dependents>>> {
        self.dependents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

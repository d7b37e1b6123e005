//! What dies with what.
//!
//! A [`Bond`] ties an issued credential to the one it was made from, where the target works so: a Vault lease dies with
//! the login that made it. The effective end of a credential is the earliest over its bonds, read live, so that a
//! renewal of the parent extends its children in the same instant.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::engine::EntryKey;
use crate::time::{from_nanos, nanos};

/// "Dies with": a tie to an issued credential. Obtained from [`Issued::bond`](crate::Issued::bond) or from an
/// [`Input`](crate::Input), given to [`Grant::bound_to`](crate::Grant::bound_to).
#[derive(Clone)]
pub struct Bond(Arc<dyn Bonded>);

impl Bond {
    pub(crate) fn new(parent: Arc<dyn Bonded>) -> Self {
        Self(parent)
    }

    fn life(&self) -> &Life {
        self.0.life()
    }

    /// When what it leads to ends, in nanoseconds of the local wall clock.
    pub(crate) fn until(&self) -> u64 {
        self.life().until()
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
    /// Own end, in nanoseconds of the local wall clock. Even while it may still move; odd once it is over for good, which
    /// a clock set back must not undo.
    until: AtomicU64,
    /// The end as it was made, in the form in which the clock tells the time: comparing two of these is cheaper than
    /// turning one into a number. It counts while nothing has moved the end.
    made_until: SystemTime,
    /// `until` has moved since, so `made_until` no longer tells the end.
    moved: AtomicBool,
    /// Most credentials are bound to nothing, and then reading them follows no further pointer.
    bonds: Option<Box<[Bond]>>,
    /// Whose generation this is; also who is registered at the bonds.
    owner: EntryKey,
    /// A newer generation has taken over, or none will: whoever is bound to this one must move.
    superseded: AtomicBool,
    /// Its revocation has begun: nothing that is bound to it may be handed out any more.
    sealed: AtomicBool,
    /// No longer registered at its bonds.
    released: AtomicBool,
    /// Whose generations are bound to this one, one entry each.
    dependents: Mutex<Vec<EntryKey>>,
}

impl Life {
    /// No end.
    pub(crate) const NEVER: u64 = u64::MAX - 1;

    /// The mark of an end that is over for good.
    const OVER: u64 = 1;

    /// A new life, registered at each of its bonds.
    pub(crate) fn new(owner: EntryKey, until: u64, bonds: Vec<Bond>) -> Self {
        for bond in &bonds {
            bond.life().dependents().push(owner.clone());
        }
        Self {
            until: AtomicU64::new(until & !Self::OVER),
            made_until: from_nanos(until & !Self::OVER),
            moved: AtomicBool::new(false),
            bonds: (!bonds.is_empty()).then(|| bonds.into_boxed_slice()),
            owner,
            superseded: AtomicBool::new(false),
            sealed: AtomicBool::new(false),
            released: AtomicBool::new(false),
            dependents: Mutex::default(),
        }
    }

    /// Whether it is usable at `now`, and all that it is bound to: one comparison each, as long as the end is the one that
    /// it was made with.
    #[inline]
    pub(crate) fn is_usable(&self, now: SystemTime) -> bool {
        // Relaxed is enough, as for `until`.
        let moved = self.moved.load(Ordering::Relaxed);
        let own = if moved { self.is_usable_still(now) } else { now < self.made_until };
        own && (self.bonds.is_none() || self.are_bonds_usable(now))
    }

    fn are_bonds_usable(&self, now: SystemTime) -> bool {
        self.bonds().iter().all(|bond| bond.life().is_usable(now))
    }

    /// Not beside the comparison above, to whose readers it would only be in the way.
    #[inline(never)]
    fn is_usable_still(&self, now: SystemTime) -> bool {
        nanos(now) < self.own_usable_until()
    }

    /// Until when it is usable: its own end, or that of the first of its bonds to end. Nothing at all once it is over for
    /// good.
    pub(crate) fn until(&self) -> u64 {
        self.bonds().iter().fold(self.own_usable_until(), |until, bond| until.min(bond.life().until()))
    }

    fn own_usable_until(&self) -> u64 {
        let own = self.own_until();
        if own & Self::OVER == 0 { own } else { 0 }
    }

    /// When it ends or ended, for people to read.
    pub(crate) fn told_until(&self) -> u64 {
        self.bonds().iter().fold(self.own_until(), |until, bond| until.min(bond.life().told_until()))
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
        self.moved.store(true, Ordering::Relaxed);
        self.until.store(until & !Self::OVER, Ordering::Relaxed);
    }

    /// It is over for good, now at the latest.
    pub(crate) fn end(&self, now: u64) {
        self.moved.store(true, Ordering::Relaxed);
        self.until.store(Self::over_by(self.own_until().min(now)), Ordering::Relaxed);
    }

    /// A reader saw that this end has passed: it is over for good. Leaves a renewal alone that came in between.
    pub(crate) fn bury(&self, until: u64) {
        self.moved.store(true, Ordering::Relaxed);
        let _ = self.until.compare_exchange(until, Self::over_by(until), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Marked as over, and not a nanosecond later for it.
    fn over_by(until: u64) -> u64 {
        until.saturating_sub(1) | Self::OVER
    }

    pub(crate) fn is_over(&self) -> bool {
        self.own_until() & Self::OVER != 0
    }

    pub(crate) fn bonds(&self) -> &[Bond] {
        self.bonds.as_deref().unwrap_or_default()
    }

    /// Whether one of its bonds leads to a generation that has a successor.
    pub(crate) fn parent_superseded(&self) -> bool {
        self.bonds().iter().any(|bond| bond.life().superseded.load(Ordering::Acquire))
    }

    /// Says that a newer generation has taken over, and returns who is bound to this one.
    pub(crate) fn supersede(&self) -> Vec<EntryKey> {
        self.superseded.store(true, Ordering::Release);
        self.who_is_bound()
    }

    fn who_is_bound(&self) -> Vec<EntryKey> {
        self.dependents().clone()
    }

    /// Says to whoever is bound to this one that its end has moved, and with it theirs.
    #[cfg(feature = "metrics")]
    pub(crate) fn end_moved(&self) {
        for dependent in self.who_is_bound() {
            dependent.end_moved();
        }
    }

    /// Its revocation begins, unless somebody is bound to it. Under the lock under which others get bound: whoever comes later
    /// sees it.
    pub(crate) fn seal(&self) -> bool {
        let dependents = self.dependents();
        let free = dependents.is_empty();
        if free {
            self.sealed.store(true, Ordering::Release);
        }
        free
    }

    /// Whether the revocation of one of its bonds had begun when it was made.
    pub(crate) fn parent_sealed(&self) -> bool {
        self.bonds().iter().any(|bond| bond.life().sealed.load(Ordering::Acquire))
    }

    pub(crate) fn has_dependents(&self) -> bool {
        !self.dependents().is_empty()
    }

    /// It is gone: whatever it was bound to needs to wait for it no longer.
    pub(crate) fn release(&self) {
        if self.released.swap(true, Ordering::AcqRel) {
            return;
        }
        for bond in self.bonds() {
            bond.life().detach(&self.owner);
        }
    }

    fn detach(&self, dependent: &EntryKey) {
        let mut list = self.dependents();
        if let Some(at) = list.iter().position(|key| key == dependent) {
            list.swap_remove(at);
        }
        let last = list.is_empty();
        drop(list);
        if last && self.superseded.load(Ordering::Acquire) {
            self.owner.children_gone();
        }
    }

    fn dependents(&self) -> MutexGuard<'_, Vec<EntryKey>> {
        self.dependents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

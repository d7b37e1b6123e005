//! What the target knows: which credentials there are, and which it takes no more.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokenex_core::Credential;

/// One credential, as the target sees it.
#[derive(Debug)]
pub(crate) struct Truth {
    number: usize,
    /// What it was made from, and is over with.
    parent: Option<Arc<Self>>,
    revocations: AtomicU32,
    over_since: OnceLock<Instant>,
}

impl Truth {
    /// Whether the target took it no more at that moment.
    pub(crate) fn was_over_at(&self, moment: Instant) -> bool {
        let own = self.over_since.get().is_some_and(|since| *since <= moment);
        own || self.parent.as_ref().is_some_and(|parent| parent.was_over_at(moment))
    }

    pub(crate) fn revoke(&self) {
        self.revocations.fetch_add(1, Ordering::SeqCst);
        self.over_since.get_or_init(Instant::now);
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }
}

/// What the program holds of it.
#[derive(Debug)]
pub(crate) struct Ticket(pub(crate) Arc<Truth>);

impl Credential for Ticket {
    fn same_as(&self, other: &Self) -> bool {
        self.0.number == other.0.number
    }
}

/// All that was issued in one round, and what was under way at most.
#[derive(Default)]
pub(crate) struct Ledger {
    issued: Mutex<Vec<Arc<Truth>>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl Ledger {
    pub(crate) fn issue(&self, parent: Option<Arc<Truth>>) -> Arc<Truth> {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let (revocations, over_since) = (AtomicU32::new(0), OnceLock::new());
        let truth = Arc::new(Truth { number: issued.len(), parent, revocations, over_since });
        issued.push(Arc::clone(&truth));
        truth
    }

    /// Counts an attempt until it is dropped.
    pub(crate) fn attempt(&self) -> impl Drop + use<'_> {
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_under_way.fetch_max(now, Ordering::SeqCst);
        UnderWay(&self.under_way)
    }

    pub(crate) fn most_under_way(&self) -> usize {
        self.most_under_way.load(Ordering::SeqCst)
    }

    /// What nobody has revoked yet and nothing else ends: what was made from another credential goes with that.
    pub(crate) fn not_revoked(&self) -> Vec<usize> {
        self.numbers(|truth| truth.parent.is_none() && truth.revocations.load(Ordering::SeqCst) == 0)
    }

    pub(crate) fn revoked_twice(&self) -> Vec<usize> {
        self.numbers(|truth| truth.revocations.load(Ordering::SeqCst) > 1)
    }

    fn numbers(&self, which: impl Fn(&Truth) -> bool) -> Vec<usize> {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.iter().filter(|truth| which(truth)).map(|truth| truth.number).collect()
    }
}

struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

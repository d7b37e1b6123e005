//! The meeting place of readers and driver: one per credential.
//!
//! Readers load `current` and look at one clock. Everything else is behind a lock that the read path never takes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::{ArcSwapOption, Guard};
use tokio::sync::Notify;

use super::erased::ErasedProvider;
use super::kept::Retired;
use super::listener::Removed;
use super::mailbox::{Mailbox, Message};
use super::report::CloseReport;
use super::status::Failing;
use super::{EntryId, EntryKey};
use crate::credential::Grant;
use crate::lineage::Life;
use crate::time::nanos;
use crate::{Clock, Credential, Error, ErrorKind, Issued, Provider, Target};

pub(crate) struct Cell<C> {
    pub(super) current: ArcSwapOption<Issued<C>>,
    pub(crate) clock: Clock,
    pub(crate) changed: Notify,
    pub(crate) handles: AtomicUsize,
    /// Somebody has asked and the driver has not looked yet.
    pub(super) asked: AtomicBool,
    pub(crate) id: EntryId,
    pub(crate) mailbox: Arc<Mailbox>,
    /// The one that was given, or `provider-number` as soon as anybody asks for it.
    name: OnceLock<Box<str>>,
    pub(super) provider_name: &'static str,
    pub(super) target: Target,
    slow: Mutex<Slow<C>>,
}

/// What is behind the lock.
pub(super) struct Slow<C> {
    /// Gone once closed, so that what the provider holds (a parent's handle) is let go.
    pub(super) provider: Option<Arc<dyn ErasedProvider<C>>>,
    /// The newest issued, even when it has ended: to renew it, and to compare with.
    pub(super) last: Option<Arc<Issued<C>>>,
    /// What an attempt brought and the driver has not judged yet.
    /// Boxed: it is there for a moment, and its place would be there for ever.
    pub(super) arrival: Option<Box<Grant<C>>>,
    /// Superseded and waiting to be let go, by serial number.
    pub(super) retired: Vec<(u64, Arc<Issued<C>>)>,
    serial: u64,
    pub(super) stand: Stand,
}

/// Where things stand: facts side by side, for waiters, listeners and status.
#[derive(Clone)]
pub(crate) struct Stand {
    pub(crate) pending: Pending,
    pub(crate) failing: Option<Arc<Failing>>,
    /// Withdrawn by the target, in the words that `get` returns.
    pub(crate) absent: Option<Error>,
    pub(crate) ended: Option<Ended>,
    pub(crate) generation: u64,
    pub(crate) renewals: u64,
    pub(crate) removals: u64,
    pub(crate) removed: Option<Removed>,
    pub(crate) previous_until: Option<SystemTime>,
    pub(crate) next_attempt_at: Option<SystemTime>,
    pub(crate) same: u64,
    pub(crate) attempts: u64,
    pub(crate) longest: Duration,
    pub(crate) skew_millis: i64,
}

/// Whether an attempt is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    No,
    Yes,
    /// It has waited for its place longer than callers should.
    Overdue,
}

#[derive(Debug, Clone)]
pub(crate) enum Ended {
    Closing,
    Closed(Box<CloseReport>),
    Shutdown,
}

impl<C: Credential> Cell<C> {
    pub(crate) fn new<P>(provider: P, name: Option<String>, clock: Clock, mailbox: Arc<Mailbox>) -> Self
    where
        P: Provider<Credential = C>,
    {
        let id = mailbox.next_id();
        Self {
            current: ArcSwapOption::empty(),
            clock,
            changed: Notify::new(),
            handles: AtomicUsize::new(1),
            asked: AtomicBool::new(false),
            id,
            mailbox,
            name: name.map_or_else(OnceLock::new, |name| name.into_boxed_str().into()),
            provider_name: provider.name(),
            target: provider.target(),
            slow: Mutex::new(Slow {
                provider: Some(Arc::new(provider)),
                last: None,
                arrival: None,
                retired: Vec::new(),
                serial: 0,
                stand: Stand {
                    pending: Pending::No,
                    failing: None,
                    absent: None,
                    ended: None,
                    generation: 0,
                    renewals: 0,
                    removals: 0,
                    removed: None,
                    previous_until: None,
                    next_attempt_at: None,
                    same: 0,
                    attempts: 0,
                    longest: Duration::ZERO,
                    skew_millis: 0,
                },
            }),
        }
    }

    /// The current credential if it is usable: one atomic load, one look at the clock.
    // Always: a call would cost readers a third as much again (bench `read`).
    #[inline(always)]
    pub(crate) fn usable(&self) -> Option<Guard<Option<Arc<Issued<C>>>>> {
        let guard = self.current.load();
        let usable = self.is_usable(guard.as_ref()?);
        usable.then_some(guard)
    }

    /// The same, as a share of the caller's own: taken before the look at the clock, since after it a share has to wait for
    /// whatever the clock waits for.
    #[inline(always)]
    pub(crate) fn usable_arc(&self) -> Option<Arc<Issued<C>>> {
        self.current.load_full().filter(|issued| self.is_usable(issued))
    }

    #[inline(always)]
    fn is_usable(&self, issued: &Issued<C>) -> bool {
        let now = self.clock.wall();
        let usable = issued.life.is_usable(now);
        if !usable {
            self.bury(issued, now);
        }
        usable
    }

    #[cold]
    fn bury(&self, issued: &Issued<C>, now: SystemTime) {
        let now = nanos(now);
        let own = issued.life.own_until();
        if own <= now {
            issued.life.bury(own);
        }
    }

    pub(crate) fn stand(&self) -> Stand {
        self.lock().stand.clone()
    }

    /// Tells the driver that somebody found nothing usable. False when there is no driver any more.
    pub(crate) fn ask(&self, needed: bool) -> bool {
        if self.asked.swap(true, Ordering::AcqRel) && !needed {
            return true;
        }
        self.mailbox.post(Message::Asked { id: self.id, needed })
    }

    pub(crate) fn name(&self) -> &str {
        self.name.get_or_init(|| format!("{}-{}", self.provider_name, self.id.0).into_boxed_str())
    }

    pub(super) fn key(&self) -> EntryKey {
        EntryKey { mailbox: self.mailbox.clone(), id: self.id }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Slow<C>> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the facts, and tells everybody who waits.
    pub(super) fn change(&self, change: impl FnOnce(&mut Slow<C>)) {
        change(&mut self.lock());
        self.changed.notify_waiters();
    }

    pub(super) fn issue_from(&self, grant: Grant<C>, generation: u64, until: u64, issued_at: u64) -> Arc<Issued<C>> {
        Arc::new(Issued {
            credential: grant.credential,
            generation,
            issued_at,
            fingerprint: grant.fingerprint,
            revocable: grant.revocable,
            life: Life::new(self.key(), until, grant.bonds),
        })
    }
}

impl<C> Slow<C> {
    pub(super) fn retire(&mut self, issued: Arc<Issued<C>>) -> Retired {
        self.serial += 1;
        let retired = Retired { serial: self.serial, revocable: issued.revocable };
        self.retired.push((self.serial, issued));
        retired
    }

    pub(super) fn retired(&self, serial: u64) -> Option<&Arc<Issued<C>>> {
        self.retired.iter().find(|(s, _)| *s == serial).map(|(_, issued)| issued)
    }
}

pub(crate) fn closed_error() -> Error {
    Error::new(ErrorKind::Closed, "this credential was closed").with_advice("keep a new one with the scheduler")
}

pub(crate) fn shutdown_error() -> Error {
    Error::new(ErrorKind::Shutdown, "the scheduler was shut down, or the runtime it worked on is gone")
}

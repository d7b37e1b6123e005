//! Listening to changes.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::SystemTime;

use super::cell::{Cell, Ended, Stand};
use super::status::Failing;
use crate::{Credential, Issued};

/// Why a credential was taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removed {
    /// It ended, and no new one had come.
    Expired,
    /// The target says that there is none any more.
    Withdrawn,
    /// The handle was closed.
    Closed,
}

/// The difference between the state that a listener last saw and the newest: facts side by side.
#[non_exhaustive]
pub struct Event<C> {
    /// The usable credential, whether it is new or not.
    pub credential: Option<Arc<Issued<C>>>,
    /// The credential has a new generation, or (`renewed`) the same one was extended.
    pub updated: bool,
    /// The update is a renewal: the same credential lives longer.
    pub renewed: bool,
    /// With a new generation: until when its predecessor works, so that pools can drain. `None` when it works no longer,
    /// or there was none.
    pub previous_until: Option<SystemTime>,
    /// Since the last event there was no usable credential, if only for a moment; the newest reason.
    pub removed: Option<Removed>,
    /// Attempts are failing, and since when.
    pub failing: Option<Arc<Failing>>,
    /// Attempts were failing at the last event and are not any more.
    pub recovered: bool,
    /// The last event: closed, or shut down.
    pub closed: bool,
}

impl<C> fmt::Debug for Event<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("credential", &self.credential)
            .field("updated", &self.updated)
            .field("renewed", &self.renewed)
            .field("previous_until", &self.previous_until)
            .field("removed", &self.removed)
            .field("failing", &self.failing)
            .field("recovered", &self.recovered)
            .field("closed", &self.closed)
            .finish()
    }
}

/// Sees the changes of one credential. It is never a queue: a slow listener sees the newest state, not each on the way
/// there, and never holds anybody up. It does not keep the work alive.
pub struct Listener<C> {
    cell: Arc<Cell<C>>,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    generation: u64,
    renewals: u64,
    removals: u64,
    failing: Option<(SystemTime, u32)>,
    closed: bool,
}

impl<C: Credential> Listener<C> {
    pub(crate) fn new(cell: Arc<Cell<C>>) -> Self {
        Self { cell, seen: Seen::default() }
    }

    /// Waits for the next change; the first call returns at once when there is anything to tell. `None` after the last
    /// event.
    ///
    /// Cancel safe: what was not returned is part of the next event.
    pub async fn next(&mut self) -> Option<Event<C>> {
        let cell = self.cell.clone();
        loop {
            let mut changed = pin!(cell.changed.notified());
            changed.as_mut().enable();
            if self.seen.closed {
                return None;
            }
            if let Some(event) = self.look() {
                return Some(event);
            }
            changed.await;
        }
    }

    /// What has changed since the last look.
    fn look(&mut self) -> Option<Event<C>> {
        let (stand, credential) = (self.cell.stand(), self.cell.usable_arc());
        let seen = std::mem::replace(&mut self.seen, Seen::of(&stand));
        let usable = credential.is_some();
        let new_generation = usable && stand.generation != seen.generation;
        let renewed = usable && !new_generation && stand.renewals != seen.renewals;
        if !usable && stand.generation != seen.generation {
            // Told when it becomes usable, or not at all.
            self.seen.generation = seen.generation;
        }
        let event = Event {
            credential,
            updated: new_generation || renewed,
            renewed,
            previous_until: stand.previous_until.filter(|_| new_generation),
            removed: stand.removed.filter(|_| stand.removals != seen.removals),
            recovered: seen.failing.is_some() && stand.failing.is_none(),
            failing: stand.failing,
            closed: self.seen.closed,
        };
        let news = event.updated
            || event.removed.is_some()
            || event.recovered
            || event.closed
            || self.seen.failing != seen.failing;
        news.then_some(event)
    }
}

impl Seen {
    fn of(stand: &Stand) -> Self {
        Self {
            generation: stand.generation,
            renewals: stand.renewals,
            removals: stand.removals,
            failing: stand.failing.as_ref().map(|failing| (failing.since, failing.failures)),
            closed: matches!(stand.ended, Some(Ended::Closed(_) | Ended::Shutdown)),
        }
    }
}

impl<C> fmt::Debug for Listener<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

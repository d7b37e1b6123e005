//! One credential, as the driver keeps it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::EntryId;
use super::closing::{Closing, RetiredEntry};
use super::kept::Kept;
use super::mailbox::Forced;
use super::metrics::Meter;
use super::schedule::{Kind, Schedule};
use super::slots::{Place, TargetIndex};
use super::status::Failing;
use super::timeline::{At, Timeline};
use crate::Policy;

/// No time is set.
pub(super) const NEVER: At = Duration::MAX;

/// One credential, as the driver keeps it.
pub(super) struct Entry {
    pub(super) id: EntryId,
    pub(super) kept: Arc<dyn Kept>,
    pub(super) policy: Arc<Policy>,
    pub(super) schedule: Schedule,
    pub(super) target: TargetIndex,
    pub(super) trying: Trying,
    /// Attempts so far.
    pub(super) number: u64,
    pub(super) generation: u64,
    /// Readers see a credential.
    pub(super) published: bool,
    /// What was published last is bound to something.
    pub(super) bonded: bool,
    /// Somebody waits for it.
    pub(super) asked: bool,
    /// A running attempt waits for what the next success or failure brings.
    pub(super) needed: bool,
    pub(super) failing: Option<Arc<Failing>>,
    pub(super) failing_since: At,
    /// Attempts fail and under a quarter of the life is left.
    pub(super) urgent: bool,
    pub(super) timer: At,
    /// The driver has yet to sort it in among the timers.
    pub(super) timer_set: bool,
    pub(super) told_next: Option<At>,
    pub(super) told_skew: i64,
    pub(super) meter: Meter,
    /// What most entries do not have.
    pub(super) extra: Option<Box<Extra>>,
}

#[derive(Default)]
pub(super) struct Extra {
    /// When to wake the waiters, by the monotonic clock: patience does not run out while the machine sleeps.
    pub(super) alarms: Vec<Duration>,
    /// Who waits for the outcome of a forced attempt.
    pub(super) replies: Vec<oneshot::Sender<Forced>>,
    /// The generation for which a longer-lived one was asked already.
    pub(super) stretched: u64,
    pub(super) retired: Vec<RetiredEntry>,
    pub(super) closing: Option<Closing>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Trying {
    No,
    Queued { place: Place, since: At, overdue: bool },
    Running { kind: Kind, since: At, monotonic: Duration, slotted: bool },
}

impl Entry {
    pub(super) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.closing.is_some())
    }

    /// Somebody waits for a new one, whatever is in hand.
    pub(super) fn is_forced(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| !extra.replies.is_empty())
    }

    /// When the credential ends because of what it is bound to.
    pub(super) fn bound(&self, time: &Timeline) -> Option<At> {
        // Most are bound to nothing, and then there is no need to look.
        if !self.bonded {
            return None;
        }
        self.kept.bound_until().map(|until| time.at_of_wall(until))
    }

    pub(super) fn reply(&mut self, mut outcome: impl FnMut() -> Forced) {
        if let Some(extra) = &mut self.extra {
            for reply in extra.replies.drain(..) {
                // Who asked may have gone.
                let _ = reply.send(outcome());
            }
        }
    }
}

impl Drop for Entry {
    /// However the driver ends, a bug of its own included: nobody may wait for an entry that nobody keeps.
    fn drop(&mut self) {
        self.kept.shut_down();
    }
}

//! The refresh engine, in three layers that can be tested alone.
//!
//! 1. [`schedule`]: a pure state machine. Input: engine time, a random draw, what happened. Output: what to do.
//! 2. [`driver`]: one task that feeds the schedules with the clock and with what providers return.
//! 3. [`handle`]: reads an immutable snapshot through one atomic load.

mod attempts;
mod cell;
mod closing;
mod compose;
mod driver;
mod entry;
mod erased;
mod handle;
mod kept;
mod listener;
mod log;
mod mail;
mod mailbox;
mod metrics;
mod report;
mod schedule;
mod scheduler;
mod settle;
mod slots;
mod status;
mod timeline;

use std::fmt;
use std::sync::Arc;

use mailbox::Mailbox;

pub use compose::{AsIdentity, Mapped};
pub use handle::{Handle, Peek, Rejection, WeakHandle};
pub use listener::{Event, Listener, Removed};
pub use report::{CloseReport, Left, LeftBecause, ShutdownReport};
pub use scheduler::{Keep, Scheduler, SchedulerBuilder};
pub use status::{ClockSkew, Failing, State, Status};

/// Names one credential of one scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct EntryId(u64);

/// Names one credential of any scheduler, and the way to whoever keeps it.
#[derive(Clone)]
pub(crate) struct EntryKey {
    mailbox: Arc<Mailbox>,
    id: EntryId,
}

impl PartialEq for EntryKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && Arc::ptr_eq(&self.mailbox, &other.mailbox)
    }
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl EntryKey {
    /// Says that nothing is bound to a superseded generation of this credential any more.
    pub(crate) fn children_gone(&self) {
        self.mailbox.post(mailbox::Message::ChildrenGone { id: self.id });
    }

    /// Says that the end of what this credential is bound to has moved. Readers see that by themselves; gauges do not.
    #[cfg(feature = "metrics")]
    pub(crate) fn end_moved(&self) {
        self.mailbox.post(mailbox::Message::EndMoved { id: self.id });
    }

    /// Says that a generation this credential is bound to has a successor.
    fn parent_changed(&self, urgent: bool) {
        self.mailbox.post(mailbox::Message::ParentChanged { id: self.id, urgent });
    }
}

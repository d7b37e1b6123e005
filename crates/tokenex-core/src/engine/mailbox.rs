//! What reaches the driver from outside its task.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::EntryId;
use super::kept::{Done, Kept};
use super::report::ShutdownReport;
use super::status::Status;
use crate::{Error, Policy, Result, Revocation};

pub(crate) enum Message {
    Add {
        id: EntryId,
        kept: Arc<dyn Kept>,
        policy: Arc<Policy>,
    },
    /// An attempt that became a task of its own has ended.
    Done {
        id: EntryId,
        number: u64,
        done: Done,
        /// At its first poll.
        at_once: bool,
    },
    Revoked {
        id: EntryId,
        serial: u64,
        result: Result<Revocation>,
    },
    /// Somebody found nothing usable. `needed`: a running attempt waits for it.
    Asked {
        id: EntryId,
        needed: bool,
    },
    /// Replace this generation now.
    Force {
        id: EntryId,
        force: Force,
        reply: oneshot::Sender<Forced>,
    },
    /// What this credential is bound to has a successor.
    ParentChanged {
        id: EntryId,
        urgent: bool,
    },
    /// The last credential bound to a generation of this one is gone.
    ChildrenGone {
        id: EntryId,
    },
    /// The end of what this credential is bound to has moved.
    #[cfg(feature = "metrics")]
    EndMoved {
        id: EntryId,
    },
    /// Wake the waiters then, by the monotonic clock.
    Alarm {
        id: EntryId,
        at: Duration,
    },
    /// Closed by its owner, or its last handle is gone.
    Close {
        id: EntryId,
    },
    Status {
        reply: oneshot::Sender<Vec<Status>>,
    },
    Shutdown {
        within: Duration,
        reply: oneshot::Sender<ShutdownReport>,
    },
    /// The last clone of the scheduler is gone.
    Abandoned,
}

/// An order to replace a credential at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Force {
    /// The generation to replace; a newer one stays.
    pub(crate) generation: u64,
    /// Whether it is rate-limited in time; otherwise once for each generation.
    pub(crate) spaced: bool,
    /// A running attempt waits for it.
    pub(crate) needed: bool,
}

/// What came of replacing a credential at once.
#[derive(Debug)]
pub(crate) enum Forced {
    Replaced { generation: u64 },
    Same,
    TooSoon { retry_in: Duration },
    Failed(Error),
}

/// For so many there is always room. What a burst needs beyond it is given back.
pub(super) const ROOM: usize = 16;

/// The way to a driver. Dead once its task is gone.
pub(crate) struct Mailbox {
    queue: Mutex<Queue>,
    wake: Notify,
    next_id: AtomicU64,
    pub(crate) schedulers: AtomicUsize,
    /// Which entries wait for which, through running attempts: how a cycle is found.
    waits: Mutex<HashMap<EntryId, Vec<EntryId>>>,
}

#[derive(Default)]
struct Queue {
    messages: Vec<Message>,
    dead: bool,
}

impl Mailbox {
    pub(crate) fn new() -> Self {
        Self {
            queue: Mutex::default(),
            wake: Notify::new(),
            next_id: AtomicU64::new(1),
            schedulers: AtomicUsize::new(1),
            waits: Mutex::default(),
        }
    }

    pub(crate) fn next_id(&self) -> EntryId {
        EntryId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// False when the driver is gone.
    pub(crate) fn post(&self, message: Message) -> bool {
        let mut queue = self.lock();
        if queue.dead {
            return false;
        }
        queue.messages.push(message);
        drop(queue);
        self.wake.notify_one();
        true
    }

    /// Takes all messages, for room that has been emptied.
    pub(crate) fn take(&self, into: &mut Vec<Message>) {
        // A burst (thousands of handles made at once) should not keep its room for ever.
        into.shrink_to(ROOM);
        std::mem::swap(&mut self.lock().messages, into);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().messages.is_empty()
    }

    pub(crate) async fn wait(&self) {
        self.wake.notified().await;
    }

    /// Nothing is read any more; returns what was still in the way.
    pub(crate) fn kill(&self) -> Vec<Message> {
        let mut queue = self.lock();
        queue.dead = true;
        std::mem::take(&mut queue.messages)
    }

    /// Notes that an attempt of `waiter` waits for `waited`, for as long as the guard lives. `None` if that closes a
    /// circle.
    pub(crate) fn waits_for(self: &Arc<Self>, waiter: EntryId, waited: EntryId) -> Option<WaitGuard> {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let mut open = vec![waited];
        let mut seen = Vec::new();
        while let Some(entry) = open.pop() {
            if entry == waiter {
                return None;
            }
            if !seen.contains(&entry) {
                seen.push(entry);
                open.extend(waits.get(&entry).into_iter().flatten());
            }
        }
        waits.entry(waiter).or_default().push(waited);
        Some(WaitGuard { mailbox: self.clone(), waiter, waited })
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox")
    }
}

pub(crate) struct WaitGuard {
    mailbox: Arc<Mailbox>,
    waiter: EntryId,
    waited: EntryId,
}

impl Drop for WaitGuard {
    fn drop(&mut self) {
        let mut waits = self.mailbox.waits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = waits.get_mut(&self.waiter) {
            if let Some(at) = list.iter().position(|x| *x == self.waited) {
                list.swap_remove(at);
            }
            if list.is_empty() {
                waits.remove(&self.waiter);
            }
        }
    }
}

//! What is seen of one credential: by a reader that uses it all the time, and by a listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{MissedTickBehavior, interval};

use tokenex::core::{Credential, Error, Handle, Listener, Removed};

/// Between two readings.
const PACE: Duration = Duration::from_millis(5);
/// Each so many readings, what was read is shown to the target.
const USED: u64 = 20;

/// What the reader of one credential saw.
#[derive(Debug, Default)]
pub(super) struct Reads {
    made: AtomicU64,
    failed: AtomicU64,
    used: AtomicU64,
    refused: AtomicU64,
}

/// [`Reads`] at one moment.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadCounts {
    /// How often it was read.
    pub(super) made: u64,
    /// How often nothing usable was there.
    pub(super) failed: u64,
    /// How often it was shown to the target.
    pub(super) used: u64,
    /// How often the target did not take it.
    pub(super) refused: u64,
}

impl Reads {
    pub(super) fn counts(&self) -> ReadCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        ReadCounts {
            made: read(&self.made),
            failed: read(&self.failed),
            used: read(&self.used),
            refused: read(&self.refused),
        }
    }

    fn count(&self, which: impl FnOnce(&Self) -> &AtomicU64) {
        which(self).fetch_add(1, Ordering::Relaxed);
    }
}

/// Reads until dropped, and shows what it read to the target. It never waits for a credential: what is not there at once is
/// a failed read.
pub(super) async fn read<C: Credential>(
    handle: Handle<C>,
    reads: Arc<Reads>,
    accepted: impl Fn(&C) -> bool + Send + 'static,
) {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for turn in 0_u64.. {
        pace.tick().await;
        reads.count(|reads| &reads.made);
        let Some(held) = handle.peek() else {
            reads.count(|reads| &reads.failed);
            continue;
        };
        if turn.is_multiple_of(USED) {
            reads.count(|reads| &reads.used);
            if !accepted(held.credential()) {
                reads.count(|reads| &reads.refused);
            }
        }
    }
}

/// What a listener heard of one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    /// Which credential.
    pub(super) index: usize,
    /// It is new, or lives longer.
    pub(super) update: Option<Update>,
    /// So many attempts more have failed.
    pub(super) failures: u32,
    /// So many failed in a row, until now or until it recovered.
    pub(super) in_a_row: u32,
    /// Why the newest one failed, while they fail.
    pub(super) failing: Option<Why>,
    /// They do not fail any more.
    pub(super) recovered: bool,
    /// There was no usable one, if only for a moment.
    pub(super) removed: bool,
}

/// A change for the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Update {
    /// The same credential lives longer.
    pub(super) renewed: bool,
    pub(super) valid_until: Option<SystemTime>,
}

/// Why an attempt failed: `azure token`, and the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Why {
    pub(super) step: String,
    pub(super) what: String,
}

impl Why {
    fn of(error: &Error) -> Self {
        let step = [error.provider(), error.step()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let text = error.to_string();
        let what = text.strip_prefix(&format!("{step}: ")).unwrap_or(&text).to_owned();
        Self { step, what }
    }
}

/// Listens until the credential is closed.
pub(super) async fn listen<C: Credential>(index: usize, mut listener: Listener<C>, tell: UnboundedSender<Heard>) {
    let mut run = None;
    while let Some(event) = listener.next().await {
        let failures = event.failing.as_ref().map_or(0, |failing| {
            let known = run.filter(|(since, _)| *since == failing.since).map_or(0, |(_, failures)| failures);
            failing.failures.saturating_sub(known)
        });
        let over = run.map_or(0, |(_, failures)| failures);
        run = event.failing.as_ref().map(|failing| (failing.since, failing.failures));
        let valid_until = event.credential.as_ref().and_then(|held| held.expires_at());
        let heard = Heard {
            index,
            update: event.updated.then_some(Update { renewed: event.renewed, valid_until }),
            failures,
            in_a_row: run.map_or(over, |(_, failures)| failures),
            failing: event.failing.as_ref().map(|failing| Why::of(&failing.last)),
            recovered: event.recovered,
            removed: event.removed.is_some_and(|removed| removed != Removed::Closed),
        };
        if tell.send(heard).is_err() {
            return;
        }
    }
}

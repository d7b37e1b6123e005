//! The one task: feeds the schedules with the clock, with mail and with what providers return.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime;

use super::closing::Shutting;
use super::entry::{Entry, NEVER};
use super::mailbox::{Mailbox, Message, ROOM};
use super::slots::Slots;
use super::timeline::{At, COMPARE_EVERY, Step, Timeline, nanos};
use super::{EntryId, log, metrics};
use crate::{AnyTransport, Clock};

/// So many attempts start before others on this thread get their turn.
const STARTS_AT_ONCE: usize = 256;

pub(crate) struct Setup {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) clock: Clock,
    pub(crate) transport: AnyTransport,
    pub(crate) runtime: runtime::Handle,
    pub(crate) random: fastrand::Rng,
    pub(crate) max_in_flight: usize,
    pub(crate) max_per_target: usize,
}

pub(crate) struct Driver {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) clock: Clock,
    pub(super) transport: AnyTransport,
    pub(super) runtime: runtime::Handle,
    pub(super) random: fastrand::Rng,
    pub(super) time: Timeline,
    pub(super) slots: Slots,
    pub(super) shutting: Option<Shutting>,
    /// Boxed, because a table of large values has large gaps. Nothing in the place of one that is being worked with.
    pub(super) entries: HashMap<EntryId, Option<Box<Entry>>, BuildHasherDefault<IdHasher>>,
    /// When to look at an entry again, in nanoseconds of engine time. An entry looks at its own `timer` to know which of
    /// these is the newest.
    timers: BinaryHeap<Reverse<(u64, EntryId)>>,
    /// Whose timer was set, and is not among the timers yet: most set another one before this turn is over.
    timers_set: Vec<EntryId>,
    pub(super) mail: Vec<Message>,
}

impl Driver {
    pub(crate) fn new(setup: Setup) -> Self {
        let time = Timeline::new(setup.clock.monotonic(), setup.clock.wall_nanos());
        Self {
            mailbox: setup.mailbox,
            clock: setup.clock,
            transport: setup.transport,
            runtime: setup.runtime,
            random: setup.random,
            time,
            slots: Slots::new(setup.max_in_flight, setup.max_per_target),
            shutting: None,
            entries: HashMap::default(),
            timers: BinaryHeap::new(),
            timers_set: Vec::new(),
            mail: Vec::new(),
        }
    }

    pub(crate) async fn run(mut self) {
        loop {
            self.observe();
            self.read_mail();
            self.fire_timers();
            let more = self.start_queued();
            if self.is_over() {
                return;
            }
            if more {
                tokio::task::yield_now().await;
                continue;
            }
            self.sort_in_timers();
            self.give_back_room();
            let wake_at = self.wake_at();
            tokio::select! {
                biased;
                () = self.mailbox.wait() => {}
                () = self.clock.sleep_until(wake_at), if wake_at != NEVER => {}
            }
        }
    }

    /// Looks at the clocks; a step moves what readers compare with.
    fn observe(&mut self) {
        if let Some(step) = self.time.observe(self.clock.monotonic(), self.clock.wall_nanos()) {
            log::clock_moved(step == Step::Ahead);
            let set_back = match step {
                Step::Ahead => 0,
                Step::Back(by) => by,
            };
            for entry in self.entries.values_mut().flatten() {
                entry.kept.restamp(entry.schedule.ends().map(|ends| self.time.wall_of(ends)), set_back);
                entry.told_next = None;
                metrics::measure(entry, &self.slots, &self.time);
            }
        }
    }

    /// Looks at this entry again then.
    pub(super) fn set_timer(&mut self, at: At, entry: &mut Entry) {
        entry.timer = at;
        if at != NEVER && !entry.timer_set {
            entry.timer_set = true;
            self.timers_set.push(entry.id);
        }
    }

    fn sort_in_timers(&mut self) {
        for id in self.timers_set.drain(..) {
            let Some(entry) = self.entries.get_mut(&id).and_then(Option::as_mut) else { continue };
            entry.timer_set = false;
            if entry.timer != NEVER {
                self.timers.push(Reverse((nanos(entry.timer), id)));
            }
        }
    }

    /// As for mail: what a burst needed (thousands of handles made at once) is not kept for ever. A table keeps room for twice of
    /// what it holds, so that this is rare.
    fn give_back_room(&mut self) {
        self.timers_set.shrink_to(ROOM);
        if self.timers.capacity() > ROOM.max(4 * self.timers.len()) {
            self.timers.shrink_to(ROOM.max(2 * self.timers.len()));
        }
        if self.entries.capacity() > ROOM.max(4 * self.entries.len()) {
            self.entries.shrink_to(ROOM.max(2 * self.entries.len()));
        }
    }

    fn fire_timers(&mut self) {
        let now = nanos(self.time.now());
        while let Some(&Reverse((at, id))) = self.timers.peek()
            && at <= now
        {
            self.timers.pop();
            if self.entries.get(&id).and_then(Option::as_ref).is_some_and(|entry| nanos(entry.timer) == at) {
                self.with(id, |_, entry| entry.timer = NEVER);
            }
        }
    }

    /// Starts what has a place; true when there may be more.
    fn start_queued(&mut self) -> bool {
        for _ in 0..STARTS_AT_ONCE {
            let Some(id) = self.slots.next() else { return false };
            self.with(id, |driver, entry| driver.start(entry, true));
        }
        true
    }

    fn is_over(&mut self) -> bool {
        // In this order: without a scheduler nothing more can be kept, and what was kept just before it went is in the mail.
        let abandoned = self.mailbox.schedulers.load(Ordering::Acquire) == 0;
        if abandoned && self.entries.is_empty() && self.mailbox.is_empty() {
            return true;
        }
        let Some(shutting) = &self.shutting else { return false };
        let over = self.entries.is_empty() || self.time.now() >= shutting.deadline;
        if over && let Some(shutting) = self.shutting.take() {
            let open: Vec<&Entry> = self.entries.values().flatten().map(|entry| &**entry).collect();
            shutting.report(&open, self.time.wall());
        }
        over
    }

    /// When to look at the clocks again, by the monotonic one.
    fn wake_at(&self) -> Duration {
        if self.entries.is_empty() {
            return NEVER;
        }
        let timer = self.timers.peek().map_or(NEVER, |Reverse((at, _))| Duration::from_nanos(*at));
        let shutdown = self.shutting.as_ref().map_or(NEVER, |shutting| shutting.deadline);
        let compare = self.time.monotonic().saturating_add(COMPARE_EVERY);
        self.time.monotonic_of(timer.min(shutdown)).min(compare)
    }

    /// Gives `work` an entry, and brings the entry in order afterwards. An entry that is done for is gone then.
    pub(super) fn with(&mut self, id: EntryId, work: impl FnOnce(&mut Self, &mut Entry)) {
        let Some(mut entry) = self.entries.get_mut(&id).and_then(Option::take) else { return };
        work(self, &mut entry);
        if self.settle(&mut entry) {
            self.entries.insert(id, Some(entry));
        } else {
            self.entries.remove(&id);
            self.slots.leave(entry.kept.target(), entry.target);
        }
    }

    /// All ids, to go through while entries come and go.
    pub(super) fn ids(&self) -> Vec<EntryId> {
        self.entries.keys().copied().collect()
    }
}

impl Drop for Driver {
    /// The runtime is gone, or the scheduler was shut down: nobody may wait for us any more.
    fn drop(&mut self) {
        for message in self.mailbox.kill() {
            if let Message::Add { kept, .. } = message {
                kept.shut_down();
            }
        }
    }
}

/// Ids are counted, so they need no scattering beyond what spreads them over the table.
#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cell::Cell;
    use crate::{Attempt, Credential, Outcome, Policy, Provider, Result, Target};

    struct Nothing;

    impl Credential for Nothing {
        fn same_as(&self, _: &Self) -> bool {
            true
        }
    }

    struct Silent;

    impl Provider for Silent {
        type Credential = Nothing;

        fn name(&self) -> &'static str {
            "silent"
        }

        fn target(&self) -> Target {
            Target::new("nowhere")
        }

        async fn issue(&self, _: &Attempt) -> Result<Outcome<Nothing>> {
            std::future::pending().await
        }
    }

    /// On several threads the driver may be anywhere in its turn when this happens.
    #[tokio::test]
    async fn what_was_kept_before_the_scheduler_went_is_not_overlooked() {
        let (mailbox, clock) = (Arc::new(Mailbox::new()), Clock::system());
        let mut driver = Driver::new(Setup {
            mailbox: mailbox.clone(),
            clock: clock.clone(),
            transport: AnyTransport::of_this_build(),
            runtime: runtime::Handle::current(),
            random: fastrand::Rng::with_seed(7),
            max_in_flight: 1,
            max_per_target: 1,
        });
        driver.read_mail();
        assert!(!driver.is_over(), "there is a scheduler");

        let kept = Arc::new(Cell::new(Silent, None, clock, mailbox.clone()));
        mailbox.post(Message::Add { id: kept.id, kept: kept.clone(), policy: Arc::new(Policy::default()) });
        mailbox.schedulers.fetch_sub(1, Ordering::AcqRel);
        assert!(!driver.is_over(), "one was kept");
        driver.read_mail();
        assert!(!driver.is_over(), "one is kept");

        mailbox.post(Message::Close { id: kept.id });
        driver.read_mail();
        assert!(driver.is_over(), "it was closed");
    }
}

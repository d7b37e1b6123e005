//! The one task: feeds the schedules with the clock, with mail and with what providers return.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::oneshot;

use super::cell::{Kept, Pending};
use super::closing::{Closing, RetiredEntry, Shutting};
use super::listener::Removed;
use super::mailbox::{Force, Forced, Mailbox, Message};
use super::schedule::{Kind, Schedule};
use super::slots::{Place, Slots, TargetIndex};
use super::status::Failing;
use super::timeline::{At, COMPARE_EVERY, Timeline};
use super::{EntryId, log};
use crate::{AnyTransport, Clock, Policy};

/// So many attempts start before others on this thread get their turn.
const STARTS_AT_ONCE: usize = 256;

/// No time is set.
pub(super) const NEVER: At = Duration::MAX;

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
    entries: HashMap<EntryId, Entry, BuildHasherDefault<IdHasher>>,
    /// When to look at an entry again. An entry looks at its own `timer` to know which of these is the newest.
    timers: BinaryHeap<Reverse<(At, EntryId)>>,
    mail: Vec<Message>,
}

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
    /// Somebody waits for it.
    pub(super) asked: bool,
    /// A running attempt waits for it.
    pub(super) needed: bool,
    pub(super) failing: Option<Arc<Failing>>,
    pub(super) failing_since: At,
    timer: At,
    told_next: Option<At>,
    /// What most entries do not have.
    pub(super) extra: Option<Box<Extra>>,
}

#[derive(Default)]
pub(super) struct Extra {
    /// When to wake the waiters, by the monotonic clock: patience does not run out while the machine sleeps.
    alarms: Vec<Duration>,
    /// Who waits for the outcome of a forced attempt.
    pub(super) replies: Vec<oneshot::Sender<Forced>>,
    /// The generation for which a longer-lived one was asked already.
    stretched: u64,
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

    /// When the credential ends because of what it is bound to.
    pub(super) fn bound(&self, time: &Timeline) -> Option<At> {
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
        let before = self.time.now();
        if self.time.observe(self.clock.monotonic(), self.clock.wall_nanos()) {
            log::clock_moved(self.time.now() != before);
            for entry in self.entries.values_mut() {
                if let Some(ends) = entry.schedule.ends() {
                    entry.kept.restamp(self.time.wall_of(ends));
                }
                entry.told_next = None;
            }
        }
    }

    fn read_mail(&mut self) {
        let mut mail = std::mem::take(&mut self.mail);
        self.mailbox.take(&mut mail);
        for message in mail.drain(..) {
            self.read(message);
        }
        self.mail = mail;
    }

    fn read(&mut self, message: Message) {
        match message {
            Message::Add { id, kept, policy } => self.add(id, kept, policy),
            Message::Done { id, number, done } => self.with(id, |driver, entry| {
                if entry.number == number {
                    driver.finish(entry, done);
                }
            }),
            Message::Revoked { id, serial, result } => {
                self.with(id, |driver, entry| driver.revoked(entry, serial, result));
            }
            Message::Asked { id, needed } => self.with(id, |driver, entry| {
                entry.kept.heard();
                entry.asked = true;
                entry.needed |= needed;
                let bound = entry.bound(&driver.time);
                entry.schedule.asked(driver.time.now(), bound);
                driver.move_up(entry);
                // Whoever asks may have seen a state that is over.
                entry.kept.wake();
            }),
            Message::Force { id, force, reply } => self.with(id, |driver, entry| driver.force(entry, force, reply)),
            Message::ParentChanged { id, urgent } => self.with(id, |driver, entry| {
                if entry.kept.parent_superseded() {
                    driver.move_to_new_parent(entry, urgent);
                }
            }),
            Message::ChildrenGone { id } => self.with(id, |_, _| {}),
            Message::Alarm { id, at } => self.with(id, |_, entry| entry.extra().alarms.push(at)),
            Message::Close { id } => self.with(id, |driver, entry| driver.close(entry)),
            Message::Status { reply } => {
                let mut all: Vec<_> = self.entries.values().map(|entry| entry.kept.status()).collect();
                all.sort_by(|a, b| a.name.cmp(&b.name));
                let _ = reply.send(all);
            }
            Message::Shutdown { within, reply } => self.shut_down(within, reply),
            Message::Abandoned => {}
        }
    }

    fn add(&mut self, id: EntryId, kept: Arc<dyn Kept>, policy: Arc<Policy>) {
        let target = self.slots.target(kept.target());
        let entry = Entry {
            id,
            policy,
            schedule: Schedule::new(self.time.now()),
            target,
            trying: Trying::No,
            number: 0,
            generation: 0,
            published: false,
            asked: false,
            needed: false,
            failing: None,
            failing_since: Duration::ZERO,
            timer: NEVER,
            told_next: None,
            extra: None,
            kept,
        };
        self.entries.insert(id, entry);
        let shutting = self.shutting.is_some();
        self.with(id, |driver, entry| {
            if shutting {
                driver.close(entry);
            }
        });
    }

    fn force(&mut self, entry: &mut Entry, force: Force, reply: oneshot::Sender<Forced>) {
        if entry.is_closing() {
            return;
        }
        if force.generation < entry.generation {
            let _ = reply.send(Forced::Replaced { generation: entry.generation });
            return;
        }
        // One refresh serves everybody who reports while it is on its way.
        let under_way = match entry.trying {
            Trying::Queued { .. } => true,
            Trying::Running { kind, .. } => kind == Kind::Issue,
            Trying::No => entry.extra.as_ref().is_some_and(|extra| !extra.replies.is_empty()),
        };
        if !under_way {
            if !force.spaced && entry.extra().stretched == force.generation {
                let _ = reply.send(Forced::Same);
                return;
            }
            if let Err(retry_in) = entry.schedule.force(self.time.now(), force.spaced, &entry.policy) {
                let _ = reply.send(Forced::TooSoon { retry_in });
                return;
            }
        }
        if !force.spaced {
            entry.extra().stretched = force.generation;
        }
        entry.needed |= force.needed;
        entry.extra().replies.push(reply);
    }

    pub(super) fn move_to_new_parent(&mut self, entry: &mut Entry, urgent: bool) {
        let until = entry.bound(&self.time).unwrap_or_else(|| self.time.now());
        entry.schedule.parent_changed(self.time.now(), until, urgent, self.random.f64());
    }

    /// Lets an entry that somebody waits for go before others in its queue.
    fn move_up(&mut self, entry: &mut Entry) {
        if let Trying::Queued { place, since, overdue } = entry.trying
            && place.not_asked
            && !entry.published
        {
            self.slots.dequeue(entry.target, &place);
            let place = Place { not_asked: false, ..place };
            self.slots.enqueue(entry.target, place);
            entry.trying = Trying::Queued { place, since, overdue };
        }
    }

    fn fire_timers(&mut self) {
        let now = self.time.now();
        while let Some(&Reverse((at, id))) = self.timers.peek()
            && at <= now
        {
            self.timers.pop();
            if self.entries.get(&id).is_some_and(|entry| entry.timer == at) {
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
        if self.entries.is_empty() && self.mailbox.schedulers.load(Ordering::Acquire) == 0 {
            return true;
        }
        let Some(shutting) = &self.shutting else { return false };
        let over = self.entries.is_empty() || self.time.now() >= shutting.deadline;
        if over && let Some(shutting) = self.shutting.take() {
            let open: Vec<&Entry> = self.entries.values().collect();
            shutting.report(&open, self.time.wall());
        }
        over
    }

    /// When to look at the clocks again, by the monotonic one.
    fn wake_at(&self) -> Duration {
        if self.entries.is_empty() {
            return NEVER;
        }
        let timer = self.timers.peek().map_or(NEVER, |Reverse((at, _))| *at);
        let shutdown = self.shutting.as_ref().map_or(NEVER, |shutting| shutting.deadline);
        let compare = self.time.monotonic().saturating_add(COMPARE_EVERY);
        self.time.monotonic_of(timer.min(shutdown)).min(compare)
    }

    /// Gives `work` an entry, and brings the entry in order afterwards. An entry that is done for is gone then.
    pub(super) fn with(&mut self, id: EntryId, work: impl FnOnce(&mut Self, &mut Entry)) {
        let Some(mut entry) = self.entries.remove(&id) else { return };
        work(self, &mut entry);
        if self.settle(&mut entry) {
            self.entries.insert(id, entry);
        }
    }

    /// All ids, to go through while entries come and go.
    pub(super) fn ids(&self) -> Vec<EntryId> {
        self.entries.keys().copied().collect()
    }

    /// Brings an entry in order after anything has happened; false when it is done for.
    fn settle(&mut self, entry: &mut Entry) -> bool {
        let now = self.time.now();
        let mut bound = entry.bound(&self.time);
        if entry.published && !entry.schedule.usable(now, bound) {
            entry.published = false;
            entry.schedule.expired(now);
            entry.kept.remove(Removed::Expired, None);
            log::expired(&*entry.kept);
        }
        if matches!(entry.trying, Trying::No) && entry.schedule.wants(now, bound, &entry.policy) {
            self.enqueue(entry, now);
        }
        if entry.needed && self.start_needed(entry) {
            bound = entry.bound(&self.time);
        }
        if let Trying::Queued { place, since, overdue: false } = entry.trying
            && now >= since.saturating_add(entry.policy.queue_bound)
        {
            entry.trying = Trying::Queued { place, since, overdue: true };
            entry.kept.set_pending(Pending::Overdue);
        }
        let mut extra_timer = NEVER;
        if entry.extra.is_some() {
            let extra = entry.extra();
            let alarms = extra.alarms.len();
            let monotonic = self.time.monotonic();
            extra.alarms.retain(|at| *at > monotonic);
            let next = extra.alarms.iter().copied().min();
            extra_timer = next.map_or(NEVER, |at| now.saturating_add(at - monotonic));
            if extra.alarms.len() < alarms {
                entry.kept.wake();
            }
            extra_timer = extra_timer.min(self.tend_retired(entry));
            if self.finish_closing(entry) {
                return false;
            }
        }
        self.tell_next(entry);
        let overdue = match entry.trying {
            Trying::Queued { since, overdue: false, .. } => since.saturating_add(entry.policy.queue_bound),
            _ => NEVER,
        };
        let ends = match entry.published {
            true => entry.schedule.ends().into_iter().chain(bound).min().unwrap_or(NEVER),
            false => NEVER,
        };
        let resting = if matches!(entry.trying, Trying::No) { entry.schedule.wake_at() } else { NEVER };
        let timer = resting.min(ends).min(overdue).min(extra_timer);
        if timer != entry.timer {
            entry.timer = timer;
            if timer != NEVER {
                self.timers.push(Reverse((timer, entry.id)));
            }
        }
        true
    }

    fn enqueue(&mut self, entry: &mut Entry, now: At) {
        entry.schedule.queued();
        entry.kept.set_pending(Pending::Yes);
        let place = Place {
            failing: entry.schedule.failures() > 0,
            not_asked: entry.published || !entry.asked,
            ends: if entry.published { entry.schedule.ends().unwrap_or(NEVER) } else { Duration::ZERO },
            entry: entry.id,
        };
        self.slots.enqueue(entry.target, place);
        entry.trying = Trying::Queued { place, since: now, overdue: false };
    }

    /// An attempt that a running attempt waits for needs no place: the one that waits has one.
    fn start_needed(&mut self, entry: &mut Entry) -> bool {
        match entry.trying {
            Trying::Queued { place, .. } => {
                self.slots.dequeue(entry.target, &place);
                self.start(entry, false);
                true
            }
            Trying::Running { .. } => {
                entry.needed = false;
                false
            }
            Trying::No => {
                // Kept while it only has to wait out the spacing between two attempts.
                entry.needed = !entry.published || entry.extra.as_ref().is_some_and(|extra| !extra.replies.is_empty());
                false
            }
        }
    }

    /// Tells the cell when the next attempt is, when that has changed.
    fn tell_next(&mut self, entry: &mut Entry) {
        let next = match entry.trying {
            Trying::No => entry.schedule.due().filter(|at| *at != NEVER),
            _ => None,
        };
        if next != entry.told_next {
            entry.told_next = next;
            entry.kept.set_next_attempt(next.map(|at| self.time.wall_of(at)));
        }
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
        for entry in self.entries.values() {
            entry.kept.shut_down();
        }
    }
}

/// Ids are counted, so they need no scattering beyond what spreads them over the table.
#[derive(Default)]
struct IdHasher(u64);

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

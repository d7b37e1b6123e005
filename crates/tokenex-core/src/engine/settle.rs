//! Bringing an entry in order after anything has happened to it.

use std::time::Duration;

use super::cell::Pending;
use super::driver::Driver;
use super::entry::{Entry, NEVER, Trying};
use super::listener::Removed;
use super::slots::Place;
use super::timeline::At;
use super::{log, metrics};

impl Driver {
    /// Brings an entry in order after anything has happened; false when it is done for.
    pub(super) fn settle(&mut self, entry: &mut Entry) -> bool {
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
        metrics::measure(entry, &self.slots, &self.time);
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
            self.set_timer(timer, entry);
        }
        true
    }

    fn enqueue(&mut self, entry: &mut Entry, now: At) {
        entry.schedule.queued();
        entry.kept.set_pending(Pending::Yes);
        entry.told_next = None;
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
            // Kept: if this one comes to nothing, the next one is what is waited for.
            Trying::Running { .. } => false,
            Trying::No => {
                // Kept while it only has to wait out the spacing between two attempts.
                entry.needed = !entry.published || entry.is_forced();
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

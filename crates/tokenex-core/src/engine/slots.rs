//! Places for attempts: bounded overall, shared out per target, and within a target by need.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::EntryId;
use super::timeline::At;
use crate::Target;
use crate::attempt::Skew;

/// Index of a target.
pub(crate) type TargetIndex = usize;

/// The order within a target: what has not failed yet, then what somebody waits for, then what ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) failing: bool,
    pub(crate) not_asked: bool,
    pub(crate) ends: At,
    pub(crate) entry: EntryId,
}

#[derive(Debug)]
pub(crate) struct Slots {
    max: usize,
    max_per_target: usize,
    in_flight: usize,
    targets: Vec<TargetSlots>,
    index: HashMap<Target, TargetIndex>,
    /// Indices of targets that are gone, to be used again.
    free: Vec<TargetIndex>,
    /// Targets that have somebody waiting, each at most once.
    waiting: VecDeque<TargetIndex>,
}

#[derive(Debug)]
struct TargetSlots {
    /// How many credentials have this target.
    entries: usize,
    in_flight: usize,
    queue: BTreeSet<Place>,
    listed: bool,
    /// The last attempt had ended at its first poll, if there has been one.
    ends_at_once: Option<bool>,
    skew: Arc<Skew>,
    revocations: Arc<Semaphore>,
}

impl Slots {
    pub(crate) fn new(max: usize, max_per_target: usize) -> Self {
        let max = max.max(1);
        Self {
            max,
            max_per_target: max_per_target.clamp(1, max),
            in_flight: 0,
            targets: Vec::new(),
            index: HashMap::new(),
            free: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    /// A credential of this target has come; returns the target's index.
    pub(crate) fn join(&mut self, target: &Target) -> TargetIndex {
        if let Some(&index) = self.index.get(target) {
            self.targets[index].entries += 1;
            return index;
        }
        let slots = TargetSlots {
            entries: 1,
            in_flight: 0,
            queue: BTreeSet::new(),
            listed: false,
            ends_at_once: None,
            skew: Arc::default(),
            revocations: Arc::new(Semaphore::new(self.max_per_target)),
        };
        let index = match self.free.pop() {
            Some(index) => {
                let listed = self.targets[index].listed;
                self.targets[index] = TargetSlots { listed, ..slots };
                index
            }
            None => {
                self.targets.push(slots);
                self.targets.len() - 1
            }
        };
        self.index.insert(target.clone(), index);
        index
    }

    /// A credential of this target has gone, and with the last one the target's share.
    pub(crate) fn leave(&mut self, target: &Target, index: TargetIndex) {
        self.targets[index].entries -= 1;
        if self.targets[index].entries == 0 {
            self.index.remove(target);
            self.free.push(index);
        }
    }

    /// Whether the next attempt at this target may well end at its first poll: the last one did. As long as that is not known,
    /// one of many credentials is tried, and one that is alone is taken for what most are, an exchange over a network.
    pub(crate) fn ends_at_once(&self, target: TargetIndex) -> bool {
        let target = &self.targets[target];
        target.ends_at_once.unwrap_or(target.entries > 1)
    }

    pub(crate) fn set_ends_at_once(&mut self, target: TargetIndex, at_once: bool) {
        self.targets[target].ends_at_once = Some(at_once);
    }

    pub(crate) fn skew(&self, target: TargetIndex) -> &Arc<Skew> {
        &self.targets[target].skew
    }

    pub(crate) fn revocations(&self, target: TargetIndex) -> &Arc<Semaphore> {
        &self.targets[target].revocations
    }

    pub(crate) fn enqueue(&mut self, target: TargetIndex, place: Place) {
        let slots = &mut self.targets[target];
        slots.queue.insert(place);
        if !slots.listed {
            slots.listed = true;
            self.waiting.push_back(target);
        }
    }

    pub(crate) fn dequeue(&mut self, target: TargetIndex, place: &Place) {
        self.targets[target].queue.remove(place);
    }

    /// The next attempt that may start, in turns over the targets; its place is taken.
    pub(crate) fn next(&mut self) -> Option<EntryId> {
        // Each target keeps a share of its own, so that those that hang leave room for the rest.
        let share = (self.max / self.index.len().max(1)).clamp(1, self.max_per_target);
        for _ in 0..self.waiting.len() {
            let target = self.waiting.pop_front()?;
            let slots = &mut self.targets[target];
            if slots.queue.is_empty() {
                slots.listed = false;
                continue;
            }
            self.waiting.push_back(target);
            if self.in_flight < self.max
                && slots.in_flight < share
                && let Some(place) = slots.queue.pop_first()
            {
                slots.in_flight += 1;
                self.in_flight += 1;
                return Some(place.entry);
            }
        }
        None
    }

    /// An attempt has ended.
    pub(crate) fn release(&mut self, target: TargetIndex) {
        self.targets[target].in_flight -= 1;
        self.in_flight -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn place(entry: u64, failing: bool, not_asked: bool, ends: u64) -> Place {
        Place { failing, not_asked, ends: Duration::from_secs(ends), entry: EntryId(entry) }
    }

    #[test]
    fn a_target_that_hangs_leaves_the_places_of_the_others() {
        let mut slots = Slots::new(4, 4);
        let (dead, healthy) = (slots.join(&Target::new("dead")), slots.join(&Target::new("healthy")));
        for n in 0..100 {
            slots.enqueue(dead, place(n, false, true, 0));
        }
        let started = std::iter::from_fn(|| slots.next()).count();
        assert_eq!(started, 2);
        slots.enqueue(healthy, place(1000, false, true, 9));
        assert_eq!(slots.next(), Some(EntryId(1000)));
        slots.release(healthy);
        assert_eq!(slots.in_flight, 2);
    }

    #[test]
    fn what_has_not_failed_goes_first_then_what_is_asked_for_then_what_ends_first() {
        let mut slots = Slots::new(8, 8);
        let target = slots.join(&Target::new("t"));
        slots.enqueue(target, place(1, true, false, 0));
        slots.enqueue(target, place(2, false, true, 9));
        slots.enqueue(target, place(3, false, true, 5));
        slots.enqueue(target, place(4, false, false, 0));
        let order: Vec<u64> = std::iter::from_fn(|| slots.next()).map(|e| e.0).collect();
        assert_eq!(order, [4, 3, 2, 1]);
    }

    #[test]
    fn a_target_that_is_gone_has_no_share_any_more() {
        let mut slots = Slots::new(4, 4);
        let gone = Target::new("gone");
        let index = slots.join(&gone);
        slots.join(&gone);
        let stays = slots.join(&Target::new("stays"));
        slots.leave(&gone, index);
        for n in 0..9 {
            slots.enqueue(stays, place(n, false, true, 0));
        }
        assert_eq!(std::iter::from_fn(|| slots.next()).count(), 2);
        slots.leave(&gone, index);
        assert_eq!(std::iter::from_fn(|| slots.next()).count(), 2, "all four places are its own now");
        assert_eq!(slots.join(&Target::new("new")), index, "its index is used again");
    }
}

//! What the simulation knows of each credential, and what must hold.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokenex_core::{Policy, Removed};

use crate::heap::outside;
use crate::history::{History, Moment};
use crate::tally::Tally;
use crate::truth::{At, Time};
use crate::weather::Place;

/// So many attempts of each credential are remembered, for the report of a gap.
const TRACED: usize = 120;

/// Violations beyond these are counted and not kept.
const KEPT: usize = 20;

/// What is promised of a credential.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) name: String,
    /// Where it comes from, and what that is made from.
    pub(crate) places: &'static [Place],
    /// As its target gives it.
    pub(crate) lifetime: Duration,
    /// Whether it is made from another one that is kept.
    pub(crate) parent: bool,
    /// Whether it outlasts outages of a third of its life: not what its source hands out for the second time.
    pub(crate) bears_outages: bool,
    /// How exactly the program can know its end.
    pub(crate) tolerance: Duration,
}

/// Shared by readers, listeners, providers and the one who judges. All of it is around the program.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Mutex<Inner>>);

pub(crate) struct Inner {
    pub(crate) time: Time,
    /// What went wrong so far and what does now, as far as the judge is told.
    pub(crate) history: History,
    /// Forward jumps of the wall clock, which the engine takes for time that has passed.
    jumped: Duration,
    /// Time in which the process stood still.
    pub(crate) stalled: Duration,
    pub(crate) members: Vec<Member>,
    pub(crate) tally: Tally,
    violations: Vec<String>,
    pub(crate) violated: u64,
}

pub(crate) struct Member {
    pub(crate) terms: Terms,
    pub(crate) policy: Policy,
    /// Starts of attempts in the last minute, in engine time.
    recent: VecDeque<Moment>,
    /// The last attempts: from when until when, and whether they brought something.
    trace: VecDeque<(Moment, Moment, bool)>,
    /// Attempts that failed since the last success, while something lived.
    pub(crate) in_life: u32,
    /// Attempts that are not over, revocations among them.
    pub(crate) running: u32,
    /// When the newest credential or renewal was told.
    pub(crate) told_at: Moment,
    /// When the newest credential ends, as the program has it.
    pub(crate) ends: Option<Moment>,
    /// Since when there is nothing to read: the enrolment, or the last gap.
    pub(crate) gone_since: Moment,
    pub(crate) closed: bool,
    /// What the listener that keeps up has seen.
    pub(crate) seen_generation: u64,
    pub(crate) seen_failing: bool,
    pub(crate) last_gap: Option<At>,
    pub(crate) gap_reported: bool,
    pub(crate) listeners: u32,
}

impl Ledger {
    pub(crate) fn new(time: Time) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            time,
            history: History::default(),
            jumped: Duration::ZERO,
            stalled: Duration::ZERO,
            members: Vec::new(),
            tally: Tally::default(),
            violations: Vec::new(),
            violated: 0,
        })))
    }

    /// Looks and writes; nothing that is returned may own memory.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        outside(|| work(&mut self.lock()))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enrol(&self, terms: &Terms, policy: &Policy) -> usize {
        self.with(|inner| {
            let gone_since = inner.moment();
            inner.members.push(Member {
                terms: terms.clone(),
                policy: policy.clone(),
                recent: VecDeque::new(),
                trace: VecDeque::new(),
                in_life: 0,
                running: 0,
                told_at: gone_since,
                ends: None,
                gone_since,
                closed: false,
                seen_generation: 0,
                seen_failing: false,
                last_gap: None,
                gap_reported: false,
                listeners: 0,
            });
            inner.members.len() - 1
        })
    }

    /// What was found, to be printed.
    pub(crate) fn violations(&self) -> (Vec<String>, u64) {
        let inner = self.lock();
        (inner.violations.clone(), inner.violated)
    }
}

impl Inner {
    /// Whether nothing is under way: no attempt, no failure, no change for so long, and nobody listens to what is gone.
    pub(crate) fn is_calm(&self, kept: usize, since: Duration) -> bool {
        let now = self.moment();
        let busy =
            |one: &Member| one.running > 0 || one.listeners > 0 && (one.seen_failing || one.told_at + since > now);
        let listeners: u32 = self.members.iter().map(|one| one.listeners).sum();
        listeners as usize == 2 * kept && !self.members.iter().any(busy)
    }

    pub(crate) fn violate(&mut self, member: usize, what: impl FnOnce() -> String) {
        self.violated += 1;
        if self.violations.len() < KEPT {
            let (now, name) = (self.time.now(), &self.members[member].terms.name);
            self.violations.push(format!("{now:?}: {name}: {}", what()));
        }
    }

    pub(crate) fn violate_all(&mut self, what: impl FnOnce() -> String) {
        self.violated += 1;
        if self.violations.len() < KEPT {
            let now = self.time.now();
            self.violations.push(format!("{now:?}: {}", what()));
        }
    }

    /// The wall clock has jumped ahead, with or without the true one.
    pub(crate) fn jump(&mut self, by: Duration) {
        self.jumped += by;
        self.lost(by);
    }

    /// Time was lost to the program.
    pub(crate) fn lost(&mut self, by: Duration) {
        let now = self.moment();
        self.history.lost(by, now);
    }

    /// Now, on the axis of the engine.
    pub(crate) fn moment(&self) -> Moment {
        self.time.clock().monotonic() + self.jumped
    }

    /// An attempt begins; `usable` when something is in hand.
    pub(crate) fn attempt(&mut self, member: usize, usable: bool) {
        self.tally.attempts += 1;
        let at = self.moment();
        let one = &mut self.members[member];
        let spacing = one.policy.min_spacing;
        let too_soon = one.recent.back().filter(|last| at + Duration::from_millis(1) < **last + spacing).copied();
        one.recent.push_back(at);
        while one.recent.front().is_some_and(|first| *first + Duration::from_secs(60) <= at) {
            one.recent.pop_front();
        }
        let (minute, in_life, closed) = (one.recent.len(), one.in_life, one.closed);
        one.in_life = if usable { in_life + 1 } else { 0 };
        let (a_minute, a_life) = (one.policy.attempts_per_minute(), one.policy.attempts_per_lifetime);
        if let Some(last) = too_soon {
            self.violate(member, || format!("two attempts {:?} apart", at - last));
        }
        if minute > a_minute as usize {
            self.violate(member, || format!("{minute} attempts in a minute"));
        }
        if usable && in_life > a_life {
            self.violate(member, || format!("{in_life} failed attempts in one lifetime"));
        }
        if closed {
            self.violate(member, || "an attempt after the close".to_owned());
        }
    }

    /// An attempt has brought something.
    pub(crate) fn succeeded(&mut self, member: usize) {
        self.members[member].in_life = 0;
        self.tally.successes += 1;
    }

    /// An attempt or a revocation is over: done, failed or dropped.
    pub(crate) fn attempt_over(&mut self, member: usize, over: &Over) {
        let &Over { begun, allowed, took, brought, panicked } = over;
        let now = self.moment();
        if panicked {
            self.tally.panics += 1;
            self.history.stumbled(member, begun, now);
        }
        let one = &mut self.members[member];
        one.running -= 1;
        one.trace.push_back((begun, now, brought));
        if one.trace.len() > TRACED {
            one.trace.pop_front();
        }
        let bound = self.members[member].policy.attempt_deadline.max(self.members[member].policy.revoke_deadline);
        if allowed > bound + Duration::from_millis(1) {
            self.violate(member, || format!("an attempt had {allowed:?}, the policy allows {bound:?}"));
        }
        if took > allowed + Duration::from_millis(2) {
            self.violate(member, || format!("an attempt took {took:?} and had {allowed:?}"));
        }
    }

    /// What a listener that keeps up was told.
    pub(crate) fn told(&mut self, member: usize, told: &Told) {
        let now = self.moment();
        let one = &mut self.members[member];
        let had = one.seen_generation != 0;
        if let Some(generation) = told.generation {
            one.seen_generation = generation;
            one.ends = told.ends;
            one.gap_reported = false;
        }
        if told.updated {
            one.told_at = now;
        }
        one.seen_failing = told.failing;
        let closed = one.closed;
        if told.updated && !told.renewed && had && told.removed.is_none() {
            self.tally.hand_overs += 1;
        }
        if told.renewed {
            self.tally.renewals += 1;
        }
        if closed && told.updated {
            self.violate(member, || "a credential was published after the close".to_owned());
        }
    }
}

/// An attempt or a revocation, when it is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Over {
    pub(crate) begun: Moment,
    pub(crate) allowed: Duration,
    /// Without the time in which the process stood still.
    pub(crate) took: Duration,
    pub(crate) brought: bool,
    pub(crate) panicked: bool,
}

impl Member {
    /// The last attempts since then, for a report.
    pub(crate) fn attempts_since(&self, since: Moment) -> Vec<String> {
        let since = self.trace.iter().filter(|(begun, ..)| *begun >= since);
        since
            .map(|(begun, over, brought)| {
                let (took, came) = (*over - *begun, if *brought { "" } else { ", failed" });
                format!("{begun:?} for {took:?}{came}")
            })
            .collect()
    }
}

/// An event, without what the program owns of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) generation: Option<u64>,
    pub(crate) ends: Option<Moment>,
    pub(crate) updated: bool,
    pub(crate) renewed: bool,
    pub(crate) failing: bool,
    pub(crate) removed: Option<Removed>,
}

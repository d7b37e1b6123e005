//! What the simulation knows of each credential, and what must hold.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokenex_core::{Policy, Removed};

use crate::heap::outside;
use crate::tally::Tally;
use crate::truth::{At, Time};
use crate::weather::{Place, Spell};

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
    pub(crate) spells: Vec<Spell>,
    /// When the machine or the process lost time, and how much.
    pub(crate) jumps: VecDeque<(At, Duration)>,
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
    policy: Policy,
    pub(crate) since: At,
    /// Starts of attempts in the last minute, in engine time.
    recent: VecDeque<Duration>,
    /// Attempts that failed since the last success, while something lived.
    in_life: u32,
    /// When the newest credential ends as the program has it, in true time.
    pub(crate) ends: Option<At>,
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
            spells: Vec::new(),
            jumps: VecDeque::new(),
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
            let since = inner.time.now();
            inner.members.push(Member {
                terms: terms.clone(),
                policy: policy.clone(),
                since,
                recent: VecDeque::new(),
                in_life: 0,
                ends: None,
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
        let now = self.time.now();
        self.jumps.push_back((now, by));
        if self.jumps.len() > 64 {
            self.jumps.pop_front();
        }
    }

    /// An attempt begins; `usable` when something is in hand.
    pub(crate) fn attempt(&mut self, member: usize, usable: bool) {
        self.tally.attempts += 1;
        let at = self.time.clock().monotonic() + self.jumped;
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

    /// An attempt is over: done, failed or dropped.
    pub(crate) fn attempt_over(&mut self, member: usize, allowed: Duration, took: Duration) {
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
        let one = &mut self.members[member];
        let had = one.seen_generation != 0;
        if let Some(generation) = told.generation {
            one.seen_generation = generation;
            one.ends = told.ends;
            one.gap_reported = false;
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

/// An event, without what the program owns of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) generation: Option<u64>,
    pub(crate) ends: Option<At>,
    pub(crate) updated: bool,
    pub(crate) renewed: bool,
    pub(crate) failing: bool,
    pub(crate) removed: Option<Removed>,
}

//! The targets' books: what they issued, and the truth about when it dies.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use tokenex_core::{Clock, Policy};

use crate::weather::{At, How, Outage};

/// The wall time at which the month begins, on all clocks.
pub fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// What a target says about a credential, and how it behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Manner {
    /// So many seconds from now.
    Relative,
    /// At that time of the target's clock.
    Absolute,
    /// Can be renewed, up to so many lifetimes in all.
    Renewable(u32),
    /// The target keeps it and hands it out again until a fifth of its life is left.
    Cached,
    /// Comes with a hint to refresh at this share of the life.
    Hinted(f64),
}

/// One credential that the program keeps.
#[derive(Debug, Clone)]
pub struct Member {
    pub target: usize,
    pub lifetime: Duration,
    pub latency: Duration,
    pub manner: Manner,
    pub parent: Option<usize>,
    /// Dies with what it was made from.
    pub bonded: bool,
    pub revocable: bool,
    /// Its target ends it early without a word.
    pub lied_to: bool,
}

/// What was issued.
#[derive(Debug, Clone)]
pub struct Entry {
    pub begun: At,
    pub dies: At,
    /// How long it was given, at its issue or its last renewal.
    pub given: Duration,
    /// When the local wall clock says that it has ended, if nobody sets that back.
    pub wall_end: SystemTime,
    pub last_renewal_by: At,
    pub revoked: bool,
    pub parent: Option<u64>,
    /// How exactly the program can know the end.
    pub tolerance: Duration,
}

#[derive(Debug, Default, Clone)]
struct Starts {
    /// Of the last minute, on the engine's scale.
    recent: VecDeque<Duration>,
    /// Since the last success, while something lived.
    in_life: u32,
    newest: Option<u64>,
}

/// Shared by targets, readers and judge.
#[derive(Clone)]
pub struct Books(Arc<Mutex<Inner>>);

pub struct Inner {
    pub clock: Clock,
    pub policy: Policy,
    /// How long the machine has slept.
    pub slept: Duration,
    /// Forward jumps of the local wall clock, those of suspends included.
    pub jumps: Vec<(At, Duration)>,
    jumped: Duration,
    pub members: Vec<Member>,
    starts: Vec<Starts>,
    pub entries: Vec<Entry>,
    pub outages: Vec<Vec<Outage>>,
    /// Outages that the judge is not told of.
    pub secret_outages: bool,
    pub violations: Vec<String>,
    pub tally: Tally,
}

/// What the month saw.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    pub attempts: u64,
    pub issued: u64,
    pub renewed: u64,
    pub equal: u64,
    pub failures: u64,
    pub born_dead: u64,
    pub panics: u64,
    pub hangs: u64,
    pub outages: u64,
    pub clock_steps: u64,
    pub suspends: u64,
    pub hand_overs: u64,
    pub children_moved: u64,
    pub revocations: u64,
    pub reads: u64,
    pub rejections: u64,
    pub gaps_explained: u64,
}

impl Tally {
    pub fn counts(&self) -> [(&'static str, u64); 17] {
        [
            ("attempts", self.attempts),
            ("credentials issued", self.issued),
            ("renewals", self.renewed),
            ("equal credentials", self.equal),
            ("failed attempts", self.failures),
            ("credentials born dead", self.born_dead),
            ("panics", self.panics),
            ("hangs", self.hangs),
            ("outages", self.outages),
            ("clock steps", self.clock_steps),
            ("suspends", self.suspends),
            ("hand-overs", self.hand_overs),
            ("children moved to a new parent", self.children_moved),
            ("revocations", self.revocations),
            ("reads", self.reads),
            ("rejections", self.rejections),
            ("gaps that an outage or a jump explains", self.gaps_explained),
        ]
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (what, count)) in self.counts().into_iter().enumerate() {
            write!(f, "{}{count} {what}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Books {
    pub fn new(clock: Clock, policy: Policy, outages: Vec<Vec<Outage>>) -> Self {
        let tally = Tally { outages: outages.iter().map(|all| all.len() as u64).sum(), ..Tally::default() };
        Self(Arc::new(Mutex::new(Inner {
            clock,
            policy,
            slept: Duration::ZERO,
            jumps: Vec::new(),
            jumped: Duration::ZERO,
            members: Vec::new(),
            starts: Vec::new(),
            entries: Vec::new(),
            outages,
            secret_outages: false,
            violations: Vec::new(),
            tally,
        })))
    }

    pub fn open(&self) -> MutexGuard<'_, Inner> {
        // A planted panic of a provider never happens while the books are open.
        self.0.lock().expect("the books are whole")
    }
}

impl Inner {
    /// Now, on the targets' clock.
    pub fn now(&self) -> At {
        self.clock.monotonic() + self.slept
    }

    pub fn enrol(&mut self, member: Member) -> usize {
        self.members.push(member);
        self.starts.push(Starts::default());
        self.members.len() - 1
    }

    /// The local wall clock has jumped ahead.
    pub fn jump(&mut self, by: Duration) {
        self.jumped += by;
        let now = self.now();
        self.jumps.push((now, by));
    }

    pub fn newest(&self, member: usize) -> Option<u64> {
        self.starts[member].newest
    }

    pub fn entry(&self, id: u64) -> &Entry {
        &self.entries[id as usize]
    }

    pub fn outage(&self, target: usize) -> Option<How> {
        let now = self.now();
        self.outages[target].iter().find(|outage| outage.from <= now && now < outage.until).map(|outage| outage.how)
    }

    /// Notes that an attempt starts, and holds it against the policy.
    pub fn attempt(&mut self, member: usize) {
        self.tally.attempts += 1;
        // Engine time takes each forward jump of the wall clock for time that has passed.
        let at = self.clock.monotonic() + self.jumped;
        let lives = self.newest(member).is_some_and(|id| self.alive(id));
        let starts = &mut self.starts[member];
        if let Some(last) = starts.recent.back()
            && at < *last + self.policy.min_spacing
        {
            self.violations.push(format!("member {member}: two attempts {:?} apart at {at:?}", at - *last));
        }
        starts.recent.push_back(at);
        while starts.recent.front().is_some_and(|first| *first + Duration::from_secs(60) <= at) {
            starts.recent.pop_front();
        }
        let (minute, in_life) = (starts.recent.len(), starts.in_life);
        starts.in_life = if lives { in_life + 1 } else { 0 };
        if minute > self.policy.attempts_per_minute() as usize {
            self.violations.push(format!("member {member}: {minute} attempts in a minute at {at:?}"));
        }
        if lives && in_life > self.policy.attempts_per_lifetime {
            self.violations.push(format!("member {member}: {in_life} failed attempts in one lifetime at {at:?}"));
        }
    }

    /// Issues a credential of this member; what comes out of its cache is the same as before.
    pub fn issue(&mut self, member: usize, parent: Option<u64>) -> u64 {
        let (now, wall) = (self.now(), self.clock.wall());
        let spec = self.members[member].clone();
        self.starts[member].in_life = 0;
        if spec.manner == Manner::Cached
            && let Some(id) = self.starts[member].newest
            && self.entry(id).dies > now + spec.lifetime / 5
        {
            self.tally.equal += 1;
            let entry = &mut self.entries[id as usize];
            entry.wall_end = wall + (entry.dies - now);
            return id;
        }
        self.tally.issued += 1;
        let lives = if spec.lied_to { spec.lifetime / 2 } else { spec.lifetime };
        let rounds = if let Manner::Renewable(rounds) = spec.manner { rounds } else { 1 };
        let exact = spec.manner != Manner::Absolute;
        self.entries.push(Entry {
            begun: now,
            dies: now + lives,
            given: spec.lifetime,
            wall_end: wall + spec.lifetime,
            last_renewal_by: now + spec.lifetime * rounds,
            revoked: false,
            parent: parent.filter(|_| spec.bonded),
            // `Date` has whole seconds, and differences under two are no differences.
            tolerance: if exact { Duration::from_millis(2) } else { Duration::from_secs(3) },
        });
        let id = self.entries.len() as u64 - 1;
        self.starts[member].newest = Some(id);
        id
    }

    /// Extends a credential; returns how long it lives now, and whether it can be extended again.
    pub fn renew(&mut self, member: usize, id: u64) -> (Duration, bool) {
        let (now, wall) = (self.now(), self.clock.wall());
        let lifetime = self.members[member].lifetime;
        self.starts[member].in_life = 0;
        self.tally.renewed += 1;
        let entry = &mut self.entries[id as usize];
        let until = (now + lifetime).min(entry.last_renewal_by).max(now);
        entry.given = until - now;
        entry.dies = until;
        entry.wall_end = wall + entry.given;
        (entry.given, until < entry.last_renewal_by)
    }

    pub fn alive(&self, id: u64) -> bool {
        self.why_dead(id).is_none()
    }

    /// Why this credential cannot be used any more, if so.
    pub fn why_dead(&self, id: u64) -> Option<String> {
        let (now, wall, entry) = (self.now(), self.clock.wall(), self.entry(id));
        if entry.revoked {
            return Some("it was revoked".to_owned());
        }
        if now > entry.dies + entry.tolerance {
            return Some(format!("it died {:?} ago", now - entry.dies));
        }
        if let Ok(ago) = wall.duration_since(entry.wall_end)
            && ago > entry.tolerance
        {
            return Some(format!("by the wall clock it ended {ago:?} ago"));
        }
        entry.parent.and_then(|parent| self.why_dead(parent)).map(|why| format!("its parent: {why}"))
    }
}

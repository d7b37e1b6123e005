//! The days of one seed, step by step.

use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use tokenex_core::Scheduler;
use tokenex_testkit::issuer::{Algorithm, OldKey};
use tokenex_vault::Vault;

use crate::clouds::Clouds;
use crate::heap::outside;
use crate::kept::{AnyKept, Call, End, Keeper};
use crate::ledger::Ledger;
use crate::outcome::{DAY, Options, Plant};
use crate::program;
use crate::token_file::Condition;
use crate::truth::{At, Time};
use crate::weather::{Blow, Place, Spell, Trouble, next_blow, spells};
use crate::wire::Wire;

/// Somebody writes the token file anew, when its tokens have lived for half of their time.
const REWRITTEN_EVERY: Duration = Duration::from_secs(1800);
const VISITORS_EVERY: Duration = Duration::from_secs(4 * 3600);
const VISIT: Duration = Duration::from_secs(600);
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(60);
/// The slowest listener looks after four hours at the latest, and once more for the end.
const ALL_HAVE_LOOKED: Duration = Duration::from_secs(9 * 3600);

/// At once, and on the first day: what grows with the largest crowd has its size then.
const RUSH: usize = 12;
const VISITORS: usize = 3;
/// A generation in its grace, and its revocation, are over by then.
const SETTLED: Duration = Duration::from_secs(120);

pub(crate) struct Days {
    time: Time,
    wire: Wire,
    pub(crate) ledger: Ledger,
    scheduler: Scheduler,
    keeper: Keeper,
    clouds: Clouds,
    vault: Vault,
    random: fastrand::Rng,
    kept: Vec<Box<dyn AnyKept>>,
    visitors: Vec<Box<dyn AnyKept>>,
    coming: std::iter::Peekable<std::vec::IntoIter<Spell>>,
    present: Vec<Spell>,
    next_blow: (At, Blow),
    next_rewrite: At,
    next_visit: At,
    /// How far the wall clock is off, in seconds.
    off: i64,
    plant: Option<Plant>,
    pub(crate) digest: DefaultHasher,
}

impl Days {
    pub(crate) fn new(options: &Options) -> Self {
        let mut random = fastrand::Rng::with_seed(options.seed);
        let time = Time::new();
        let length = options.length();
        let (clouds, wire, ledger, mut weather) = outside(|| {
            let (clouds, wire) = Clouds::new(&time, &mut random);
            (clouds, wire, Ledger::new(time.clone()), spells(&mut random, length))
        });
        if options.plant == Some(Plant::Gap) {
            outside(|| plant_outages(&mut weather, length));
        }
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(wire.clone())
            .seed(random.u64(..))
            .start();
        let plant = options.plant;
        let keeper = Keeper { scheduler: scheduler.clone(), ledger: ledger.clone(), time: time.clone(), plant };
        let (vault, kept) = program::start(&clouds, &keeper, &mut random);
        let (wait, blow) = next_blow(&mut random);
        Self {
            time,
            wire,
            ledger,
            scheduler,
            keeper,
            clouds,
            vault,
            random,
            kept,
            visitors: Vec::new(),
            coming: weather.into_iter().peekable(),
            present: Vec::new(),
            next_blow: (wait, blow),
            next_rewrite: REWRITTEN_EVERY,
            next_visit: VISITORS_EVERY / 4,
            off: 0,
            plant,
            digest: DefaultHasher::new(),
        }
    }

    /// A while passes, what is due happens, and everybody looks. Returns what time it is, and whether all is there that
    /// is kept, and nothing else.
    pub(crate) async fn step(&mut self) -> (At, bool) {
        let now = self.time.now();
        let while_ = Duration::from_millis(self.random.u64(1_000..90_000));
        let by = self.next_event().saturating_sub(now).clamp(Duration::from_millis(1), while_);
        self.time.local().advance(by).await;
        self.happen().await;
        // At once, since readers do not wait for the engine to notice.
        self.read_all();
        self.time.local().settle().await;
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        for one in self.kept.iter().chain(&self.visitors) {
            one.compare();
        }
        self.read_all();
        self.callers();
        let sent = self.wire.sent();
        self.ledger.with(|ledger| ledger.tally.requests = sent);
        let tally = self.ledger.with(|ledger| ledger.tally);
        for (_, count) in tally.counts() {
            self.digest.write_u64(count);
        }
        self.digest.write_u128(self.time.now().as_nanos());
        let alone = self.visitors.is_empty() && self.present.is_empty() && self.kept.iter().all(|one| one.read());
        let calm = alone && self.ledger.with(|ledger| ledger.is_calm(self.kept.len(), SETTLED));
        if self.plant == Some(Plant::Crash) && now > DAY {
            panic!("planted in the run itself");
        }
        (self.time.now(), calm)
    }

    fn next_event(&mut self) -> At {
        let begins = self.coming.peek().map(|spell| spell.from);
        let ends = self.present.iter().map(|spell| spell.until).min();
        let others = [self.next_blow.0, self.next_rewrite, self.next_visit];
        begins.into_iter().chain(ends).chain(others).min().unwrap_or_default()
    }

    /// All that is due now.
    async fn happen(&mut self) {
        let now = self.time.now();
        outside(|| {
            while let Some(at) = self.present.iter().position(|spell| spell.until <= now) {
                let over = self.present.swap_remove(at);
                self.end(&over);
            }
            while let Some(spell) = self.coming.next_if(|spell| spell.from <= now) {
                self.begin(spell);
            }
            if now >= self.next_rewrite {
                self.clouds.file.rewrite();
                self.next_rewrite = now + REWRITTEN_EVERY;
            }
        });
        if now >= self.next_visit {
            self.visit();
        }
        if now >= self.next_blow.0 {
            self.strike(self.next_blow.1).await;
            let (wait, blow) = next_blow(&mut self.random);
            self.next_blow = (self.time.now() + wait, blow);
        }
    }

    fn begin(&mut self, spell: Spell) {
        match &spell.trouble {
            Trouble::NoTrust => self.lever(spell.place, |levers| (levers.trust)(false)),
            Trouble::IssuerDown => self.lever(spell.place, |levers| (levers.issuer)(false)),
            Trouble::Missing => self.clouds.file.set(Condition::Missing),
            Trouble::Half => self.clouds.file.set(Condition::Half),
            Trouble::Stale => self.clouds.file.set(Condition::Stale),
            Trouble::KeyDropped => self.clouds.file.drop_key(),
            on_the_wire => self.wire.set(spell.place, Some(on_the_wire.clone())),
        }
        let secret = self.plant == Some(Plant::Gap) && is_planted(&spell);
        self.ledger.with(|ledger| {
            ledger.tally.outages += 1;
            if !secret {
                let now = ledger.moment();
                ledger.history.begins(&spell, now);
            }
        });
        self.present.push(spell);
    }

    fn end(&self, spell: &Spell) {
        self.ledger.with(|ledger| {
            let now = ledger.moment();
            ledger.history.ends(spell.place, now);
        });
        match &spell.trouble {
            Trouble::NoTrust => self.lever(spell.place, |levers| (levers.trust)(true)),
            Trouble::IssuerDown => self.lever(spell.place, |levers| (levers.issuer)(true)),
            Trouble::Missing | Trouble::Half | Trouble::Stale | Trouble::KeyDropped => {
                self.clouds.file.set(Condition::Good);
                self.clouds.file.rewrite();
            }
            _ => {
                self.wire.set(spell.place, None);
                self.lever(spell.place, |levers| (levers.heal)());
            }
        }
    }

    fn lever(&self, place: Place, pull: impl FnOnce(&crate::clouds::Levers)) {
        if let Some(levers) = self.clouds.levers.get(&place) {
            pull(levers);
        }
    }

    async fn strike(&mut self, blow: Blow) {
        match blow {
            Blow::SetOff(off) => {
                let by = Duration::from_secs(off.abs_diff(self.off));
                if off > self.off {
                    self.time.local().step_wall_forward(by);
                } else {
                    self.time.local().step_wall_back(by);
                }
                let ahead = off > self.off;
                self.off = off;
                self.ledger.with(|ledger| {
                    ledger.tally.clock_steps += 1;
                    if ahead {
                        ledger.jump(by);
                    }
                });
            }
            Blow::Suspend(by) => {
                self.time.suspend(by);
                self.ledger.with(|ledger| {
                    ledger.tally.suspends += 1;
                    ledger.jump(by);
                });
            }
            Blow::Stall(by) => {
                // Without letting anybody run in between.
                tokio::time::advance(by).await;
                self.ledger.with(|ledger| {
                    ledger.tally.stalls += 1;
                    ledger.stalled += by;
                    ledger.lost(by);
                });
            }
            Blow::RotateKey => {
                outside(|| self.clouds.issuer.rotate(Algorithm::Es256, OldKey::Kept));
                self.ledger.with(|ledger| ledger.tally.rotations += 1);
            }
        }
    }

    /// The last visitors go, in one way or another, and others come.
    fn visit(&mut self) {
        let now = self.time.now();
        if self.visitors.is_empty() {
            let rush = now < VISITORS_EVERY;
            for _ in 0..if rush { RUSH } else { VISITORS } {
                let one = program::visitor(&self.clouds, &self.vault, &self.keeper, &mut self.random);
                self.visitors.push(one);
            }
            self.next_visit = now + VISIT;
            return;
        }
        for one in self.visitors.drain(..) {
            one.end(match self.random.u8(..3) {
                0 => End::Close(Duration::from_millis(self.random.u64(..60_000))),
                1 => End::CloseAndLeave,
                _ => End::Drop,
            });
        }
        self.next_visit = now + VISITORS_EVERY;
    }

    fn read_all(&self) {
        for one in self.kept.iter().chain(&self.visitors) {
            if !one.read() {
                self.ledger.with(|ledger| ledger.nothing_to_read(one.member()));
            }
        }
    }

    /// Some who wait, ask or complain, and some of them go away before they are answered.
    fn callers(&mut self) {
        let random = &mut self.random;
        let of = self.kept.len() + self.visitors.len();
        let at = random.usize(..of);
        let one = self.kept.iter().chain(&self.visitors).nth(at).expect("one of them");
        let polls = if random.bool() { u32::MAX } else { random.u32(1..4) };
        let call = match random.u8(..100) {
            0..=9 => Call::Get,
            10..=11 => Call::Ready(Duration::from_millis(random.u64(1..120_000))),
            12 => Call::ValidFor(Duration::from_secs(random.u64(1..3000))),
            13 if random.u8(..4) == 0 => Call::Reject,
            _ => return,
        };
        one.call(call, polls);
    }

    /// The program ends.
    pub(crate) async fn finish(&mut self) {
        let time = self.time.clone();
        let asked = time.clock().monotonic();
        let report = self.scheduler.shutdown(SHUTDOWN_WITHIN).await;
        let took = time.clock().monotonic() - asked;
        drop(report);
        if took > SHUTDOWN_WITHIN + Duration::from_millis(10) {
            self.ledger.with(|ledger| ledger.violate_all(|| format!("the shutdown took {took:?}")));
        }
        time.local().advance(Duration::from_secs(90)).await;
        let sent = self.wire.sent();
        time.local().advance(ALL_HAVE_LOOKED).await;
        let later = self.wire.sent() - sent;
        let readable = self.kept.iter().filter(|one| one.read()).count();
        self.ledger.with(|ledger| {
            if later != 0 {
                ledger.violate_all(|| format!("{later} requests after the end"));
            }
            if readable != 0 {
                ledger.violate_all(|| format!("{readable} credentials can be read after the end"));
            }
            for member in 0..ledger.members.len() {
                let waiting = ledger.members[member].listeners;
                if waiting != 0 {
                    ledger.violate(member, || format!("{waiting} listeners wait after the end"));
                }
            }
        });
    }
}

/// One that is long enough for a gap, everywhere.
fn plant_outages(weather: &mut Vec<Spell>, length: Duration) {
    let (from, until) = (length / 2, length / 2 + Duration::from_secs(3 * 3600));
    weather.retain(|spell| spell.until < from || spell.from > until);
    let trouble = Trouble::Cable(tokenex_testkit::transport::Fault::Unreachable);
    let planted = Place::ALL.map(|place| Spell { place, from, until, trouble: trouble.clone() });
    weather.extend(planted.into_iter().filter(|spell| spell.place != Place::File));
    weather.sort_by_key(|spell| spell.from);
}

fn is_planted(spell: &Spell) -> bool {
    spell.until - spell.from == Duration::from_secs(3 * 3600)
}

//! The program of the month: who is kept, who reads, what happens when.

use std::sync::Once;
use std::time::Duration;

use tokenex_core::{Handle, Keep, Listener, Policy, Removed, Scheduler, WeakHandle};
use tokenex_testkit::clock::TestClock;

use crate::books::{Books, Manner, Member, Tally, start};
use crate::provider::{AS_SCRIPTED, Scripted, SpeakingClock, Token};
use crate::weather::{At, ClockEvent, How, Outage, next_clock_event, outages};

const TARGETS: usize = 8;
const STEP: Duration = Duration::from_secs(60);
const VISITORS_EVERY: Duration = Duration::from_secs(8 * 3600);
const VISIT: Duration = Duration::from_secs(600);
/// An attempt, and the wait for its place.
const LONGEST_GET: Duration = Duration::from_secs(61);

/// Something wrong that the judge must find.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Plant {
    /// Targets end credentials early.
    Liar,
    /// The judge is not told of outages.
    SecretOutages,
    /// An outage without an end, of which the judge is not told.
    Abandoned,
    /// The judge allows fewer attempts than the engine.
    StricterAllowance,
}

pub struct Month {
    pub seed: u64,
    pub credentials: usize,
    pub length: Duration,
    pub plant: Option<Plant>,
}

struct Kept {
    member: usize,
    since: At,
    handle: Handle<Token>,
}

struct World {
    time: TestClock,
    books: Books,
    scheduler: Scheduler,
    random: fastrand::Rng,
    kept: Vec<Kept>,
    visitors: Vec<Kept>,
    /// How far the wall clock is off, in seconds.
    off: i64,
}

impl Month {
    pub async fn run(self) -> (Tally, Vec<String>) {
        silence_scripted_panics();
        let mut world = self.begin();
        let clock = world.time.clock();
        let (mut next_event, mut event) = next_clock_event(&mut world.random);
        let mut next_visitors = VISIT;
        while clock.monotonic() < self.length {
            world.time.advance(STEP).await;
            let now = clock.monotonic();
            if now >= next_event {
                world.clock_event(event);
                let (wait, next) = next_clock_event(&mut world.random);
                (next_event, event) = (now + wait, next);
            }
            if now >= next_visitors {
                world.visitors(next_visitors);
                next_visitors += VISITORS_EVERY;
            }
            world.read_some();
        }
        let books = world.books.open();
        (books.tally, books.violations.clone())
    }

    fn begin(&self) -> World {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let time = TestClock::at(start());
        let mut weather: Vec<Vec<Outage>> = (0..TARGETS).map(|_| outages(&mut random, self.length)).collect();
        if let Some(Plant::SecretOutages | Plant::Abandoned | Plant::StricterAllowance) = self.plant {
            let (from, last) = (self.length / 2, self.plant == Some(Plant::Abandoned));
            let until = if last { self.length } else { from + Duration::from_secs(10_800) };
            weather.iter_mut().for_each(|all| all.push(Outage { from, until, how: How::Unavailable }));
        }
        let mut judged_by = Policy::default();
        if self.plant == Some(Plant::StricterAllowance) {
            judged_by = judged_by.with_attempts_per_lifetime(5);
        }
        let books = Books::new(time.clock(), judged_by, weather);
        books.open().secret_outages = matches!(self.plant, Some(Plant::SecretOutages | Plant::Abandoned));
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(SpeakingClock(books.clone()))
            .seed(random.u64(..))
            // All credentials of a target may fail at once and hang; the month is not about queues.
            .max_in_flight(256 * TARGETS)
            .max_per_target(256)
            .start();
        let mut world = World { time, books, scheduler, random, kept: Vec::new(), visitors: Vec::new(), off: 0 };
        for n in 0..self.credentials {
            let member = world.draw(n, self.credentials, self.plant);
            let kept = world.keep(member);
            world.kept.push(kept);
        }
        world
    }
}

impl World {
    /// The first are logins, from which some of the others are made.
    fn draw(&mut self, n: usize, of: usize, plant: Option<Plant>) -> Member {
        let random = &mut self.random;
        let logins = of / 25 + 1;
        let hours = |random: &mut fastrand::Rng, from: f64, to: f64| {
            Duration::from_secs_f64(3600.0 * (from + (to - from) * random.f64()))
        };
        let lifetime = match random.u8(..100) {
            _ if n < logins => hours(random, 1.0, 12.0),
            0..=1 => hours(random, 0.25, 1.0),
            2..=29 => hours(random, 1.0, 12.0),
            30..=79 => hours(random, 12.0, 24.0),
            _ => hours(random, 24.0, 168.0),
        };
        let manner = match random.u8(..10) {
            0..=1 => Manner::Absolute,
            2..=4 => Manner::Renewable(random.u32(2..6)),
            5 if n >= logins => Manner::Cached,
            6 if n >= logins => Manner::Hinted(random.f64()),
            _ => Manner::Relative,
        };
        let parent = (n >= logins && random.u8(..4) == 0).then(|| random.usize(..logins));
        Member {
            target: random.usize(..TARGETS),
            lifetime,
            latency: Duration::from_millis(random.u64(20..2000)),
            // A cache outlives what it was filled from; then it is no cache.
            manner: if parent.is_some() && manner == Manner::Cached { Manner::Relative } else { manner },
            parent,
            bonded: parent.is_some() && random.u8(..4) != 0,
            revocable: random.bool(),
            lied_to: plant == Some(Plant::Liar) && n % 8 == 7,
        }
    }

    fn keep(&mut self, member: Member) -> Kept {
        let parent = member.parent.map(|parent| self.kept[parent].handle.clone());
        let (member, since) = {
            let mut books = self.books.open();
            (books.enrol(member), books.now())
        };
        let provider = Scripted { books: self.books.clone(), member, parent };
        let handle = self.scheduler.keep(Keep::new(provider));
        tokio::spawn(watch(self.books.clone(), member, handle.downgrade(), handle.listen()));
        Kept { member, since, handle }
    }

    /// Some credentials of seconds, for ten minutes.
    fn visitors(&mut self, seed: Duration) {
        self.visitors.clear();
        self.random.seed(self.random.get_seed() ^ seed.as_secs());
        for _ in 0..8 {
            let target = self.random.usize(..TARGETS);
            let lifetime = Duration::from_millis(self.random.u64(4000..120_000));
            let visitor = Member {
                target,
                lifetime,
                latency: Duration::from_millis(self.random.u64(1..200)),
                manner: Manner::Relative,
                parent: None,
                bonded: false,
                revocable: self.random.bool(),
                lied_to: false,
            };
            let kept = self.keep(visitor);
            self.visitors.push(kept);
        }
    }

    fn clock_event(&mut self, event: ClockEvent) {
        let mut books = self.books.open();
        match event {
            ClockEvent::SetOff(off) => {
                let by = Duration::from_secs(off.abs_diff(self.off));
                books.tally.clock_steps += 1;
                if off > self.off {
                    self.time.step_wall_forward(by);
                    books.jump(by);
                } else {
                    self.time.step_wall_back(by);
                }
                self.off = off;
            }
            ClockEvent::Suspend(by) => {
                books.tally.suspends += 1;
                self.time.suspend(by);
                books.slept += by;
                books.jump(by);
            }
        }
        drop(books);
        // Readers do not wait for the engine to notice.
        for kept in self.kept.iter().chain(&self.visitors) {
            kept.read(&self.books);
        }
    }

    fn read_some(&mut self) {
        let now = self.time.clock().monotonic();
        if self.visitors.first().is_some_and(|first| self.books.open().now() > first.since + VISIT) {
            self.visitors.clear();
        }
        for _ in 0..24 {
            self.kept[self.random.usize(..self.kept.len())].read(&self.books);
        }
        let one = &self.kept[self.random.usize(..self.kept.len())];
        match self.random.u8(..40) {
            0..=3 => drop(tokio::spawn(get(self.books.clone(), one.member, one.handle.clone()))),
            4 => drop(tokio::spawn(reject(self.books.clone(), one.handle.clone()))),
            _ => {}
        }
        if now.as_secs() / 1800 != (now + STEP).as_secs() / 1800 {
            for kept in self.kept.iter().filter(|kept| !kept.read(&self.books)) {
                self.books.open().still_none(kept.member, kept.since);
            }
        }
    }
}

impl Kept {
    /// True when there was something to read.
    fn read(&self, books: &Books) -> bool {
        let peek = self.handle.peek();
        if let Some(issued) = &peek {
            books.open().read(self.member, issued.0);
        }
        peek.is_some()
    }
}

/// A reader who waits.
async fn get(books: Books, member: usize, handle: Handle<Token>) {
    let clock = books.open().clock.clone();
    let asked_at = clock.monotonic();
    let got = handle.get().await;
    let took = clock.monotonic() - asked_at;
    let mut books = books.open();
    if let Ok(issued) = got {
        books.read(member, issued.0);
    }
    if took > LONGEST_GET {
        books.violations.push(format!("member {member}: get took {took:?}"));
    }
}

/// A consumer whose credential was refused, or so it thinks.
async fn reject(books: Books, handle: Handle<Token>) {
    let Some(generation) = handle.peek().map(|issued| issued.generation()) else { return };
    books.open().tally.rejections += 1;
    // It fails in an outage; what that does to readers is what the month is about.
    let _ = handle.rejected(generation).await;
}

/// Sees every gap, and looks in the moment after each death.
async fn watch(books: Books, member: usize, handle: WeakHandle<Token>, mut listener: Listener<Token>) {
    let clock = books.open().clock.clone();
    let (mut last, mut last_held, mut reported) = (None, None, None);
    loop {
        let held = handle.upgrade().and_then(|handle| handle.peek().map(|issued| issued.0));
        last_held = held.or(last_held);
        let death = {
            let mut books = books.open();
            if let Some(id) = held.filter(|id| reported != Some(*id)) {
                books.read(member, id);
                if !books.alive(id) {
                    reported = held;
                }
            }
            held.filter(|id| reported != Some(*id)).map(|id| books.death_of(id))
        };
        let event = tokio::select! {
            biased;
            event = listener.next() => event,
            () = clock.sleep_until(death.unwrap_or_default()), if death.is_some() => continue,
        };
        let Some(event) = event else { return };
        let mut books = books.open();
        if let Some(ended) = last_held.filter(|_| event.removed == Some(Removed::Expired)) {
            books.gap(member, ended);
        }
        if let Some(issued) = event.credential.filter(|_| event.updated && !event.renewed) {
            let parent = books.entry(issued.0).parent;
            if let Some((_, old)) = last.filter(|_| event.removed.is_none()) {
                books.tally.hand_overs += 1;
                books.tally.children_moved += u64::from(parent != old);
            }
            last = Some((issued.0, parent));
        }
    }
}

/// Hundreds of reports of panics that were asked for would hide the one that was not.
fn silence_scripted_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let said = panic.payload();
            let said = said.downcast_ref::<&str>().copied().or(said.downcast_ref::<String>().map(String::as_str));
            if said != Some(AS_SCRIPTED) {
                usual(panic);
            }
        }));
    });
}

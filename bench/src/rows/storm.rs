//! Everything is due at once, after a suspend, and one of ten targets is dead.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use tokenex_core::time::TimeSource;
use tokenex_core::{Attempt, BoxFuture, Clock, Grant, Handle, Outcome, Provider, Result, Scheduler, Target};

use crate::in_process::{Source, Token};
use crate::measure::{Effort, runtime, short};
use crate::report::{Section, Table, Verdict};

const TARGETS: usize = 10;
/// The defaults of the scheduler.
const MAX_IN_FLIGHT: usize = 256;
const MAX_PER_TARGET: usize = 32;
const ANSWER_TAKES: Duration = Duration::from_millis(50);
const LIFETIME: Duration = Duration::from_secs(3600);
/// So much is left of each credential when the machine wakes up.
const LEFT: Duration = Duration::from_secs(90);
const PATIENCE: Duration = Duration::from_secs(180);

pub(super) fn run(effort: Effort) -> Section {
    let mut section = Section::new("A storm after a suspend");
    let n = effort.pick(100_000, 2_000);
    let outcome = runtime().block_on(storm(n));
    let healthy = n / TARGETS * (TARGETS - 1);
    let places = (MAX_IN_FLIGHT - MAX_PER_TARGET).min((TARGETS - 1) * MAX_PER_TARGET);
    let ideal = healthy as f64 / places as f64 * ANSWER_TAKES.as_secs_f64();
    section.say(format!(
        "{n} credentials of an hour at {TARGETS} targets. The machine sleeps: its wall clock goes on, and when it wakes, {} s \
         are left of each. All are due in the same second. Each answer takes {} ms, and one target never answers. At most \
         {MAX_IN_FLIGHT} attempts are in flight, {MAX_PER_TARGET} of them at one target, so that {healthy} healthy ones need {} s \
         at the very least beside a dead one that has its places taken. A reader looks at all of them all the time.",
        LEFT.as_secs(),
        ANSWER_TAKES.as_millis(),
        short(ideal),
    ));
    let mut table = Table::new(&["", "seen", "bound"]);
    let line = |table: &mut Table, what: &str, seen: String, bound: String| table.line(&[what.to_owned(), seen, bound]);
    line(&mut table, "attempts in flight", outcome.most_in_flight.to_string(), MAX_IN_FLIGHT.to_string());
    line(&mut table, "attempts in flight at one target", outcome.most_at_one.to_string(), MAX_PER_TARGET.to_string());
    line(&mut table, "reads of healthy ones", outcome.reads.to_string(), "–".to_owned());
    line(&mut table, "of these expired", outcome.expired.to_string(), "0".to_owned());
    line(&mut table, "healthy ones replaced", outcome.replaced.to_string(), healthy.to_string());
    line(&mut table, "from the first attempt to the last of them, s", short(outcome.took), short(ideal));
    section.say(table);
    section.judge(Verdict {
        measure: "100,000 due at once, one target of ten dead",
        measured: format!(
            "{} in flight, {} at one target; {} expired reads; all {} healthy ones new in {} s",
            outcome.most_in_flight,
            outcome.most_at_one,
            outcome.expired,
            outcome.replaced,
            short(outcome.took)
        ),
        beside: format!("{} s at the very least", short(ideal)),
        goal: "bounds kept, no healthy one late, all valid again",
        met: outcome.most_in_flight <= MAX_IN_FLIGHT
            && outcome.most_at_one <= MAX_PER_TARGET
            && outcome.expired == 0
            && outcome.replaced == healthy,
    });
    section
}

/// What was seen of it.
struct Seen {
    most_in_flight: usize,
    most_at_one: usize,
    reads: u64,
    expired: u64,
    replaced: usize,
    took: f64,
}

async fn storm(n: usize) -> Seen {
    let sleeper = Sleeper::default();
    let weather = Arc::new(Weather::default());
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).clock(Clock::custom(sleeper.clone())).start();
    let targets: Vec<_> = (0..TARGETS).map(|index| Target::new(format!("target-{index}"))).collect();
    let source = Source::new(LIFETIME, LIFETIME);
    let keep = |index: usize| {
        let (source, weather) = (source.clone(), weather.clone());
        scheduler.keep(AtTarget { source, weather, target: targets[index % TARGETS].clone(), index: index % TARGETS })
    };
    let handles: Arc<[Handle<Token>]> = (0..n).map(keep).collect();
    while !handles.iter().all(|handle| handle.peek().is_some()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    weather.stormy.store(true, Ordering::Relaxed);
    sleeper.suspend(LIFETIME - LEFT);
    let asleep = Instant::now();
    // Target 0 is the dead one.
    let healthy = move |index: &usize| !index.is_multiple_of(TARGETS);
    let done = Arc::new(AtomicBool::new(false));
    let reader = std::thread::spawn({
        let (handles, done) = (handles.clone(), done.clone());
        move || {
            let (mut reads, mut expired) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                for index in (0..handles.len()).filter(healthy) {
                    reads += 1;
                    expired += u64::from(handles[index].peek().is_none());
                }
            }
            (reads, expired)
        }
    });
    let is_new = |index: &usize| handles[*index].peek().is_some_and(|token| token.generation() > 1);
    let replaced = || (0..n).filter(healthy).filter(is_new).count();
    let wanted = (0..n).filter(healthy).count();
    while replaced() < wanted && asleep.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let end = Instant::now();
    done.store(true, Ordering::Relaxed);
    let (reads, expired) = reader.join().expect("no panic");
    let begin = *weather.begin.get().unwrap_or(&end);
    Seen {
        most_in_flight: weather.most.load(Ordering::Relaxed),
        most_at_one: weather.targets.iter().map(|target| target.most.load(Ordering::Relaxed)).max().unwrap_or(0),
        reads,
        expired,
        replaced: replaced(),
        took: (end - begin).as_secs_f64(),
    }
}

/// What all targets share.
#[derive(Default)]
struct Weather {
    stormy: AtomicBool,
    /// The first attempt in the storm.
    begin: OnceLock<Instant>,
    in_flight: AtomicUsize,
    most: AtomicUsize,
    targets: [Load; TARGETS],
}

#[derive(Default)]
struct Load {
    in_flight: AtomicUsize,
    most: AtomicUsize,
}

/// A credential at one of the targets.
struct AtTarget {
    source: Arc<Source>,
    weather: Arc<Weather>,
    target: Target,
    index: usize,
}

impl Provider for AtTarget {
    type Credential = Token;

    fn name(&self) -> &'static str {
        "storm"
    }

    fn target(&self) -> Target {
        self.target.clone()
    }

    async fn issue(&self, _: &Attempt) -> Result<Outcome<Token>> {
        if self.weather.stormy.load(Ordering::Relaxed) {
            let _counted = self.weather.enter(self.index);
            match self.index {
                0 => std::future::pending().await,
                _ => tokio::time::sleep(ANSWER_TAKES).await,
            }
        }
        let (token, lifetime) = self.source.issue(true);
        Ok(Grant::new(token).lifetime(lifetime).into())
    }
}

impl Weather {
    fn enter(&self, index: usize) -> Entered<'_> {
        self.begin.get_or_init(Instant::now);
        let target = &self.targets[index];
        self.most.fetch_max(self.in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        target.most.fetch_max(target.in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Entered { weather: self, index }
    }
}

/// Attempts end by being dropped as well.
struct Entered<'a> {
    weather: &'a Weather,
    index: usize,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.weather.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.weather.targets[self.index].in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The clocks of a machine that sleeps: the wall clock goes on, the other one stands still meanwhile.
#[derive(Clone)]
struct Sleeper {
    start: Instant,
    slept: Arc<AtomicU64>,
}

impl Default for Sleeper {
    fn default() -> Self {
        Self { start: Instant::now(), slept: Arc::default() }
    }
}

impl Sleeper {
    fn suspend(&self, time: Duration) {
        self.slept.fetch_add(time.as_secs(), Ordering::SeqCst);
    }
}

impl TimeSource for Sleeper {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now() + Duration::from_secs(self.slept.load(Ordering::Relaxed))
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        let at = self.start + at;
        Box::pin(tokio::time::sleep_until(at.into()))
    }
}

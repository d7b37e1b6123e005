//! The time that is true everywhere but on the machine of the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokenex_core::Clock;
use tokenex_core::time::TimeSource as _;
use tokenex_testkit::clock::TestClock;

/// A time on the true clock, since the beginning: it runs on while the machine sleeps.
pub(crate) type At = Duration;

/// The wall time at which all clocks begin: in January 2027.
const BEGIN: Duration = Duration::from_secs(1_800_000_000);

/// The true clock, and the machine's, which somebody sets and suspends. Clones are the same.
#[derive(Clone)]
pub(crate) struct Time(Arc<Inner>);

struct Inner {
    local: TestClock,
    /// Nanoseconds that the machine has slept.
    slept: AtomicU64,
    /// By how much the true clock is turned back for a question about the past.
    rewound: AtomicU64,
}

impl Time {
    pub(crate) fn new() -> Self {
        let local = TestClock::at(UNIX_EPOCH + BEGIN);
        Self(Arc::new(Inner { local, slept: AtomicU64::new(0), rewound: AtomicU64::new(0) }))
    }

    /// The machine's clock.
    pub(crate) fn clock(&self) -> Clock {
        self.0.local.clock()
    }

    /// The machine's clock, to be moved.
    pub(crate) fn local(&self) -> &TestClock {
        &self.0.local
    }

    pub(crate) fn now(&self) -> At {
        self.passed().saturating_sub(self.rewound())
    }

    /// The true time of day.
    pub(crate) fn wall(&self) -> SystemTime {
        UNIX_EPOCH + BEGIN + self.passed() - self.rewound()
    }

    fn passed(&self) -> Duration {
        self.0.local.monotonic() + Duration::from_nanos(self.0.slept.load(Ordering::Relaxed))
    }

    fn rewound(&self) -> Duration {
        Duration::from_nanos(self.0.rewound.load(Ordering::Relaxed))
    }

    pub(crate) fn suspend(&self, by: Duration) {
        self.0.local.suspend(by);
        self.0.slept.fetch_add(by.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Asks the twins something as of a while ago. They must not have been asked about later times in between.
    pub(crate) fn a_while_ago<T>(&self, ago: Duration, ask: impl FnOnce() -> T) -> T {
        self.0.rewound.store(ago.as_nanos() as u64, Ordering::Relaxed);
        let answer = ask();
        self.0.rewound.store(0, Ordering::Relaxed);
        answer
    }
}

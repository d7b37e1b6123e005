//! A clock moved by hand.
//!
//! It stands on tokio's paused time, so that the timers of all crates obey it. Use it in a test that starts paused:
//!
//! ```
//! use std::time::Duration;
//! use tokenex_core::time::TimeSource as _;
//! use tokenex_testkit::clock::TestClock;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! // #[tokio::test(start_paused = true)]
//! let time = TestClock::new();
//! let clock = time.clock(); // what the program under test gets
//! let before = clock.wall();
//!
//! time.advance(Duration::from_secs(3600)).await; // every timer in between fires, in order
//! assert_eq!(clock.monotonic(), Duration::from_secs(3600));
//!
//! time.step_wall_back(Duration::from_secs(3600)); // somebody sets the clock
//! assert_eq!(clock.wall(), before);
//!
//! time.suspend(Duration::from_secs(60)); // the lid is closed for a minute
//! assert_eq!(clock.wall(), before + Duration::from_secs(60));
//! assert_eq!(clock.monotonic(), Duration::from_secs(3600));
//! # });
//! ```

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokenex_core::BoxFuture;
use tokenex_core::time::{Clock, TimeSource};
use tokio::time::Instant;

use crate::canary::whole_run;

/// The wall time at which a [`TestClock`] starts: 1 January 2026, midnight UTC. Fixed, so that failures repeat.
const START: Duration = Duration::from_secs(1_767_225_600);

/// Time as a test wants it. Clones are the same clock.
#[derive(Clone)]
pub struct TestClock(Arc<Inner>);

struct Inner {
    started_at: Instant,
    /// What the wall clock would show without any passing of monotonic time.
    base: Mutex<SystemTime>,
}

impl TestClock {
    /// A clock that shows 1 January 2026. Make it on the paused runtime that it is used on.
    pub fn new() -> Self {
        Self::at(UNIX_EPOCH + START)
    }

    /// A clock that shows this time. Make it on the paused runtime that it is used on.
    pub fn at(wall: SystemTime) -> Self {
        whole_run::listen();
        Self(Arc::new(Inner { started_at: Instant::now(), base: Mutex::new(wall) }))
    }

    /// What the program under test gets.
    pub fn clock(&self) -> Clock {
        Clock::custom(self.clone())
    }

    /// Lets time pass, rounded up to whole milliseconds. All timers in between fire in their order, and what they wake
    /// runs; what becomes due at the very end may still have to run (see [`settle`](Self::settle)).
    ///
    /// # Panics
    /// When the time of the runtime is not paused: a test would really wait.
    pub async fn advance(&self, duration: Duration) {
        // A jump of nothing is the one question about pausing that tokio answers, and it answers by panicking.
        tokio::time::advance(Duration::ZERO).await;
        tokio::time::sleep(duration).await;
    }

    /// Lets everything run that can run now. Costs a millisecond: paused time moves only when all tasks wait.
    ///
    /// # Panics
    /// When the time of the runtime is not paused.
    pub async fn settle(&self) {
        self.advance(Duration::from_millis(1)).await;
    }

    /// Sets the wall clock forward; monotonic time does not notice.
    pub fn step_wall_forward(&self, by: Duration) {
        self.edit_base(|base| base + by);
    }

    /// Sets the wall clock back; monotonic time does not notice.
    pub fn step_wall_back(&self, by: Duration) {
        self.edit_base(|base| base - by);
    }

    /// The machine sleeps for so long: the wall clock goes on, monotonic time and all timers stand still. To a program
    /// it looks like a step forward, and that is the point.
    pub fn suspend(&self, duration: Duration) {
        self.step_wall_forward(duration);
    }

    fn edit_base(&self, change: impl FnOnce(SystemTime) -> SystemTime) {
        let mut base = self.0.base.lock().unwrap_or_else(PoisonError::into_inner);
        *base = change(*base);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl TimeSource for TestClock {
    fn monotonic(&self) -> Duration {
        self.0.started_at.elapsed()
    }

    fn wall(&self) -> SystemTime {
        *self.0.base.lock().unwrap_or_else(PoisonError::into_inner) + self.monotonic()
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        match self.0.started_at.checked_add(at) {
            Some(at) => Box::pin(tokio::time::sleep_until(at)),
            None => Box::pin(std::future::pending()),
        }
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestClock(+{:?})", self.monotonic())
    }
}

//! The one clock.
//!
//! Everything in tokenex that reads the time or waits does it through a [`Clock`], so that a test can move time by
//! hand. Absolute times end in `_at` or `_until`; durations are nouns.

#![expect(clippy::disallowed_methods, reason = "this is the clock that all others ask")]

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::BoxFuture;

/// Where a [`Clock`] gets its time from, for those who move it by hand.
///
/// The two readings are independent on purpose: the wall clock may step or be set back, the monotonic one may stand
/// still while the machine sleeps. The engine believes whichever says that more time has passed.
pub trait TimeSource: Send + Sync + 'static {
    /// Time since an arbitrary fixed moment. Must never decrease.
    fn monotonic(&self) -> Duration;

    /// The wall clock.
    fn wall(&self) -> SystemTime;

    /// Completes when [`monotonic`](Self::monotonic) has reached `at`. Must complete at once when it already has.
    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()>;
}

/// A clock: the machine's own, or one moved by hand. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Repr);

#[derive(Clone)]
enum Repr {
    System,
    Custom(Arc<dyn TimeSource>),
}

impl Clock {
    /// The machine's clocks; waiting uses the tokio runtime that it happens on.
    pub fn system() -> Self {
        // Fixing the epoch here keeps the first reading from being taken later than the first comparison.
        system_epoch();
        Self(Repr::System)
    }

    /// A clock driven by `source`.
    pub fn custom(source: impl TimeSource) -> Self {
        Self(Repr::Custom(Arc::new(source)))
    }

    /// The wall clock.
    #[inline]
    pub fn wall(&self) -> SystemTime {
        match &self.0 {
            Repr::System => SystemTime::now(),
            Repr::Custom(source) => source.wall(),
        }
    }

    /// Time since an arbitrary fixed moment; never decreases.
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Repr::System => system_epoch().elapsed(),
            Repr::Custom(source) => source.monotonic(),
        }
    }

    /// Waits for `duration` of monotonic time. With the system clock this must be called on a tokio runtime.
    ///
    /// Cancel safe: dropping the future has no effect.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.monotonic().saturating_add(duration)).await;
    }

    /// Waits until [`monotonic`](Self::monotonic) has reached `at`. With the system clock this must be called on a
    /// tokio runtime.
    ///
    /// Cancel safe: dropping the future has no effect.
    pub async fn sleep_until(&self, at: Duration) {
        match &self.0 {
            Repr::System => match system_epoch().checked_add(at) {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            },
            Repr::Custom(source) => source.sleep_until(at).await,
        }
    }

    /// The wall clock as nanoseconds since the Unix epoch: what the read path compares.
    #[inline]
    pub(crate) fn wall_nanos(&self) -> u64 {
        nanos(self.wall())
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Repr::System => "Clock(system)",
            Repr::Custom(_) => "Clock(custom)",
        })
    }
}

fn system_epoch() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    *EPOCH.get_or_init(Instant::now)
}

/// Nanoseconds since the Unix epoch; times before it count as zero, times after the year 2554 as that year.
#[inline]
pub(crate) fn nanos(time: SystemTime) -> u64 {
    // In 64 bits: `Duration::as_nanos` has 128, which the read path would pay for.
    time.duration_since(UNIX_EPOCH).map_or(0, |since| {
        since.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(since.subsec_nanos()))
    })
}

/// The wall time of so many nanoseconds since the Unix epoch.
pub(crate) fn from_nanos(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}

//! Engine time: one scalar made of two clocks.
//!
//! A credential is expired when either clock says so: the wall clock, which a step or a suspend moves, or the time since
//! receipt, which cannot be set back. Engine time runs with the monotonic clock and jumps ahead by whatever the wall
//! clock moves more; it never goes back. One jump therefore moves every due time at once, and a clock set back revives
//! nothing.

use std::time::Duration;

use crate::lineage::Life;

/// A moment of engine time.
pub(crate) type At = Duration;

/// A difference between the clocks is taken for a step or a suspend from here on; below, it is drift.
const STEP_MIN_NANOS: i128 = 250_000_000;

/// How often the driver compares the clocks when nothing else wakes it.
pub(crate) const COMPARE_EVERY: Duration = Duration::from_secs(10);

/// How the wall clock has moved against the monotonic one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Set forward, or the machine was suspended.
    Ahead,
    /// Set back, by so many nanoseconds.
    Back(u64),
}

#[derive(Debug)]
pub(crate) struct Timeline {
    /// Sum of all jumps.
    jumps: Duration,
    /// Wall minus monotonic, as last believed.
    offset: i128,
    monotonic: Duration,
    wall: u64,
}

impl Timeline {
    pub(crate) fn new(monotonic: Duration, wall: u64) -> Self {
        Self { jumps: Duration::ZERO, offset: offset(monotonic, wall), monotonic, wall }
    }

    /// Looks at both clocks. When the wall clock has stepped, or the machine was suspended, the wall times that readers
    /// compare with must be set anew.
    pub(crate) fn observe(&mut self, monotonic: Duration, wall: u64) -> Option<Step> {
        self.monotonic = self.monotonic.max(monotonic);
        self.wall = wall;
        let moved = offset(self.monotonic, wall) - self.offset;
        if moved.abs() < STEP_MIN_NANOS {
            return None;
        }
        self.offset += moved;
        let by = u64::try_from(moved.unsigned_abs()).unwrap_or(u64::MAX);
        if moved < 0 {
            return Some(Step::Back(by));
        }
        self.jumps = self.jumps.saturating_add(Duration::from_nanos(by));
        Some(Step::Ahead)
    }

    /// Engine time at the last look.
    pub(crate) fn now(&self) -> At {
        self.monotonic.saturating_add(self.jumps)
    }

    /// The wall clock at the last look, in nanoseconds since the Unix epoch.
    pub(crate) fn wall(&self) -> u64 {
        self.wall
    }

    /// The monotonic clock at the last look.
    pub(crate) fn monotonic(&self) -> Duration {
        self.monotonic
    }

    /// When the monotonic clock will show this engine time, if nothing jumps until then.
    pub(crate) fn monotonic_of(&self, at: At) -> Duration {
        at.saturating_sub(self.jumps)
    }

    /// What the wall clock will show at this engine time, if nothing jumps until then.
    pub(crate) fn wall_of(&self, at: At) -> u64 {
        let now = self.now();
        let wall = if at >= now {
            self.wall.saturating_add(nanos(at - now))
        } else {
            self.wall.saturating_sub(nanos(now - at))
        };
        wall.min(LAST)
    }

    /// The engine time at which the wall clock will show `wall`.
    pub(crate) fn at_of_wall(&self, wall: u64) -> At {
        if wall >= self.wall {
            self.now().saturating_add(Duration::from_nanos(wall - self.wall))
        } else {
            self.now().saturating_sub(Duration::from_nanos(self.wall - wall))
        }
    }
}

/// The last time that is told, in the year 2554. A number beyond it means that there is no end, and an end in the year 9999 is
/// one.
const LAST: u64 = Life::NEVER - 2;

fn offset(monotonic: Duration, wall: u64) -> i128 {
    i128::from(wall) - i128::try_from(monotonic.as_nanos()).unwrap_or(i128::MAX)
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_000_000_000_000;
    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_end_beyond_what_can_be_told_stays_an_end() {
        let time = Timeline::new(s(1), START);
        assert!(time.wall_of(Duration::MAX) < Life::NEVER);
        assert!(time.wall_of(Duration::from_nanos(u64::MAX)) < Life::NEVER);
    }

    #[test]
    fn a_suspend_counts_as_time_that_passed() {
        let mut time = Timeline::new(s(5), START);
        assert_eq!(time.observe(s(6), START + nanos(s(3601))), Some(Step::Ahead));
        assert_eq!(time.now(), s(3606));
        assert_eq!(time.wall_of(time.now() + s(1)), START + nanos(s(3602)));
    }

    #[test]
    fn a_clock_set_back_takes_no_time_back() {
        let mut time = Timeline::new(s(5), START);
        assert_eq!(time.observe(s(15), START - nanos(s(300))), Some(Step::Back(nanos(s(310)))));
        assert_eq!(time.now(), s(15));
        assert_eq!(time.observe(s(16), START - nanos(s(299))), None);
        assert_eq!(time.now(), s(16));
    }

    #[test]
    fn small_drift_is_no_step() {
        let mut time = Timeline::new(s(5), START);
        assert_eq!(time.observe(s(6), START + nanos(s(1)) + 5_000_000), None);
        assert_eq!(time.now(), s(6));
    }
}

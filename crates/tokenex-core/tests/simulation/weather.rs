//! What goes wrong around the credentials, decided before the month begins.

use std::time::Duration;

/// A time on the targets' own clock, since the month began: it runs on while the machine sleeps.
pub type At = Duration;

/// How a target fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Unavailable,
    RetryAfter(Duration),
    /// Trust is gone, until people mend it.
    Refused,
    Hangs,
    Panics,
    /// It hands out credentials of no lifetime at all.
    BornDead,
    /// It hands out credentials that ended a while ago.
    LongDead,
}

#[derive(Debug, Clone, Copy)]
pub struct Outage {
    pub from: At,
    pub until: At,
    pub how: How,
}

/// What happens to the local clocks.
#[derive(Debug, Clone, Copy)]
pub enum ClockEvent {
    /// The wall clock is set, so that it is off by so many seconds from then on.
    SetOff(i64),
    Suspend(Duration),
}

/// The outages of one target over the month, in order.
pub fn outages(random: &mut fastrand::Rng, length: Duration) -> Vec<Outage> {
    let mut all = Vec::new();
    let mut at = Duration::from_secs(3600);
    loop {
        at += Duration::from_secs_f64(3600.0 * (6.0 + 72.0 * random.f64()));
        if at >= length {
            return all;
        }
        let seconds = match random.u8(..20) {
            0..=5 => random.u64(1..120),
            6..=12 => random.u64(120..1200),
            13..=17 => random.u64(1200..2400),
            _ => random.u64(3600..14_400),
        };
        let how = match random.u8(..10) {
            0..=2 => How::Unavailable,
            3 => How::RetryAfter(Duration::from_secs(random.u64(1..900))),
            4..=5 => How::Refused,
            6..=7 => How::Hangs,
            8 => How::Panics,
            _ if random.bool() => How::BornDead,
            _ => How::LongDead,
        };
        let until = at + Duration::from_secs(seconds);
        all.push(Outage { from: at, until, how });
        at = until;
    }
}

/// A clock event every few hours.
pub fn next_clock_event(random: &mut fastrand::Rng) -> (Duration, ClockEvent) {
    let wait = Duration::from_secs(random.u64(300..20_000));
    let event = match random.u8(..4) {
        0 => ClockEvent::Suspend(Duration::from_secs(random.u64(5..7200))),
        _ => ClockEvent::SetOff(random.i64(-60..=60)),
    };
    (wait, event)
}

//! What goes wrong, where and when: all of it drawn from the seed before the first day.

use std::time::Duration;

use tokenex_testkit::transport::Fault as Cable;
use tokenex_testkit::twins::{Fault, RetryAfter};

use crate::truth::At;

/// Where something can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    Vault,
    Entra,
    Sts,
    GoogleSts,
    GoogleIam,
    Oracle,
    /// What the third party's provider goes to.
    ThirdParty,
    /// The file that somebody writes the identity token to.
    File,
}

impl Place {
    pub(crate) const ALL: [Self; 8] = [
        Self::Vault,
        Self::Entra,
        Self::Sts,
        Self::GoogleSts,
        Self::GoogleIam,
        Self::Oracle,
        Self::ThirdParty,
        Self::File,
    ];
}

/// How it goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Trouble {
    /// The way there is broken.
    Cable(Cable),
    /// The request arrives, or not, and nothing ever comes back: not even the transport gives up.
    Silence,
    /// The target says so in its own words, or answers by halves or late.
    Target(Fault),
    /// A whole answer of JSON that makes no sense.
    Nonsense,
    /// The transport panics, and so does whoever asks it.
    Panic,
    /// The target trusts the workload no more, until somebody mends it.
    NoTrust,
    /// The target cannot read the issuer's keys.
    IssuerDown,
    /// There is no file.
    Missing,
    /// Half of a token.
    Half,
    /// Nobody writes the file anew: the token in it ends.
    Stale,
    /// The issuer throws its key away, and the file holds a token of the old one.
    KeyDropped,
}

/// Something wrong, from when until when.
#[derive(Debug, Clone)]
pub(crate) struct Spell {
    pub(crate) place: Place,
    pub(crate) from: At,
    pub(crate) until: At,
    pub(crate) trouble: Trouble,
}

/// What happens to the machine, or at the issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// The wall clock is set, so that it is off by so many seconds from then on.
    SetOff(i64),
    Suspend(Duration),
    /// The whole process stands still while time goes on.
    Stall(Duration),
    /// The issuer signs with a new key, and publishes the old one still.
    RotateKey,
}

const HOUR: f64 = 3600.0;

/// All spells, by their beginning.
pub(crate) fn spells(random: &mut fastrand::Rng, length: Duration) -> Vec<Spell> {
    let mut all: Vec<_> = Place::ALL.into_iter().flat_map(|place| spells_at(place, random, length)).collect();
    all.sort_by_key(|spell| spell.from);
    all
}

fn spells_at(place: Place, random: &mut fastrand::Rng, length: Duration) -> Vec<Spell> {
    let (mut all, mut at) = (Vec::new(), Duration::from_secs(3600));
    loop {
        at += Duration::from_secs_f64(HOUR * (4.0 + 40.0 * random.f64()));
        if at >= length {
            return all;
        }
        let seconds = match random.u8(..20) {
            0..=5 => random.u64(1..120),
            6..=12 => random.u64(120..1200),
            13..=17 => random.u64(1200..2400),
            _ => random.u64(3600..14_400),
        };
        let until = at + Duration::from_secs(seconds);
        let trouble = if place == Place::File { with_the_file(random) } else { with_a_target(random) };
        all.push(Spell { place, from: at, until, trouble });
        at = until;
    }
}

fn with_the_file(random: &mut fastrand::Rng) -> Trouble {
    match random.u8(..4) {
        0 => Trouble::Missing,
        1 => Trouble::Half,
        2 => Trouble::Stale,
        _ => Trouble::KeyDropped,
    }
}

fn with_a_target(random: &mut fastrand::Rng) -> Trouble {
    let retry_after = |random: &mut fastrand::Rng| match random.u8(..2) {
        0 => RetryAfter::Absent,
        _ => RetryAfter::Seconds(random.u64(1..900)),
    };
    match random.u8(..16) {
        0 => Trouble::Cable(Cable::Unreachable),
        1 => Trouble::Cable(Cable::Hang),
        2 => Trouble::Cable(Cable::Cut),
        3 => Trouble::Cable(Cable::Untrusted),
        4 => Trouble::Silence,
        5 => Trouble::Target(Fault::Throttled(retry_after(random))),
        6 => Trouble::Target(Fault::OutOfOrder(503, retry_after(random))),
        7 => Trouble::Target(Fault::Html([200, 403, 502][random.usize(..3)])),
        8 => Trouble::Target(Fault::Empty([200, 500][random.usize(..2)])),
        9 => Trouble::Target(Fault::HalfBody),
        10 => Trouble::Target(Fault::Slow(Duration::from_secs(random.u64(2..28)))),
        11 => Trouble::Nonsense,
        12 => Trouble::Panic,
        13 | 14 => Trouble::NoTrust,
        _ => Trouble::IssuerDown,
    }
}

/// What happens next to the machine or at the issuer, and how long after the last blow.
pub(crate) fn next_blow(random: &mut fastrand::Rng) -> (Duration, Blow) {
    let wait = Duration::from_secs(random.u64(600..24_000));
    let blow = match random.u8(..8) {
        0 => Blow::Suspend(Duration::from_secs(random.u64(5..7200))),
        1 => Blow::Stall(Duration::from_secs(random.u64(1..180))),
        2 | 3 => Blow::RotateKey,
        _ => Blow::SetOff(random.i64(-60..=60)),
    };
    (wait, blow)
}

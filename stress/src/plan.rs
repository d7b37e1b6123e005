//! What happens in one round, drawn from its seed.

use std::time::Duration;

use fastrand::Rng;

/// A fault that is put in on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Plant {
    /// The target forgets what was revoked.
    Forgotten,
    /// What was revoked is revoked once more.
    Twice,
    /// A credential is over at the target while the program reads it.
    Over,
    /// More attempts at once than are allowed.
    Crowd,
    /// A caller that waits for ever.
    Hang,
}

/// One round.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) seed: u64,
    pub(crate) max_in_flight: usize,
    pub(crate) max_per_target: usize,
    pub(crate) grace: Duration,
    pub(crate) credentials: Vec<Planned>,
    pub(crate) callers: Vec<Caller>,
    /// For how long a caller goes on.
    pub(crate) span: Duration,
    /// Credentials outlive the round: what is over was ended by somebody.
    pub(crate) long_lives: bool,
    /// The program lets go of the scheduler before anything else.
    pub(crate) drops_scheduler: bool,
    /// After that, and while callers are at work, the program lets go of its own handles.
    pub(crate) drops_handles_after: Option<Duration>,
    /// While callers are at work, everything is shut down.
    pub(crate) shuts_down_after: Option<Duration>,
    /// The engine has a runtime of its own, which goes while callers are at work.
    pub(crate) runtime_goes_after: Option<Duration>,
    pub(crate) plant: Option<Plant>,
    /// How long it waits for anything that must come: a machine under load is not a fault.
    pub(crate) patience: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) seed: u64,
    /// The place of the credential that it is made from.
    pub(crate) parent: Option<usize>,
    pub(crate) life: Duration,
    pub(crate) target: &'static str,
    /// Some time passes before the next is kept.
    pub(crate) pause: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) which: usize,
    pub(crate) does: Does,
    /// Some time of its own: until it begins, or until it gives up.
    pub(crate) moment: Duration,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Does {
    Reads,
    WaitsForTheFirst,
    ReportsWhatItReads,
    Listens,
    Closes,
    ComesAndGoes,
    GivesUp,
}

const ALL: [Does; 7] = [
    Does::Reads,
    Does::WaitsForTheFirst,
    Does::ReportsWhatItReads,
    Does::Listens,
    Does::Closes,
    Does::ComesAndGoes,
    Does::GivesUp,
];

impl Plan {
    /// The plan of this seed.
    pub fn of(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let count = rng.usize(1..7);
        let long_lives = rng.bool();
        let credentials = (0..count).map(|place| Planned::draw(rng, place, long_lives)).collect();
        let callers = (0..rng.usize(1..8)).map(|_| Caller::draw(rng, count)).collect();
        Self {
            seed,
            max_in_flight: rng.usize(1..6),
            max_per_target: rng.usize(1..4),
            grace: milliseconds(rng, 0..20),
            credentials,
            callers,
            span: milliseconds(rng, 1..60),
            long_lives,
            drops_scheduler: rng.bool(),
            drops_handles_after: rng.bool().then(|| microseconds(rng, 5_000)),
            shuts_down_after: (rng.u8(..3) == 0).then(|| microseconds(rng, 10_000)),
            runtime_goes_after: (rng.u8(..12) == 0).then(|| microseconds(rng, 20_000)),
            plant: None,
            patience: Duration::from_secs(60),
        }
    }

    /// The same with a fault in it, which is looked for only for so long.
    pub fn with(mut self, plant: Plant, patience: Duration) -> Self {
        self.plant = Some(plant);
        self.patience = patience;
        self
    }

    /// Others are made from it.
    pub(crate) fn is_parent(&self, place: usize) -> bool {
        self.credentials.iter().any(|planned| planned.parent == Some(place))
    }

    /// An attempt that a running one waits for needs no place, so that each parent may come on top.
    pub(crate) fn most_in_flight(&self) -> usize {
        let parents = (0..self.credentials.len()).filter(|place| self.is_parent(*place)).count();
        let most = self.max_in_flight + parents;
        if self.plant == Some(Plant::Crowd) { 0 } else { most }
    }
}

impl Planned {
    fn draw(rng: &mut Rng, place: usize, long: bool) -> Self {
        Self {
            seed: rng.u64(..),
            parent: (place > 0 && rng.bool()).then(|| rng.usize(..place)),
            life: if long { Duration::from_secs(600) } else { milliseconds(rng, 30..400) },
            target: if rng.bool() { "one" } else { "another" },
            pause: rng.u8(..8) == 0,
        }
    }
}

impl Caller {
    fn draw(rng: &mut Rng, count: usize) -> Self {
        let (which, does) = (rng.usize(..count), ALL[rng.usize(..ALL.len())]);
        Self { which, does, moment: microseconds(rng, 20_000) }
    }
}

fn milliseconds(rng: &mut Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(rng.u64(range))
}

fn microseconds(rng: &mut Rng, below: u64) -> Duration {
    Duration::from_micros(rng.u64(..below))
}

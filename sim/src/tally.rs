//! What a run has seen, in numbers.

/// What happened in a run, or in several.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Attempts to issue or renew.
    pub attempts: u64,
    /// Of these, the ones that brought something.
    pub successes: u64,
    /// Spells of bad weather.
    pub outages: u64,
    /// New credentials in the place of ones that still worked.
    pub hand_overs: u64,
    /// Credentials that were extended.
    pub renewals: u64,
    /// Reads of a credential.
    pub reads: u64,
    /// Callers that waited, or reported something.
    pub calls: u64,
    /// Callers that were dropped at an await point.
    pub cancelled: u64,
    /// Gaps that the weather explains.
    pub gaps_explained: u64,
    /// Steps of the wall clock.
    pub clock_steps: u64,
    /// How often the machine slept.
    pub suspends: u64,
    /// How often the process stood still.
    pub stalls: u64,
    /// New keys at the issuer.
    pub rotations: u64,
    /// Attempts that panicked.
    pub panics: u64,
    /// Handles that were closed on the way.
    pub closed: u64,
    /// Events that slow listeners were told.
    pub slow_events: u64,
    /// Requests on the wire.
    pub requests: u64,
}

impl Tally {
    /// Each number with its name.
    pub fn counts(&self) -> [(&'static str, u64); 17] {
        [
            ("attempts", self.attempts),
            ("successful ones", self.successes),
            ("outages", self.outages),
            ("hand-overs", self.hand_overs),
            ("renewals", self.renewals),
            ("reads", self.reads),
            ("calls", self.calls),
            ("cancelled calls", self.cancelled),
            ("gaps that an outage explains", self.gaps_explained),
            ("clock steps", self.clock_steps),
            ("suspends", self.suspends),
            ("stalls", self.stalls),
            ("key rotations", self.rotations),
            ("panics", self.panics),
            ("closed handles", self.closed),
            ("events of slow listeners", self.slow_events),
            ("requests", self.requests),
        ]
    }

    /// Adds another run.
    pub fn add(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.successes += other.successes;
        self.outages += other.outages;
        self.hand_overs += other.hand_overs;
        self.renewals += other.renewals;
        self.reads += other.reads;
        self.calls += other.calls;
        self.cancelled += other.cancelled;
        self.gaps_explained += other.gaps_explained;
        self.clock_steps += other.clock_steps;
        self.suspends += other.suspends;
        self.stalls += other.stalls;
        self.rotations += other.rotations;
        self.panics += other.panics;
        self.closed += other.closed;
        self.slow_events += other.slow_events;
        self.requests += other.requests;
    }
}

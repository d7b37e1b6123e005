//! Everything around one provider, on moved time and without sockets.
//!
//! A clock moved by hand, a network in memory, an issuer whose tokens are current, marked secrets, and a scheduler on top
//! of them. The [conformance suite](crate::conformance) makes one for each of its trials; your own tests can use it too:
//!
//! ```
//! use std::time::Duration;
//! use bytes::Bytes;
//! use tokenex_core::Passthrough;
//! use tokenex_testkit::world::World;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! // #[tokio::test(start_paused = true)]
//! let world = World::new();
//! world.network().route("api.test", async |_request| http::Response::new(Bytes::from("pong")));
//!
//! let token = world.scheduler().keep(Passthrough::new(world.identity()).audience("api"));
//! let first = token.get().await.unwrap().generation();
//! world.advance(Duration::from_secs(540)).await; // the issuer's tokens live for ten minutes
//! assert!(token.get().await.unwrap().generation() > first);
//! # });
//! ```

mod inputs;
mod trouble;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokenex_core::time::TimeSource as _;
use tokenex_core::{AnyTransport, Attempt, Clock, Scheduler};

pub(crate) use inputs::{Handed, IDENTITY, Inputs, address};
pub use inputs::{Identity, MarkedSecret};
pub(crate) use trouble::{Scope, Trouble};
pub(crate) use wire::{Sent, Wire};

use crate::canary::{Canary, whole_run};
use crate::clock::TestClock;
use crate::issuer::{Algorithm, IssuerKeys, PooledKeys};
use crate::transport::InMemory;
use crate::twins::Twin;

/// Everything around one provider. Clones are the same world.
#[derive(Clone)]
pub struct World {
    time: TestClock,
    network: InMemory,
    wire: Wire,
    issuer: IssuerKeys,
    canary: Canary,
    inputs: Inputs,
    scheduler: Scheduler,
    target_ahead: Arc<AtomicI64>,
    attempts: Arc<AtomicU64>,
}

impl World {
    /// The name of the world's issuer: the `iss` of its tokens.
    pub const ISSUER: &str = "https://issuer.test";

    /// Whom the issuer's tokens are about: their `sub`.
    pub const SUBJECT: &str = "workload";

    /// A world without hosts. Make it on the paused runtime that it is used on.
    pub fn new() -> Self {
        let (time, network, canary) = (TestClock::new(), InMemory::new(), Canary::new());
        let target_ahead = Arc::<AtomicI64>::default();
        let issuer = IssuerKeys::with(Self::ISSUER, PooledKeys, {
            let time = time.clone();
            move || time.wall()
        });
        // Made now, so that no provider under test is blamed for the time that it takes.
        issuer.key(Algorithm::Es256);
        let wire = Wire::new(network.clone(), target_clock(&time, &target_ahead));
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(wire.line(0))
            .seed(7)
            .start();
        let inputs = Inputs::new(canary.clone());
        let attempts = Arc::default();
        Self { time, network, wire, issuer, canary, inputs, scheduler, target_ahead, attempts }
    }

    /// Time, to be moved. [`advance`](Self::advance) is what tests need most.
    pub fn time(&self) -> &TestClock {
        &self.time
    }

    /// What the program under test reads the time from.
    pub fn clock(&self) -> Clock {
        self.time.clock()
    }

    /// What a target reads the time from: a twin's clock. It may be told to go [ahead](Self::set_target_ahead).
    pub fn target_clock(&self) -> impl Fn() -> SystemTime + Clone + Send + Sync + use<> {
        target_clock(&self.time, &self.target_ahead)
    }

    /// From now on the clock of all targets is ahead of everybody else's by so many seconds, or behind if negative.
    pub fn set_target_ahead(&self, seconds: i64) {
        self.target_ahead.store(seconds, Ordering::Relaxed);
    }

    /// Lets time pass; all timers in between fire in their order, and what they wake has run.
    pub async fn advance(&self, duration: Duration) {
        self.time.advance(duration).await;
        self.time.settle().await;
        if whole_run::is_on() {
            // Where the errors of all providers in this world can be seen, as people see them.
            let status = self.scheduler.status().await;
            whole_run::heard("status of a world", || format!("{status:?}\n{status:#?}"));
            let errors = status.iter().filter_map(|status| status.failing.as_ref());
            errors.for_each(|failing| {
                whole_run::heard("errors of a world", || format!("{}\n{}", failing.first, failing.last))
            });
        }
    }

    /// The network: hosts, latency, faults.
    pub fn network(&self) -> &InMemory {
        &self.network
    }

    /// Puts a twin on the network: `keys.test`, or with the port as in the URL, `keys.test:8200`.
    pub fn route(&self, host: &str, twin: &impl Twin) {
        twin.route(&self.network, host);
    }

    /// The way to the network, for the program under test. Answers that have no `Date` get one by the
    /// [target's clock](Self::target_clock), as web servers do.
    pub fn transport(&self) -> AnyTransport {
        AnyTransport::new(self.wire.shared_line())
    }

    /// The issuer of the workload's tokens, for twins that verify them.
    pub fn issuer(&self) -> &IssuerKeys {
        &self.issuer
    }

    /// The workload's token source: a new token each time, for whatever audience is asked for, with a lifetime of ten
    /// minutes. The [canary](Self::canary) watches for each of them.
    pub fn identity(&self) -> Identity {
        self.inputs.identity(self.issuer.token().subject(Self::SUBJECT))
    }

    /// Another input that is secret, as a source: a client secret, an API key. The canary watches for it.
    pub fn secret_source(&self, label: &str) -> MarkedSecret {
        self.inputs.marked(label, &self.canary.secret(label))
    }

    /// As [`secret_source`](Self::secret_source), for a secret that was made elsewhere, say by a twin.
    pub fn marked(&self, label: &str, secret: &str) -> MarkedSecret {
        self.canary.watch(label, secret);
        self.inputs.marked(label, secret)
    }

    /// A secret that exists nowhere else: for what a twin hands out. The canary watches for it.
    pub fn secret(&self, label: &str) -> String {
        self.canary.secret(label)
    }

    /// Knows the secrets of this world.
    pub fn canary(&self) -> &Canary {
        &self.canary
    }

    /// A scheduler on this clock and this network, for credentials that are the input of the provider under test.
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// One attempt outside of the scheduler, to call a provider or a source by hand.
    pub fn attempt(&self, limit: Duration) -> Attempt {
        let tag = 1 + self.attempts.fetch_add(1, Ordering::Relaxed);
        Attempt::detached(self.clock(), AnyTransport::new(self.wire.line(tag)), limit)
    }

    /// The tag that the requests of the last [`attempt`](Self::attempt) bear on the wire.
    pub(crate) fn last_tag(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(crate) fn inputs(&self) -> &Inputs {
        &self.inputs
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "World({:?})", self.time)
    }
}

fn target_clock(time: &TestClock, ahead: &Arc<AtomicI64>) -> impl Fn() -> SystemTime + Clone + Send + Sync + use<> {
    let (time, ahead) = (time.clone(), ahead.clone());
    move || {
        let seconds = ahead.load(Ordering::Relaxed);
        let by = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { time.wall() - by } else { time.wall() + by }
    }
}

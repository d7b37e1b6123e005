//! Starting the engine and handing it providers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::oneshot;

use super::cell::Cell;
use super::driver::{Driver, Setup};
use super::handle::Handle;
use super::kept::Kept;
use super::mailbox::{Mailbox, Message};
use super::metrics;
use super::report::ShutdownReport;
use super::status::Status;
use crate::{AnyTransport, Clock, Policy, Provider, Transport};

/// Keeps any number of credentials fresh, on one task of a tokio runtime plus the attempts in flight.
///
/// Cheap to clone. Dropping it ends nothing: handles keep their credentials fresh. Call [`shutdown`](Self::shutdown)
/// when the program ends, so that what can be revoked is.
pub struct Scheduler {
    mailbox: Arc<Mailbox>,
    clock: Clock,
    policy: Arc<Policy>,
}

/// Sets up a [`Scheduler`].
#[derive(Debug)]
#[must_use]
pub struct SchedulerBuilder {
    runtime: runtime::Handle,
    clock: Clock,
    policy: Policy,
    transport: Option<AnyTransport>,
    seed: Option<u64>,
    max_in_flight: usize,
    max_per_target: usize,
}

/// A provider and how to keep it.
#[must_use]
pub struct Keep<P> {
    provider: P,
    name: Option<String>,
    policy: Option<PolicyChange>,
}

type PolicyChange = Box<dyn FnOnce(Policy) -> Policy + Send>;

impl<P: Provider> Keep<P> {
    /// Keeps it under the name `provider-number`, with the policy that it makes of the scheduler's.
    pub fn new(provider: P) -> Self {
        Self { provider, name: None, policy: None }
    }

    /// A name for logs, metrics and reports. It must hold no secret.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Changes the numbers for this credential alone. `change` starts from what the provider made of the scheduler's, so
    /// that what the target needs is not lost by the way.
    pub fn policy(mut self, change: impl FnOnce(Policy) -> Policy + Send + 'static) -> Self {
        self.policy = Some(Box::new(change));
        self
    }
}

impl<P> fmt::Debug for Keep<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keep").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<P: Provider> From<P> for Keep<P> {
    fn from(provider: P) -> Self {
        Self::new(provider)
    }
}

impl SchedulerBuilder {
    /// Another clock than the machine's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Other numbers than the defaults.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The way to the network. Without it: the one of feature `http` with its defaults; without that feature, every
    /// request is an error that says so.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(AnyTransport::new(transport));
        self
    }

    /// Makes all random choices repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// At most so many attempts at once, over all targets. Default 256.
    pub fn max_in_flight(mut self, max: usize) -> Self {
        self.max_in_flight = max;
        self
    }

    /// At most so many attempts at once at one target. Default 32.
    pub fn max_per_target(mut self, max: usize) -> Self {
        self.max_per_target = max;
        self
    }

    /// Starts the scheduler.
    pub fn start(self) -> Scheduler {
        metrics::describe();
        let mailbox = Arc::new(Mailbox::new());
        let policy = Arc::new(self.policy.sane());
        let driver = Driver::new(Setup {
            mailbox: mailbox.clone(),
            clock: self.clock.clone(),
            transport: self.transport.unwrap_or_else(AnyTransport::of_this_build),
            runtime: self.runtime.clone(),
            random: self.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
            max_in_flight: self.max_in_flight,
            max_per_target: self.max_per_target,
        });
        self.runtime.spawn(driver.run());
        Scheduler { mailbox, clock: self.clock, policy }
    }
}

impl Scheduler {
    /// A scheduler that works on `runtime`, which must have time and I/O enabled. It can be built outside of it, and
    /// handles can be read from anywhere. When the runtime goes, handles say
    /// [`ErrorKind::Shutdown`](crate::ErrorKind::Shutdown).
    pub fn builder(runtime: runtime::Handle) -> SchedulerBuilder {
        SchedulerBuilder {
            runtime,
            clock: Clock::system(),
            policy: Policy::default(),
            transport: None,
            seed: None,
            max_in_flight: 256,
            max_per_target: 32,
        }
    }

    /// Keeps the credential of a provider fresh from now on. Returns at once; the first attempt starts in the
    /// background.
    pub fn keep<P: Provider>(&self, what: impl Into<Keep<P>>) -> Handle<P::Credential> {
        let Keep { provider, name, policy } = what.into();
        let mut wanted = provider.policy(&self.policy);
        if let Some(change) = policy {
            wanted = change(wanted);
        }
        // Most change nothing, and then all share one.
        let policy = if wanted == *self.policy { self.policy.clone() } else { Arc::new(wanted.sane()) };
        let cell = Arc::new(Cell::new(provider, name, self.clock.clone(), self.mailbox.clone()));
        if !self.mailbox.post(Message::Add { id: cell.id, kept: cell.clone(), policy }) {
            cell.shut_down();
        }
        Handle::new(cell)
    }

    /// How all credentials stand, by name.
    pub async fn status(&self) -> Vec<Status> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.post(Message::Status { reply });
        answer.await.unwrap_or_default()
    }

    /// Closes all handles, children before parents, and revokes what can be revoked. Returns after `within` at the
    /// latest and says what lives on, and until when. The scheduler has ended then.
    ///
    /// Cancel safe: shutting down goes on.
    pub async fn shutdown(&self, within: Duration) -> ShutdownReport {
        let (reply, answer) = oneshot::channel();
        self.mailbox.post(Message::Shutdown { within, reply });
        answer.await.unwrap_or(ShutdownReport { interrupted: true, ..ShutdownReport::default() })
    }
}

impl Clone for Scheduler {
    fn clone(&self) -> Self {
        self.mailbox.schedulers.fetch_add(1, Ordering::Relaxed);
        Self { mailbox: self.mailbox.clone(), clock: self.clock.clone(), policy: self.policy.clone() }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        if self.mailbox.schedulers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.mailbox.post(Message::Abandoned);
        }
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scheduler")
    }
}

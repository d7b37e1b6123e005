//! A provider that does as it is told, and a scheduler on a clock moved by hand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokenex_core::{
    Attempt, Bond, Credential, Error, ErrorKind, Grant, Handle, Issued, Outcome, Policy, Provider, Renewal, Result,
    Revocation, Scheduler, SchedulerBuilder, Target,
};
use tokenex_testkit::clock::TestClock;

pub fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A scheduler on a clock moved by hand, with choices that repeat.
pub struct World {
    pub time: TestClock,
    pub scheduler: Scheduler,
}

impl World {
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub fn with(change: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder) -> Self {
        let time = TestClock::new();
        let builder = Scheduler::builder(tokio::runtime::Handle::current()).clock(time.clock()).seed(7);
        Self { scheduler: change(builder).start(), time }
    }

    /// Runs until `done`, at most for `within` of virtual time.
    pub async fn until(&self, within: Duration, mut done: impl FnMut() -> bool) {
        let end = self.now() + within;
        while !done() {
            assert!(self.now() < end, "it did not happen within {within:?}");
            self.time.advance(ms(10)).await;
        }
    }

    pub fn now(&self) -> Duration {
        self.time.clock().monotonic()
    }
}

/// A credential that is a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Token(pub u64);

impl Credential for Token {
    fn same_as(&self, other: &Self) -> bool {
        self == other
    }
}

/// What the fake does when it is asked.
pub enum Answer {
    Grant(Grant<Token>),
    Withdrawn,
    Fail(Error),
    Hang,
    Panic,
}

impl Answer {
    /// A token of so many seconds.
    pub fn token(id: u64, seconds: u64) -> Self {
        Self::Grant(Grant::new(Token(id)).lifetime(s(seconds)))
    }

    pub fn down() -> Self {
        Self::Fail(Error::new(ErrorKind::Unavailable, "the target is down"))
    }

    pub fn refused() -> Self {
        Self::Fail(Error::new(ErrorKind::Trust, "the target does not trust this identity"))
    }
}

type Issue = Box<dyn FnMut(u64) -> Answer + Send>;
type Renew = Box<dyn FnMut(u64) -> Result<Option<(Duration, bool)>> + Send>;

/// A provider that does as it is told. Clones are the same one.
#[derive(Clone)]
pub struct Fake(Arc<Mutex<Inner>>);

struct Inner {
    issue: Issue,
    renew: Renew,
    latency: Duration,
    revocation: Duration,
    target: Target,
    parent: Option<Handle<Token>>,
    bonded: bool,
    log: Log,
}

/// What the fake was asked for: when, by the monotonic clock, and for what.
#[derive(Debug, Default, Clone)]
pub struct Log {
    pub issues: Vec<Duration>,
    pub renews: Vec<Duration>,
    pub revoked: Vec<(Duration, u64)>,
    pub limits: Vec<Duration>,
    pub in_flight: usize,
    pub most_in_flight: usize,
}

impl Fake {
    /// `issue` is told which call this is, from 1.
    pub fn new(issue: impl FnMut(u64) -> Answer + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            issue: Box::new(issue),
            renew: Box::new(|_| Ok(None)),
            latency: Duration::ZERO,
            revocation: Duration::ZERO,
            target: Target::new("fake"),
            parent: None,
            bonded: false,
            log: Log::default(),
        })))
    }

    /// New tokens of so many seconds.
    pub fn fresh(seconds: u64) -> Self {
        Self::new(move |n| Answer::token(n, seconds))
    }

    pub fn latency(self, latency: Duration) -> Self {
        self.edit(|inner| inner.latency = latency);
        self
    }

    /// How long the target takes to accept a revocation.
    pub fn slow_to_revoke(self, revocation: Duration) -> Self {
        self.edit(|inner| inner.revocation = revocation);
        self
    }

    pub fn target(self, name: &str) -> Self {
        self.edit(|inner| inner.target = Target::new(name));
        self
    }

    pub fn renew(self, renew: impl FnMut(u64) -> Result<Option<(Duration, bool)>> + Send + 'static) -> Self {
        self.edit(|inner| inner.renew = Box::new(renew));
        self
    }

    /// Each credential is made from one of `parent`, and dies with it.
    pub fn child_of(self, parent: &Handle<Token>) -> Self {
        self.edit(|inner| {
            inner.parent = Some(parent.clone());
            inner.bonded = true;
        });
        self
    }

    /// Each credential is made from one of `parent`, but outlives it.
    pub fn made_from(self, parent: &Handle<Token>) -> Self {
        self.edit(|inner| inner.parent = Some(parent.clone()));
        self
    }

    pub fn log(&self) -> Log {
        self.edit(|inner| inner.log.clone())
    }

    pub fn issues(&self) -> usize {
        self.edit(|inner| inner.log.issues.len())
    }

    pub fn edit_parent(&self, parent: Option<Handle<Token>>) {
        self.edit(|inner| inner.parent = parent);
    }

    fn edit<T>(&self, edit: impl FnOnce(&mut Inner) -> T) -> T {
        edit(&mut self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

/// Counts what runs, also when it is dropped in the middle.
struct InFlight(Fake);

impl InFlight {
    fn new(fake: &Fake) -> Self {
        fake.edit(|inner| {
            inner.log.in_flight += 1;
            inner.log.most_in_flight = inner.log.most_in_flight.max(inner.log.in_flight);
        });
        Self(fake.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.edit(|inner| inner.log.in_flight -= 1);
    }
}

impl Provider for Fake {
    type Credential = Token;

    fn name(&self) -> &'static str {
        "fake"
    }

    fn target(&self) -> Target {
        self.edit(|inner| inner.target.clone())
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Token>> {
        let (n, latency, parent, bonded) = self.edit(|inner| {
            inner.log.issues.push(cx.clock().monotonic());
            inner.log.limits.push(cx.remaining());
            (inner.log.issues.len() as u64, inner.latency, inner.parent.clone(), inner.bonded)
        });
        let _in_flight = InFlight::new(self);
        let mut bonds: Vec<Bond> = Vec::new();
        if let Some(parent) = parent {
            let input = tokenex_core::Source::fetch(&parent, cx).await?;
            if bonded {
                bonds = input.bonds().to_vec();
            }
        }
        if !latency.is_zero() {
            cx.clock().sleep(latency).await;
        }
        match self.edit(|inner| (inner.issue)(n)) {
            Answer::Grant(grant) => Ok(grant.bound_to(&bonds).into()),
            Answer::Withdrawn => Ok(Outcome::Withdrawn),
            Answer::Fail(error) => Err(error),
            Answer::Hang => std::future::pending().await,
            Answer::Panic => panic!("as told"),
        }
    }

    async fn renew(&self, _: &Issued<Token>, cx: &Attempt) -> Result<Renewal> {
        let counted_from = cx.moment();
        let n = self.edit(|inner| {
            inner.log.renews.push(cx.clock().monotonic());
            inner.log.renews.len() as u64
        });
        Ok(match self.edit(|inner| (inner.renew)(n))? {
            Some((lifetime, again)) => Renewal::Extended { lifetime, counted_from, again },
            None => Renewal::NotRenewable,
        })
    }

    async fn revoke(&self, held: &Issued<Token>, cx: &Attempt) -> Result<Revocation> {
        let now = cx.clock().monotonic();
        let latency = self.edit(|inner| {
            inner.log.revoked.push((now, held.0));
            inner.revocation
        });
        if !latency.is_zero() {
            cx.clock().sleep(latency).await;
        }
        Ok(Revocation::Accepted)
    }
}

/// A policy whose times are exact.
pub fn exact() -> Policy {
    Policy::default().with_jitter(0.0)
}

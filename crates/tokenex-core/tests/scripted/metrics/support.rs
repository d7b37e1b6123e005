//! A provider that does as it is told, and a scheduler on a clock moved by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use tokenex_core::{
    Attempt, Bond, Credential, Error, ErrorKind, Grant, Handle, Issued, Keep, Outcome, Policy, Provider, Renewal,
    Result, Revocation, Scheduler, Source as _, Target,
};
use tokenex_testkit::clock::TestClock;

pub fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub struct World {
    pub time: TestClock,
    pub scheduler: Scheduler,
}

impl World {
    pub fn new() -> Self {
        let time = TestClock::new();
        Self { scheduler: scheduler(&time), time }
    }

    /// Keeps it under this name, with times that are exact.
    pub fn keep(&self, name: &str, provider: Scripted) -> Handle<Token> {
        keep(&self.scheduler, name, provider)
    }

    /// Unix time in seconds.
    pub fn now(&self) -> f64 {
        self.time.clock().wall().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
    }

    pub async fn pass(&self, seconds: u64) {
        self.time.advance(s(seconds)).await;
        self.time.settle().await;
    }
}

/// The series of a metric for the credential of this name.
pub fn of(metric: &str, name: &str) -> String {
    format!("tokenex_{metric}{{name={name},provider=scripted}}")
}

/// Equal up to the milliseconds that letting things happen costs.
#[track_caller]
pub fn assert_near(value: f64, expected: f64) {
    assert!((value - expected).abs() < 0.1, "{value} instead of {expected}: off by {}", value - expected);
}

pub fn scheduler(time: &TestClock) -> Scheduler {
    let policy = Policy::default().with_jitter(0.0);
    Scheduler::builder(tokio::runtime::Handle::current()).clock(time.clock()).policy(policy).seed(7).start()
}

pub fn keep(scheduler: &Scheduler, name: &str, provider: Scripted) -> Handle<Token> {
    scheduler.keep(Keep::new(provider).name(name))
}

/// A credential that is a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Token(pub u64);

impl Credential for Token {
    fn same_as(&self, other: &Self) -> bool {
        self == other
    }
}

pub fn down() -> Error {
    Error::new(ErrorKind::Unavailable, "the target is down")
}

pub fn token(id: u64, seconds: u64) -> Result<Outcome<Token>> {
    Ok(Grant::new(Token(id)).lifetime(s(seconds)).revocable().into())
}

type Script<T> = Arc<Mutex<dyn FnMut(u64) -> Result<T> + Send>>;

/// Issues, renews and revokes as it is told; each script is told which call this is, from 1.
#[derive(Clone)]
pub struct Scripted {
    issue: Script<Outcome<Token>>,
    renew: Script<Renewed>,
    revoke: Script<Revocation>,
    calls: Arc<Mutex<[u64; 3]>>,
    latency: Duration,
    parent: Option<Handle<Token>>,
}

/// So much longer, if at all.
pub type Renewed = Option<Duration>;

impl Scripted {
    pub fn new(issue: impl FnMut(u64) -> Result<Outcome<Token>> + Send + 'static) -> Self {
        Self {
            issue: Arc::new(Mutex::new(issue)),
            renew: Arc::new(Mutex::new(|_| Ok(None))),
            revoke: Arc::new(Mutex::new(|_| Ok(Revocation::Accepted))),
            calls: Arc::default(),
            latency: Duration::ZERO,
            parent: None,
        }
    }

    /// A new token each time, of so many seconds.
    pub fn fresh(seconds: u64) -> Self {
        Self::new(move |n| token(n, seconds))
    }

    pub fn renew(mut self, renew: impl FnMut(u64) -> Result<Renewed> + Send + 'static) -> Self {
        self.renew = Arc::new(Mutex::new(renew));
        self
    }

    pub fn revoke(mut self, revoke: impl FnMut(u64) -> Result<Revocation> + Send + 'static) -> Self {
        self.revoke = Arc::new(Mutex::new(revoke));
        self
    }

    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Each token dies with that of `parent`.
    pub fn child_of(mut self, parent: &Handle<Token>) -> Self {
        self.parent = Some(parent.clone());
        self
    }

    async fn call<T>(&self, which: usize, script: &Script<T>, cx: &Attempt) -> Result<T> {
        let n = {
            let mut calls = self.calls.lock().unwrap();
            calls[which] += 1;
            calls[which]
        };
        if !self.latency.is_zero() {
            cx.clock().sleep(self.latency).await;
        }
        // A script may panic, as providers do.
        (*script.lock().unwrap_or_else(PoisonError::into_inner))(n)
    }
}

impl Provider for Scripted {
    type Credential = Token;

    fn name(&self) -> &'static str {
        "scripted"
    }

    fn target(&self) -> Target {
        Target::new("scripted")
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Token>> {
        let mut bonds: Vec<Bond> = Vec::new();
        if let Some(parent) = &self.parent {
            bonds.extend_from_slice(parent.fetch(cx).await?.bonds());
        }
        Ok(match self.call(0, &self.issue, cx).await? {
            Outcome::Issued(grant) => grant.bound_to(&bonds).into(),
            withdrawn => withdrawn,
        })
    }

    async fn renew(&self, _: &Issued<Token>, cx: &Attempt) -> Result<Renewal> {
        let counted_from = cx.moment();
        Ok(match self.call(1, &self.renew, cx).await? {
            Some(lifetime) => Renewal::Extended { lifetime, counted_from, again: true },
            None => Renewal::NotRenewable,
        })
    }

    async fn revoke(&self, _: &Issued<Token>, cx: &Attempt) -> Result<Revocation> {
        self.call(2, &self.revoke, cx).await
    }
}

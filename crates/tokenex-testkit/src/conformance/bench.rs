//! Trials: each in a world, a runtime and a thread of its own, so that none sees what another has left behind.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokenex_core::{Attempt, BoxFuture, Handle, Issued, Keep, Outcome, Provider, Renewal, Result, Revocation};

use super::counted::{Calls, Counted};
use super::drive::{Tried, drive, text_of};
use super::fixture::{Fixture, Hooks};
use super::law::Subject;
use super::{life::Life, runs::Run, works::Facts};
use crate::canary::Recording;
use crate::world::{Handed, World, address};

/// A trial that has not come back after so long in real time never will. The slowest need a few seconds.
const STUCK: Duration = Duration::from_secs(120);

/// What a law says when it is not kept.
#[derive(Debug, Clone)]
pub(super) enum Failed {
    Broken(String),
    NotRun(String),
    DoesNotApply(String),
}

/// A law is kept with what was seen, or it is not.
pub(super) type Judged = std::result::Result<String, Failed>;

pub(super) fn broken<T>(seen: impl Into<String>) -> std::result::Result<T, Failed> {
    Err(Failed::Broken(seen.into()))
}

pub(super) fn not_run<T>(why: impl Into<String>) -> std::result::Result<T, Failed> {
    Err(Failed::NotRun(why.into()))
}

pub(super) fn does_not_apply<T>(why: impl Into<String>) -> std::result::Result<T, Failed> {
    Err(Failed::DoesNotApply(why.into()))
}

/// Makes a fixture in a world.
pub(super) type Make<P> = Arc<dyn Fn(&World) -> Fixture<P> + Send + Sync>;

/// Makes the thing under test anew for each trial, and keeps what several laws look at.
pub(super) struct Bench<P: Provider> {
    make: Make<P>,
    pub(super) subject: Subject,
    real_time: bool,
    pub(super) facts: OnceLock<std::result::Result<Facts, Failed>>,
    pub(super) life: OnceLock<std::result::Result<Life, Failed>>,
    pub(super) runs: OnceLock<std::result::Result<Vec<Run>, Failed>>,
}

impl<P: Provider> Bench<P> {
    pub(super) fn new(make: Make<P>, subject: Subject, real_time: bool) -> Self {
        let (facts, life, runs) = Default::default();
        Self { make, subject, real_time, facts, life, runs }
    }

    /// Runs `body` in a new world.
    pub(super) fn trial<T: Send + 'static>(
        &self,
        body: impl AsyncFnOnce(Trial<P>) -> T + Send + 'static,
    ) -> std::result::Result<T, Failed> {
        let (make, real_time) = (self.make.clone(), self.real_time);
        let (done, result) = channel();
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(!real_time)
                .build()
                .map_err(|error| format!("there is no runtime: {error}"))?;
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                runtime.block_on(async move { body(Trial::new(&make, real_time)).await })
            }));
            runtime.shutdown_background();
            outcome.map_err(|panic| format!("the trial itself panicked: {}", text_of(&*panic)))
        };
        let thread = std::thread::Builder::new().name("conformance".to_owned()).spawn(move || done.send(work()));
        if let Err(error) = thread {
            return not_run(format!("there is no thread: {error}"));
        }
        match result.recv_timeout(STUCK) {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(why)) => broken(why),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => broken(format!(
                "it did not come back within {STUCK:?} of real time: something blocks the thread, or never stops polling"
            )),
        }
    }
}

/// The thing under test in its world.
pub(super) struct Trial<P: Provider> {
    pub(super) world: World,
    pub(super) provider: Arc<P>,
    pub(super) hooks: Hooks<P::Credential>,
    real_time: bool,
    _recording: Recording,
}

/// How an attempt by hand is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    pub(super) limit: Duration,
    pub(super) drop_after: Option<usize>,
}

/// What came of an attempt by hand.
pub(super) struct Tracked<T> {
    pub(super) tried: Tried<T>,
    /// Of its requests on the wire.
    pub(super) tag: u64,
    /// What its sources handed out to it.
    pub(super) handed: Vec<Handed>,
}

/// An attempt by hand that goes on.
struct Entered {
    cx: Box<Attempt>,
    tag: u64,
    handed_before: usize,
    deadline: Duration,
}

impl<P: Provider> Trial<P> {
    fn new(make: &Make<P>, real_time: bool) -> Self {
        let world = World::new();
        let recording = world.canary().record();
        let Fixture { provider, hooks } = make(&world);
        Self { world, provider: Arc::new(provider), hooks, real_time, _recording: recording }
    }

    /// How an attempt is made that is to succeed.
    pub(super) fn plain(&self) -> How {
        How { limit: Duration::from_secs(30), drop_after: None }
    }

    /// How an attempt is made that is to run out of time.
    pub(super) fn short(&self) -> How {
        let limit = if self.real_time { Duration::from_millis(500) } else { Duration::from_secs(5) };
        How { limit, drop_after: None }
    }

    /// So long, or where time cannot be moved a moment.
    pub(super) async fn wait(&self, duration: Duration) {
        if self.real_time {
            tokio::time::sleep(duration.min(Duration::from_millis(300))).await;
        } else {
            self.world.advance(duration).await;
        }
    }

    pub(super) async fn issue(&self, how: How) -> Tracked<Outcome<P::Credential>> {
        let entered = self.enter(how);
        let call = Box::pin(self.provider.issue(&entered.cx));
        self.leave(&entered, self.drive(call, &entered, how).await)
    }

    pub(super) async fn renew(&self, held: &Issued<P::Credential>, how: How) -> Tracked<Renewal> {
        let entered = self.enter(how);
        let call = Box::pin(self.provider.renew(held, &entered.cx));
        self.leave(&entered, self.drive(call, &entered, how).await)
    }

    pub(super) async fn revoke(&self, held: &Issued<P::Credential>, how: How) -> Tracked<Revocation> {
        let entered = self.enter(how);
        let call = Box::pin(self.provider.revoke(held, &entered.cx));
        self.leave(&entered, self.drive(call, &entered, how).await)
    }

    async fn drive<'a, T: 'a>(&'a self, call: BoxFuture<'a, Result<T>>, entered: &'a Entered, how: How) -> Tried<T> {
        drive(call, &self.world.clock(), entered.deadline, how.drop_after).await
    }

    fn enter(&self, how: How) -> Entered {
        // On the heap, so that it stays at one address, by which its sources know it.
        let cx = Box::new(self.world.attempt(how.limit));
        let tag = self.world.last_tag();
        self.world.wire().set_current(tag);
        Entered {
            tag,
            handed_before: self.world.inputs().handed().len(),
            deadline: self.world.clock().monotonic().saturating_add(how.limit),
            cx,
        }
    }

    fn leave<T>(&self, entered: &Entered, tried: Tried<T>) -> Tracked<T> {
        self.world.wire().set_current(0);
        let mut handed = self.world.inputs().handed().split_off(entered.handed_before);
        handed.retain(|handed| handed.attempt == address(&entered.cx));
        Tracked { tried, tag: entered.tag, handed }
    }

    /// Hands it to the world's scheduler.
    pub(super) fn keep(&self) -> (Handle<P::Credential>, Arc<Calls>) {
        let calls = Arc::<Calls>::default();
        let counted = Counted::new(self.provider.clone(), calls.clone());
        let keep = Keep::new(counted).name("under-test");
        (self.world.scheduler().keep(keep), calls)
    }

    /// The secrets of a credential, which the canary watches for from now on. `None` when nobody says what they are.
    pub(super) fn secrets(&self, credential: &P::Credential) -> Option<Vec<String>> {
        let secrets = self.hooks.secrets.as_ref()?(credential);
        for secret in secrets.iter().filter(|secret| secret.len() >= 8) {
            self.world.canary().watch(super::slips::OUTPUT, secret);
        }
        Some(secrets)
    }
}

//! The read path beside what it stands on: an `arc_swap` guard and one look at the wall clock.
//!
//! `cargo bench -p tokenex-core --bench read`. All lines are of one run, so their ratios hold on any machine.
#![allow(missing_docs, clippy::disallowed_methods)]

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use divan::{Bencher, black_box};
use tokenex_core::{Attempt, Credential, Grant, Handle, Outcome, Provider, Result, Scheduler, Source, Target};
use tokio::runtime::Runtime;

const THREADS: [usize; 2] = [1, 2];
const HOUR: Duration = Duration::from_secs(3600);

fn main() {
    // Made before anything is measured.
    LazyLock::force(&WARM);
    LazyLock::force(&BASELINE);
    divan::main();
}

/// As large as an access token of the field.
struct Token([u8; 900]);

impl Credential for Token {
    fn same_as(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// A token, made from one of `parent` and bound to it if there is one.
struct Tokens {
    parent: Option<Handle<Token>>,
}

impl Provider for Tokens {
    type Credential = Token;

    fn name(&self) -> &'static str {
        "tokens"
    }

    fn target(&self) -> Target {
        Target::new("memory")
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Token>> {
        let grant = Grant::new(Token([7; 900])).lifetime(HOUR);
        Ok(match &self.parent {
            Some(parent) => grant.bound_to(parent.fetch(cx).await?.bonds()).into(),
            None => grant.into(),
        })
    }
}

struct Warm {
    _runtime: Runtime,
    _scheduler: Scheduler,
    single: Handle<Token>,
    bound: Handle<Token>,
}

static WARM: LazyLock<Warm> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let scheduler = Scheduler::builder(runtime.handle().clone()).start();
    let single = scheduler.keep(Tokens { parent: None });
    let bound = scheduler.keep(Tokens { parent: Some(single.clone()) });
    runtime.block_on(bound.ready(Duration::from_secs(10))).expect("a credential");
    Warm { _runtime: runtime, _scheduler: scheduler, single, bound }
});

struct Snapshot {
    token: Token,
    expires_at: SystemTime,
}

static BASELINE: LazyLock<ArcSwapOption<Snapshot>> = LazyLock::new(|| {
    ArcSwapOption::from_pointee(Snapshot { token: Token([7; 900]), expires_at: SystemTime::now() + HOUR })
});

/// The least that a reader of a shared credential with an end can do.
#[divan::bench(threads = THREADS, sample_count = 200, sample_size = 10_000)]
fn baseline_guard_and_clock(bencher: Bencher) {
    let cell = &*BASELINE;
    bencher.bench(|| {
        let guard = cell.load();
        match &*guard {
            Some(snapshot) if SystemTime::now() < snapshot.expires_at => black_box(snapshot.token.0[0]),
            _ => unreachable!("it lives for an hour"),
        }
    });
}

/// The same, with a share of its own for the caller.
#[divan::bench(threads = THREADS, sample_count = 200, sample_size = 10_000)]
fn baseline_owned_and_clock(bencher: Bencher) {
    let cell = &*BASELINE;
    bencher.bench(|| cell.load_full().filter(|snapshot| SystemTime::now() < snapshot.expires_at));
}

#[divan::bench(threads = THREADS, sample_count = 200, sample_size = 10_000)]
fn peek(bencher: Bencher) {
    let handle = &WARM.single;
    bencher.bench(|| black_box(handle.peek().expect("warm").0[0]));
}

#[divan::bench(threads = THREADS, sample_count = 200, sample_size = 10_000)]
fn peek_bound(bencher: Bencher) {
    let handle = &WARM.bound;
    bencher.bench(|| black_box(handle.peek().expect("warm").0[0]));
}

#[divan::bench(threads = THREADS, sample_count = 200, sample_size = 10_000)]
fn get(bencher: Bencher) {
    let handle = &WARM.single;
    bencher.bench(|| ready(handle.get()).expect("warm"));
}

#[divan::bench(threads = THREADS, sample_count = 200, sample_size = 10_000)]
fn get_bound(bencher: Bencher) {
    let handle = &WARM.bound;
    bencher.bench(|| ready(handle.get()).expect("warm"));
}

/// A warm handle answers at the first poll; no runtime is needed, and none is measured.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a warm handle does not wait"),
    }
}

/// What scaling costs is a shared counter; this is the price of one.
#[divan::bench(threads = THREADS, sample_count = 200, sample_size = 10_000)]
fn baseline_clone_of_an_arc(bencher: Bencher) {
    static SHARED: LazyLock<Arc<Token>> = LazyLock::new(|| Arc::new(Token([7; 900])));
    let shared = &*SHARED;
    bencher.bench(|| shared.clone());
}

//! Reading a warm handle allocates nothing and takes no lock.
//!
//! A binary of its own: the counter is the global allocator of whatever it is linked into.
#![allow(missing_docs)]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use allocation_counter::measure;
use tokenex_core::{Attempt, Credential, Grant, Handle, Issued, Outcome, Provider, Result, Scheduler, Source, Target};

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(30);

/// A token, made from one of `parent` and bound to it if there is one.
struct Tokens {
    parent: Option<Handle<Token>>,
    on_drop: Option<OnDrop>,
}

#[derive(Default)]
struct Token {
    on_drop: Option<OnDrop>,
}

/// Says that a drop has begun, and holds it up until told to go on.
#[derive(Clone)]
struct OnDrop {
    begun: Sender<()>,
    go_on: Arc<std::sync::Mutex<Receiver<()>>>,
}

impl Credential for Token {
    fn same_as(&self, _: &Self) -> bool {
        false
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(on_drop) = &self.on_drop {
            on_drop.begun.send(()).ok();
            on_drop.go_on.lock().expect("nobody panics with it").recv_timeout(PATIENCE).ok();
        }
    }
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
        // Only the first one holds its drop up.
        let on_drop = self.on_drop.clone().filter(|_| cx.number() == 1);
        let grant = Grant::new(Token { on_drop }).lifetime(HOUR);
        Ok(match &self.parent {
            Some(parent) => grant.bound_to(parent.fetch(cx).await?.bonds()).into(),
            None => grant.into(),
        })
    }
}

/// Runs `get` the way a warm handle answers it: at once.
fn get_now(handle: &Handle<Token>) -> Arc<Issued<Token>> {
    match pin!(handle.get()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(issued)) => issued,
        other => panic!("the handle was not warm: {other:?}"),
    }
}

#[test]
fn reading_a_warm_handle_allocates_nothing() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let scheduler = Scheduler::builder(runtime.handle().clone()).start();
    let parent = scheduler.keep(Tokens { parent: None, on_drop: None });
    let child = scheduler.keep(Tokens { parent: Some(parent.clone()), on_drop: None });
    for handle in [&parent, &child] {
        runtime.block_on(handle.ready(PATIENCE)).expect("a credential");
        // The first read of a thread sets up what arc_swap keeps for each thread.
        black_box(handle.peek());
    }
    for (name, handle) in [("free-standing", &parent), ("bound", &child)] {
        let peeked = measure(|| {
            for _ in 0..1000 {
                black_box(handle.peek().expect("a credential").generation());
            }
        });
        assert_eq!(peeked.count_total, 0, "peek of a {name} credential: {peeked:?}");
        let got = measure(|| {
            for _ in 0..1000 {
                black_box(get_now(handle).generation());
            }
        });
        assert_eq!(got.count_total, 0, "get of a {name} credential: {got:?}");
        let held = measure(|| {
            // More snapshots than arc_swap has cheap places for.
            let peeks = [const { None::<()> }; 20].map(|_| handle.peek());
            black_box(&peeks);
        });
        assert_eq!(held.count_total, 0, "twenty peeks at once of a {name} credential: {held:?}");
    }
}

#[test]
fn a_planted_allocation_is_seen() {
    let planted = measure(|| {
        black_box(Box::new(1_u64));
    });
    assert_eq!(planted.count_total, 1);
}

/// The lock of a cell is held while a superseded credential is dropped; here that takes as long as the test wants.
#[test]
fn reads_go_on_while_the_lock_of_the_cell_is_held() {
    let (begun, has_begun) = mpsc::channel();
    let (release, go_on) = mpsc::channel();
    let on_drop = OnDrop { begun, go_on: Arc::new(std::sync::Mutex::new(go_on)) };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let scheduler = Scheduler::builder(runtime.handle().clone()).start();
    let handle = scheduler.keep(Tokens { parent: None, on_drop: Some(on_drop) });
    runtime.block_on(handle.ready(PATIENCE)).expect("a credential");

    let rejecting = handle.clone();
    let rejected = runtime.spawn(async move { rejecting.rejected(1).await });
    has_begun.recv_timeout(PATIENCE).expect("the superseded credential is dropped");

    let (report, reports) = mpsc::channel();
    let (reader, locker) = (handle.clone(), handle.clone());
    let locked = report.clone();
    thread::spawn(move || {
        let generation = reader.peek().expect("a credential").generation();
        report.send(("read", generation.min(get_now(&reader).generation()))).ok();
    });
    assert_eq!(reports.recv_timeout(PATIENCE), Ok(("read", 2)), "a reader waited for the lock");
    thread::spawn(move || locked.send(("status", locker.status().generation)).ok());
    let early = reports.recv_timeout(Duration::from_millis(100));
    assert!(early.is_err(), "the lock was not held, so this shows nothing: {early:?}");

    release.send(()).expect("the drop waits");
    assert_eq!(reports.recv_timeout(PATIENCE), Ok(("status", 2)));
    runtime.block_on(rejected).expect("no panic").expect("replaced");
}

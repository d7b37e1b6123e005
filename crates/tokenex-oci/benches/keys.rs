//! How late other attempts begin while ten session keys are made.
//!
//! `cargo bench -p tokenex-oci --bench keys`. Every millisecond a new handle is kept, and the time until its attempt has begun is
//! measured: first with nothing else to do, then while ten keys are made as providers make them, and for comparison while ten tasks
//! make them where they are.
#![allow(missing_docs, clippy::print_stdout)]

use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use tokenex_core::{Attempt, Credential, Grant, Outcome, Provider, Result, Scheduler, Target};
use tokenex_oci::{KeySize, SessionKey};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

const KEYS: usize = 10;
const WITHIN: Duration = Duration::from_secs(120);
/// As many threads as small machines have cores.
const THREADS: usize = 2;

fn main() {
    let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build().expect("a runtime");
    println!("lateness of attempts in microseconds, {THREADS} threads");
    println!("{:<36}{:>10}{:>10}{:>10}{:>10}{:>12}", "", "attempts", "median", "p99", "max", "keys in ms");
    for size in [KeySize::Rsa2048, KeySize::Rsa3072] {
        let bits = size.bits();
        report(&runtime, "nothing else", || {
            vec![runtime.spawn(async { tokio::time::sleep(Duration::from_secs(1)).await })]
        });
        report(&runtime, &format!("while {KEYS} keys of {bits} bits are made"), || {
            let make = || async move { drop(SessionKey::generate(size).await.expect("a key")) };
            (0..KEYS).map(|_| runtime.spawn(make())).collect()
        });
        report(&runtime, "where their tasks are", || {
            let make = || async move { drop(rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, size.bits())) };
            (0..KEYS).map(|_| runtime.spawn(make())).collect()
        });
    }
}

/// Says when its attempt begins, and is done.
struct Begins(Sender<Instant>);

struct Nothing;

impl Credential for Nothing {
    fn same_as(&self, _: &Self) -> bool {
        false
    }
}

impl Provider for Begins {
    type Credential = Nothing;

    fn name(&self) -> &'static str {
        "begins"
    }

    fn target(&self) -> Target {
        Target::new("memory")
    }

    async fn issue(&self, _: &Attempt) -> Result<Outcome<Nothing>> {
        let _ = self.0.send(Instant::now());
        Ok(Grant::new(Nothing).into())
    }
}

/// Measures for as long as the work takes.
fn report(runtime: &Runtime, what: &str, start: impl FnOnce() -> Vec<JoinHandle<()>>) {
    let scheduler = Scheduler::builder(runtime.handle().clone()).start();
    let (begun, begins) = channel();
    let (mut times, mut kept) = (Vec::new(), Vec::new());
    let started = Instant::now();
    let work = start();
    while !work.iter().all(JoinHandle::is_finished) {
        let asked = Instant::now();
        kept.push(scheduler.keep(Begins(begun.clone())));
        let began = begins.recv_timeout(WITHIN).expect("the attempt begins");
        times.push(began.duration_since(asked));
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = started.elapsed().as_millis();
    times.sort();
    let last = times.len() - 1;
    let [median, p99, max] = [last / 2, last - last / 100, last].map(|index| times[index].as_secs_f64() * 1e6);
    println!("{what:<36}{:>10}{median:>10.0}{p99:>10.0}{max:>10.0}{took:>12}", times.len());
    runtime.block_on(async {
        for work in work {
            work.await.expect("no panic");
        }
        scheduler.shutdown(WITHIN).await;
    });
}

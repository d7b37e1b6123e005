//! Rounds on all cores, for some time or up to a number. `cargo xtask stress` calls it.

// What it prints is its result.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use stress::{Plan, live};
use tokio::{runtime, task::JoinSet};

const USAGE: &str = "usage: stress [--for 30s|10m|2h] [--rounds COUNT] [--seed N] [--first N] [--threads N]";

/// Rounds side by side for each thread: most of the time a round waits.
const PER_THREAD: usize = 64;

/// So many failures are told; the rest are counted.
const TOLD: usize = 10;

/// What was asked for on the command line.
struct Asked {
    length: Duration,
    rounds: u64,
    /// The seed of the first round; the others follow it.
    first: u64,
    /// The same plan in each round.
    only: Option<u64>,
    threads: usize,
}

fn main() -> ExitCode {
    let Some(asked) = asked(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match runtime::Builder::new_multi_thread().worker_threads(asked.threads).enable_all().build() {
        Ok(runtime) => runtime.block_on(run(Arc::new(asked))),
        Err(error) => {
            eprintln!("no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Thirty seconds, unless the arguments say otherwise.
fn asked(mut arguments: impl Iterator<Item = String>) -> Option<Asked> {
    let threads = thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    let (mut length, mut rounds, mut first, mut only, mut threads) =
        (None, None, fastrand::u64(..1 << 32), None, threads);
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--for" => length = Some(duration(&value)?),
            "--rounds" => rounds = Some(value.parse().ok()?),
            "--first" => first = value.parse().ok()?,
            "--seed" => only = Some(value.parse().ok()?),
            "--threads" => threads = value.parse().ok().filter(|threads| *threads > 0)?,
            _ => return None,
        }
    }
    let unlimited = if rounds.is_some() { Duration::MAX } else { Duration::from_secs(30) };
    Some(Asked { length: length.unwrap_or(unlimited), rounds: rounds.unwrap_or(u64::MAX), first, only, threads })
}

/// `30s`, `10m`, `2h`.
fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

async fn run(asked: Arc<Asked>) -> ExitCode {
    if let Some(seed) = asked.only {
        println!("{:#?}", Plan::of(seed));
    }
    let begun = Instant::now();
    let (next, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let failures: Arc<Mutex<BTreeMap<u64, String>>> = Arc::default();
    let mut lanes = JoinSet::new();
    for _ in 0..asked.threads * PER_THREAD {
        let (asked, next, done, failures) =
            (Arc::clone(&asked), Arc::clone(&next), Arc::clone(&done), Arc::clone(&failures));
        lanes.spawn(async move {
            while begun.elapsed() < asked.length {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                if nth >= asked.rounds {
                    break;
                }
                let seed = asked.only.unwrap_or(asked.first.wrapping_add(nth));
                let outcome = live(Plan::of(seed)).await;
                done.fetch_add(1, Ordering::Relaxed);
                if let Err(why) = outcome {
                    failures.lock().unwrap_or_else(PoisonError::into_inner).insert(nth, format!("seed {seed}: {why}"));
                }
            }
        });
    }
    while let Some(ended) = lanes.join_next().await {
        if let Err(panic) = ended {
            failures.lock().unwrap_or_else(PoisonError::into_inner).insert(u64::MAX, panic.to_string());
        }
    }
    let (rounds, seconds) = (done.load(Ordering::Relaxed), begun.elapsed().as_secs_f64());
    let which = match asked.only {
        Some(seed) => format!("all of seed {seed}"),
        None => format!("seeds from {} on", asked.first),
    };
    println!("{rounds} rounds on {} threads, {which}, took {seconds:.1} s", asked.threads);
    let failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
    println!("{} failed", failures.len());
    failures.values().take(TOLD).for_each(|failure| println!("  {failure}"));
    if failures.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("the same plan again, in another order of the threads: cargo xtask stress --seed N --rounds 10000");
    ExitCode::FAILURE
}

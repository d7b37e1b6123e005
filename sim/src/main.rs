//! Runs the simulation: one seed, or many of them on all cores. `cargo xtask sim` calls it.

// What it prints is its result.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use simulation::{ABSENT, MOST_GROWTH, Options, Outcome, Plant, Tally, growth_of_all};

const USAGE: &str = "usage: simulation [--seed N] [--seeds COUNT] [--days DAYS]";

/// What was asked for on the command line.
struct Asked {
    first: u64,
    count: u64,
    days: u32,
    plant: Option<Plant>,
}

fn main() -> ExitCode {
    match asked(std::env::args().skip(1)) {
        Some(asked) => simulate(&asked),
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// `--plant` is for the tests of the simulation itself.
fn asked(mut arguments: impl Iterator<Item = String>) -> Option<Asked> {
    let mut asked = Asked { first: 1, count: 1, days: 30, plant: None };
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--seed" => asked.first = value.parse().ok()?,
            "--seeds" => asked.count = value.parse().ok()?,
            "--days" => asked.days = value.parse().ok().filter(|days| *days > 0)?,
            "--plant" if value == "gap" => asked.plant = Some(Plant::Gap),
            "--plant" if value == "leak" => asked.plant = Some(Plant::Leak),
            "--plant" if value == "late" => asked.plant = Some(Plant::Late),
            "--plant" if value == "panic" => asked.plant = Some(Plant::Panic),
            "--plant" if value == "crash" => asked.plant = Some(Plant::Crash),
            _ => return None,
        }
    }
    Some(asked)
}

fn simulate(asked: &Asked) -> ExitCode {
    let begun = Instant::now();
    let outcomes = on_all_cores(asked);
    let mut tally = Tally::default();
    outcomes.iter().for_each(|outcome| tally.add(&outcome.tally));
    let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome.violated > 0).collect();
    let seen: Vec<_> = tally.counts().into_iter().map(|(what, count)| format!("{count} {what}")).collect();
    println!("seen: {}", seen.join(", "));
    println!("{}", heap(&outcomes));
    println!("not in it: {}", ABSENT.join("; "));
    if let [only] = outcomes.as_slice() {
        println!("heap by day, in bytes: {:?}", only.heap);
        println!("the same seed shows this again: {:016x}", only.digest);
    }
    let (seeds, days, seconds) = (outcomes.len(), asked.days, begun.elapsed().as_secs_f64());
    println!("{seeds} seed(s) from {} on, {days} days each, took {seconds:.1} s", asked.first);
    for outcome in &failed {
        println!("\nseed {}: {} violations, of which", outcome.seed, outcome.violated);
        outcome.violations.iter().for_each(|violation| println!("  {violation}"));
        println!("  replay: cargo xtask sim --seed {} --days {}", outcome.seed, asked.days);
    }
    let grown = growth_of_all(&outcomes).is_some_and(|growth| growth > MOST_GROWTH);
    if grown {
        println!("\nthe heap grows, by more than {MOST_GROWTH}");
    }
    if failed.is_empty() && !grown { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How the heap went, of all seeds together.
fn heap(outcomes: &[Outcome]) -> String {
    let most = outcomes.iter().filter_map(Outcome::growth).max_by(f64::total_cmp);
    match (growth_of_all(outcomes), most) {
        (Some(median), Some(most)) => {
            format!("heap: last day by first day {median:.3} in the middle of all seeds, at most {most:.3}")
        }
        _ => "heap: not compared".to_owned(),
    }
}

/// One thread for each core, each with one seed at a time.
fn on_all_cores(asked: &Asked) -> Vec<Outcome> {
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64).min(asked.count);
    let (next, done) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= asked.count {
                        return;
                    }
                    let options = Options { seed: asked.first + nth, days: asked.days, plant: asked.plant };
                    let outcome = simulation::run(&options);
                    done.lock().expect("nobody panics in between").push(outcome);
                }
            });
        }
    });
    let mut outcomes = done.into_inner().expect("nobody panics in between");
    outcomes.sort_by_key(|outcome| outcome.seed);
    outcomes
}

//! Many credentials that do not live long, from a source that answers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::floors::{Fleet, OneTask, TokenexFleet};
use crate::in_process::Source;
use crate::measure::{Effort, Spread, cpu, runtime, short};
use crate::report::{Line, Plot, Section, Table, Verdict};

const LIFETIME: Duration = Duration::from_secs(3);
/// A reader without a pause would take one of two processors for itself, and show how the system shares them out.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// What one fleet did in a while.
struct Outcome {
    /// Microseconds of processor time for each refresh.
    each: f64,
    /// Refreshes in a second.
    rate: f64,
    /// Processor time in a second.
    share: f64,
}

pub(super) fn run(effort: Effort) -> Section {
    let mut section = Section::new("Many credentials that live for 3 s");
    let sizes = effort.pick([1, 10, 100, 1_000, 10_000, 100_000].as_slice(), [100, 1_000].as_slice());
    let largest = *sizes.last().expect("there are some");
    let rounds = effort.pick(3, 1);
    section.say(format!(
        "{largest} credentials with a lifetime of 3 s, each replaced when 40 % is left, from a source in the process that \
         answers at once: processor time of each refresh over three lifetimes, {rounds} rounds in turns. Then a reader looks \
         at all of them for four lifetimes, with a pause of 10 ms after the last one."
    ));
    let mut lines = [TokenexFleet::NAME, OneTask::NAME].map(|name| Line { name, points: Vec::new() });
    for n in sizes {
        let rounds = if *n == largest { rounds } else { 1 };
        let mut all: [Vec<Outcome>; 2] = Default::default();
        for _ in 0..rounds {
            all[0].push(refresh::<TokenexFleet>(*n));
            all[1].push(refresh::<OneTask>(*n));
        }
        for (line, outcomes) in lines.iter_mut().zip(&all) {
            let share: Spread = outcomes.iter().map(|outcome| outcome.share).collect();
            line.points.push((*n as f64, share.median() * 1e3));
        }
        if *n == largest {
            tell(&mut section, &all, [read_all::<TokenexFleet>(*n), read_all::<OneTask>(*n)]);
        }
    }
    section.draw(
        "churn",
        &Plot {
            title: "Credentials of 3 s, kept fresh",
            across: "credentials",
            up: "ms of processor time in each second",
            lines: lines.into(),
        },
    );
    section
}

fn tell(section: &mut Section, all: &[Vec<Outcome>; 2], expired: [(u64, u64); 2]) {
    let mut table = Table::new(&["", "µs each", "of the floor", "refreshes in a second", "reads", "of these expired"]);
    let each = all.each_ref().map(|outcomes| outcomes.iter().map(|outcome| outcome.each).collect::<Vec<_>>());
    let mut quotient = f64::NAN;
    for (index, name) in [TokenexFleet::NAME, OneTask::NAME].into_iter().enumerate() {
        let spread = |figures: &[f64]| figures.iter().copied().collect::<Spread>();
        let of_floor = Spread::of_quotients(&each[index], &each[1]).median();
        if index == 0 {
            quotient = of_floor;
        }
        let rate: Spread = all[index].iter().map(|outcome| outcome.rate).collect();
        table.line(&[
            name.to_owned(),
            spread(&each[index]).to_string(),
            short(of_floor),
            short(rate.median()),
            expired[index].0.to_string(),
            expired[index].1.to_string(),
        ]);
    }
    section.say(table);
    let median = |index: usize| short(each[index].iter().copied().collect::<Spread>().median());
    section.judge(Verdict {
        measure: "100,000 credentials of 3 s",
        measured: format!(
            "{} µs for each refresh, {} of the floor; {} expired",
            median(0),
            short(quotient),
            expired[0].1
        ),
        beside: format!("floor {} µs", median(1)),
        goal: "none expired, at most twice the floor",
        met: expired[0].1 == 0 && quotient <= 2.0,
    });
}

fn refresh<F: Fleet>(n: usize) -> Outcome {
    let source = Source::new(LIFETIME, LIFETIME);
    runtime().block_on(async {
        let _fleet = F::start(source.clone(), n);
        // Into the second generation, where the first ones no longer come all at once.
        tokio::time::sleep(LIFETIME).await;
        let (begin, clock, before) = (cpu(), Instant::now(), source.issued());
        tokio::time::sleep(3 * LIFETIME).await;
        let (processor, elapsed) = ((cpu() - begin).as_secs_f64(), clock.elapsed().as_secs_f64());
        let refreshes = (source.issued() - before) as f64;
        Outcome { each: processor / refreshes * 1e6, rate: refreshes / elapsed, share: processor / elapsed }
    })
}

/// How many reads there were, and how many of them found nothing that was usable.
fn read_all<F: Fleet>(n: usize) -> (u64, u64) {
    let source = Source::new(LIFETIME, LIFETIME);
    let runtime = runtime();
    let fleet = runtime.block_on(async {
        let fleet = F::start(source, n);
        while !(0..n).all(|index| fleet.usable(index)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Arc::new(fleet)
    });
    let end = Arc::new(AtomicBool::new(false));
    let reader = std::thread::spawn({
        let (fleet, end) = (fleet.clone(), end.clone());
        move || {
            let (mut reads, mut expired) = (0, 0);
            while !end.load(Ordering::Relaxed) {
                for index in 0..n {
                    reads += 1;
                    expired += u64::from(!fleet.usable(index));
                }
                std::thread::sleep(BETWEEN_LOOKS);
            }
            (reads, expired)
        }
    });
    std::thread::sleep(4 * LIFETIME);
    end.store(true, Ordering::Relaxed);
    reader.join().expect("no panic")
}

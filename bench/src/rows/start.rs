//! Many first credentials from a source that answers at once.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::floors::{Fleet, OneTask, TaskEach, TokenexFleet};
use crate::in_process::Source;
use crate::measure::{Effort, Spread, cpu, runtime, short};
use crate::report::{Line, Plot, Section, Table, Verdict};

const HOUR: Duration = Duration::from_secs(3600);

/// Seconds of processor time, and by the clock.
type Figures = (Vec<f64>, Vec<f64>);

pub(super) fn run(effort: Effort) -> Section {
    let mut section = Section::new("Many first credentials");
    let runtime = runtime();
    let sizes = effort.pick([1, 10, 100, 1_000, 10_000, 100_000].as_slice(), [10, 1_000].as_slice());
    let rounds = effort.pick(21, 3);
    section.say(format!(
        "From nothing to {} usable credentials, each from a source in the process that answers at once: {rounds} rounds in \
         which all take turns, median and range.",
        sizes.last().expect("there are some")
    ));
    let names = [TokenexFleet::NAME, OneTask::NAME, TaskEach::NAME];
    let mut lines = names.map(|name| Line { name, points: Vec::new() });
    for (index, n) in sizes.iter().enumerate() {
        let mut all: [Figures; 3] = Default::default();
        // Few take less than what is measured with, so they are begun many times.
        let times = (100 / n).max(1);
        for round in 0..=rounds {
            let outcomes = [
                start::<TokenexFleet>(&runtime, *n, times),
                start::<OneTask>(&runtime, *n, times),
                start::<TaskEach>(&runtime, *n, times),
            ];
            // In the first round whoever comes first gets the memory from the system, and leaves it to the others.
            if round > 0 {
                for (figures, (cpu, wall)) in all.iter_mut().zip(outcomes) {
                    figures.0.push(cpu);
                    figures.1.push(wall);
                }
            }
        }
        for (line, figures) in lines.iter_mut().zip(&all) {
            let median = figures.0.iter().copied().collect::<Spread>().median();
            line.points.push((*n as f64, median * 1e3));
        }
        if index + 1 == sizes.len() {
            tell(&mut section, &names, &all);
        }
    }
    let up = "ms of processor time";
    section.draw("start", &Plot { title: "First credentials", across: "credentials", up, lines: lines.into() });
    section
}

fn tell(section: &mut Section, names: &[&str; 3], all: &[Figures; 3]) {
    let mut table = Table::new(&["", "processor time, s", "of the floor", "by the clock, s", "of the floor"]);
    for (index, (name, (cpu, wall))) in names.iter().zip(all).enumerate() {
        let floor = &all[1];
        let quotients =
            [(cpu, &floor.0), (wall, &floor.1)].map(|(subject, floor)| Spread::of_quotients(subject, floor));
        let [by_cpu, by_clock] = quotients.map(|quotients| quotients.median());
        let spread = |figures: &Vec<f64>| figures.iter().copied().collect::<Spread>();
        table.line(&[
            (*name).to_owned(),
            spread(cpu).to_string(),
            short(by_cpu),
            spread(wall).to_string(),
            short(by_clock),
        ]);
        if index == 0 {
            section.judge(Verdict {
                measure: "100,000 first credentials, source in the process",
                measured: format!("{} s; {} of the floor", short(spread(cpu).median()), short(by_cpu)),
                beside: format!("floor {} s", short(spread(&floor.0).median())),
                goal: "at most 3 times the floor",
                met: by_cpu <= 3.0,
            });
        }
    }
    section.say(table);
}

/// Seconds for each start.
fn start<F: Fleet>(runtime: &Runtime, n: usize, times: usize) -> (f64, f64) {
    let (mut processor, mut wall) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..times {
        let source = Source::new(HOUR, HOUR);
        let task = runtime.spawn(async move {
            let (begin, clock) = (cpu(), Instant::now());
            let fleet = F::start(source.clone(), n);
            for index in 0..n {
                while !fleet.usable(index) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            (cpu() - begin, clock.elapsed(), fleet)
        });
        let (taken, elapsed, fleet) = runtime.block_on(task).expect("no panic");
        processor += taken;
        wall += elapsed;
        drop(fleet);
    }
    // What went away with the last one is done before the next subject begins.
    std::thread::sleep(Duration::from_millis(n as u64 / 500));
    (processor.as_secs_f64() / times as f64, wall.as_secs_f64() / times as f64)
}

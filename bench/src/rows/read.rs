//! Reading the current credential.

use std::collections::HashMap;
use std::hint::black_box;
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Runtime;

use crate::floors::primitives::{AtomicLoad, CloneOfArc, Guard, GuardAndClock, LoadFull, LoadFullAndClock};
use crate::measure::{Effort, Spread, cpu, runtime, short};
use crate::report::{Section, Table, Verdict};
use crate::server::{Endpoint, Habits, Server};
use crate::subjects::{Aws, AzureIdentity, GoogleCloudAuth, Held, Library, ObjectStore, Reqsign, Tokenex};

const MANY_TASKS: usize = 16;
/// What a reader of an own share, and one that borrows, is compared with.
const OWNED_FLOOR: &str = "floor: `load_full` and a clock read";
const BORROWED_FLOOR: &str = "floor: `arc_swap` guard and a clock read";
const PEEK: &str = "tokenex, `peek`";
const GET: &str = "tokenex, `get`";

/// What one read takes, for a number of tasks and of reads.
type Measure = dyn Fn(&Runtime, usize, usize) -> f64;

/// Nanoseconds of processor time of each read: in one task, and in sixteen on two workers.
struct Subject {
    name: &'static str,
    measure: Box<Measure>,
    once: Box<dyn Fn()>,
    figures: [Vec<f64>; 2],
}

pub(super) fn run(effort: Effort) -> Section {
    let mut section = Section::new("Reading the current credential");
    let runtime = runtime();
    let server = Server::start().expect("a server");
    let endpoint = server.open(Habits::PLAIN).expect("a port");
    let mut subjects = subjects(&runtime, &endpoint);
    let (rounds, reads) = (effort.pick(41, 5), effort.pick(100_000, 10_000));
    for round in 0..=rounds {
        for subject in &mut subjects {
            for (index, tasks) in [1, MANY_TASKS].into_iter().enumerate() {
                let figure = (subject.measure)(&runtime, tasks, reads);
                // The first round only makes everything warm.
                if round > 0 {
                    subject.figures[index].push(figure);
                }
            }
        }
    }
    section.say(format!(
        "Nanoseconds of processor time of one read, {rounds} rounds of {reads} reads in which all take turns: median and \
         range. Each credential is warm and has an hour to live. {} tasks run on 2 workers and read the same credential.",
        MANY_TASKS
    ));
    let allocations = allocations();
    let mut table = Table::new(&["", "1 task", "of its floor", "16 tasks", "of its floor", "allocations"]);
    let mut owned_and_borrowed = Vec::new();
    for subject in &subjects {
        let floor = if subject.name == GET || subject.name == OWNED_FLOOR { OWNED_FLOOR } else { BORROWED_FLOOR };
        let floor = subjects.iter().find(|other| other.name == floor).expect("it is among them");
        let quotients = [0, 1].map(|i| Spread::of_quotients(&subject.figures[i], &floor.figures[i]).median());
        let spreads = [0, 1].map(|i| subject.figures[i].iter().copied().collect::<Spread>());
        table.line(&[
            subject.name.to_owned(),
            spreads[0].to_string(),
            short(quotients[0]),
            spreads[1].to_string(),
            short(quotients[1]),
            allocations.get(subject.name).cloned().unwrap_or_else(|| "–".to_owned()),
        ]);
        if [PEEK, GET].contains(&subject.name) {
            owned_and_borrowed.push((subject.name, spreads, quotients, floor.name));
        }
    }
    section.say(table);
    for (name, spreads, quotients, floor) in owned_and_borrowed {
        section.judge(Verdict {
            measure: if name == PEEK { "read, borrowed" } else { "read, owned" },
            measured: format!(
                "{} / {} ns; {} / {} of the floor",
                short(spreads[0].median()),
                short(spreads[1].median()),
                short(quotients[0]),
                short(quotients[1])
            ),
            beside: floor.to_owned(),
            goal: "at most 1.1 of the floor, no allocation",
            met: quotients.iter().all(|quotient| *quotient <= 1.1)
                && allocations.get(name).is_some_and(|count| count == "0"),
        });
    }
    section
}

fn subjects(runtime: &Runtime, endpoint: &Endpoint) -> Vec<Subject> {
    let owned = warm::<Tokenex>(runtime, endpoint);
    vec![
        subject("floor: an atomic load", AtomicLoad::default()),
        subject("floor: `arc_swap` guard", Guard::default()),
        subject(BORROWED_FLOOR, GuardAndClock::default()),
        subject(PEEK, owned.borrowed()),
        subject("floor: clone of an `Arc`", CloneOfArc::default()),
        subject("floor: `load_full`", LoadFull::default()),
        subject(OWNED_FLOOR, LoadFullAndClock::default()),
        subject(GET, owned.got()),
        subject(ObjectStore::NAME, warm::<ObjectStore>(runtime, endpoint)),
        subject(GoogleCloudAuth::NAME, warm::<GoogleCloudAuth>(runtime, endpoint)),
        subject(AzureIdentity::NAME, warm::<AzureIdentity>(runtime, endpoint)),
        subject(Reqsign::NAME, warm::<Reqsign>(runtime, endpoint)),
        subject(Aws::NAME, warm::<Aws>(runtime, endpoint)),
    ]
}

/// A credential that is there.
pub(super) fn warm<L: Library>(runtime: &Runtime, endpoint: &Endpoint) -> L::Held {
    runtime.block_on(async {
        let held = L::new().hold(endpoint);
        held.read().await.unwrap_or_else(|why| panic!("{}: {why}", L::NAME));
        held
    })
}

/// The loop is compiled for each subject, so that nothing is called through a pointer.
fn subject<H: Held>(name: &'static str, held: H) -> Subject {
    let held = Arc::new(held);
    let once = Box::new({
        let held = held.clone();
        move || read_now(&*held)
    });
    let measure = move |runtime: &Runtime, tasks: usize, reads: usize| {
        runtime.block_on(async {
            let begin = cpu();
            let readers: Vec<_> = (0..tasks)
                .map(|_| {
                    let held = held.clone();
                    tokio::spawn(async move {
                        for _ in 0..reads / tasks {
                            let _ = black_box(held.read().await.expect("warm"));
                        }
                    })
                })
                .collect();
            for reader in readers {
                reader.await.expect("no panic");
            }
            (cpu() - begin).as_nanos() as f64 / (reads / tasks * tasks) as f64
        })
    };
    Subject { name, measure: Box::new(measure), once, figures: [Vec::new(), Vec::new()] }
}

/// How often each subject allocates in one read. Another program counts, so that counting costs nothing here.
fn allocations() -> HashMap<String, String> {
    let program = std::env::current_exe().expect("this program").with_file_name("allocations");
    let output = Command::new(program).output().expect("`allocations` is built beside this program");
    let text = String::from_utf8_lossy(&output.stdout);
    let pairs = text.lines().filter_map(|line| line.split_once('\t'));
    pairs.map(|(name, count)| (name.to_owned(), count.to_owned())).collect()
}

/// Calls `count` with each subject of this row and a way to read it once.
pub fn each_warm_read(mut count: impl FnMut(&str, &dyn Fn())) {
    let runtime = runtime();
    let server = Server::start().expect("a server");
    let endpoint = server.open(Habits::PLAIN).expect("a port");
    let subjects = subjects(&runtime, &endpoint);
    // Some ask for the runtime even where they do not wait.
    let _inside = runtime.enter();
    for subject in &subjects {
        count(subject.name, &*subject.once);
    }
}

/// Polls once: a warm credential does not wait.
fn read_now<H: Held>(held: &H) {
    match pin!(held.read()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => drop(black_box(outcome.expect("warm"))),
        Poll::Pending => panic!("a warm credential does not wait"),
    }
}

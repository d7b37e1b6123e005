//! Resident memory of a credential that is held and kept fresh. Each figure is of a process of its own.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::floors::{Fleet, OneTask, TaskEach, TokenexFleet};
use crate::in_process::Source;
use crate::measure::{Effort, resident, runtime, short};
use crate::report::{Line, Plot, Section, Table, Verdict};
use crate::server::{Habits, Server};
use crate::subjects::{
    Aws, AzureIdentity, GoogleCloudAuth, Held as _, Library, ObjectStore, Reqsign, Tokenex, clean_up,
};

/// All of them have been replaced once before the memory is read.
const FIRST_LIFETIME: Duration = Duration::from_secs(10);
const LATER_LIFETIME: Duration = Duration::from_secs(3600);
const GOAL: f64 = 2000.0;
const WITH_AZURE: &str = "tokenex, with `tokenex-azure`";

/// The child: holds `n` credentials and prints by how many bytes that has made the process grow.
///
/// # Errors
/// When there is no such subject.
pub fn held(subject: &str, n: &str) -> Result<(), String> {
    let n: usize = n.parse().map_err(|_| format!("`{n}` is not a number"))?;
    let grown = match subject {
        "tokenex" => fleet::<TokenexFleet>(n),
        "one-task" => fleet::<OneTask>(n),
        "task-each" => fleet::<TaskEach>(n),
        "tokenex-http" => library::<Tokenex>(n),
        "reqsign" => library::<Reqsign>(n),
        "google" => library::<GoogleCloudAuth>(n),
        "azure" => library::<AzureIdentity>(n),
        "aws" => library::<Aws>(n),
        "object-store" => library::<ObjectStore>(n),
        _ => return Err(format!("`{subject}` is not a subject")),
    };
    clean_up();
    println!("{grown}");
    Ok(())
}

pub(super) fn run(effort: Effort) -> Section {
    let mut section = Section::new("Resident memory of a credential");
    let sizes = effort.pick([1, 10, 100, 1_000, 10_000, 100_000].as_slice(), [100, 1_000].as_slice());
    let largest = *sizes.last().expect("there are some");
    section.say(
        "By how much a process grows for each credential that it holds, token included (900 bytes), after each has been \
         replaced once. The first three take them from a source in the process, all others from the local server.",
    );

    let mut lines = Vec::new();
    let mut table = Table::new(&["from a source in the process, bytes each", "10,000", "100,000"]);
    let before_last = sizes[sizes.len() - 2];
    for (name, subject) in [(TokenexFleet::NAME, "tokenex"), (OneTask::NAME, "one-task"), (TaskEach::NAME, "task-each")]
    {
        let points: Vec<_> = sizes.iter().map(|n| (*n as f64, grown(subject, *n))).collect();
        let each =
            |n: usize| points.iter().find(|point| point.0 == n as f64).map_or(f64::NAN, |point| point.1 / point.0);
        let (some, many) = (each(before_last), each(largest));
        table.line(&[name.to_owned(), short(some), short(many)]);
        if name == TokenexFleet::NAME {
            section.judge(Verdict {
                measure: "memory of a credential with a 900-byte token",
                measured: format!("{some:.0} bytes at 10,000, {many:.0} at 100,000"),
                beside: "see the table".to_owned(),
                goal: "under 2 kB, flat to 100,000",
                met: some < GOAL && many < GOAL && many < 1.1 * some,
            });
        }
        let kilobytes = points.iter().map(|(n, bytes)| (*n, bytes / 1000.0)).collect();
        lines.push(Line { name, points: kilobytes });
    }
    section.say(table);

    let mut table = Table::new(&["from the local server, bytes each", "1,000", "10,000", "100,000"]);
    let sizes = effort.pick([1_000, 10_000, 100_000], [50, 100, 200]);
    for (name, subject, largest) in [
        (WITH_AZURE, "tokenex-http", 2),
        (Reqsign::NAME, "reqsign", 2),
        (AzureIdentity::NAME, "azure", 2),
        (Aws::NAME, "aws", 1),
        (GoogleCloudAuth::NAME, "google", 0),
        (ObjectStore::NAME, "object-store", 0),
    ] {
        let each = |index: usize| (index <= largest).then(|| grown(subject, sizes[index]) / sizes[index] as f64);
        let all = [0, 1, 2].map(each);
        let [few, some, many] = all.map(|each| each.map_or_else(|| "–".to_owned(), short));
        table.line(&[name.to_owned(), few, some.clone(), many.clone()]);
        if name == WITH_AZURE {
            section.judge(Verdict {
                measure: "memory with `tokenex-azure`, a client each",
                measured: format!("{some} bytes at 10,000, {many} at 100,000"),
                beside: "see the table".to_owned(),
                goal: "under 2 kB, flat to 100,000",
                met: all.iter().skip(1).flatten().all(|each| *each < GOAL),
            });
        }
    }
    section.say(table);
    section.say(
        "With `tokenex-azure` each credential has a client of its own, which several scopes of one client would share; all \
         share one identity and one HTTP client.",
    );
    section.say(
        "reqsign-core, azure_identity, the AWS SDK and object_store replace nothing by themselves, so each was read again \
         instead. Of the last three fewer are held: the AWS SDK for want of memory, the others for the time that making so many \
         HTTP clients takes.",
    );
    section
        .draw("memory", &Plot { title: "Resident memory", across: "credentials held", up: "kB of the process", lines });
    section
}

/// Bytes by which a process grows that holds `n`.
fn grown(subject: &str, n: usize) -> f64 {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args(["held", subject, &n.to_string()]).output().expect("a child");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().unwrap_or_else(|_| panic!("{subject}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn fleet<F: Fleet>(n: usize) -> u64 {
    let source = Source::new(FIRST_LIFETIME, LATER_LIFETIME);
    runtime().block_on(async {
        // What one needs, all share.
        let one = F::start(Source::new(LATER_LIFETIME, LATER_LIFETIME), 1);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let before = resident();
        let fleet = F::start(source.clone(), n);
        while source.issued() < 2 * n as u64 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!((0..n).all(|index| fleet.usable(index)) && one.usable(0));
        resident().saturating_sub(before)
    })
}

fn library<L: Library>(n: usize) -> u64 {
    const AT_ONCE: usize = 32;
    let server = Server::start().expect("a server");
    let endpoint = server.open(Habits::PLAIN).expect("a port");
    runtime().block_on(async {
        let library = Arc::new(L::new());
        // A few tasks with a share each: one for each credential would leave its own room behind beside it.
        let hold = |n: usize| {
            let tasks: Vec<_> = (0..AT_ONCE)
                .map(|index| {
                    let (library, endpoint) = (library.clone(), endpoint.clone());
                    let share = n / AT_ONCE + usize::from(index < n % AT_ONCE);
                    tokio::spawn(async move {
                        let mut all = Vec::with_capacity(share);
                        for _ in 0..share {
                            let held = library.hold(&endpoint);
                            held.read().await.unwrap_or_else(|why| panic!("{}: {why}", L::NAME));
                            all.push(held);
                        }
                        all
                    })
                })
                .collect();
            async move {
                let mut shares = Vec::with_capacity(AT_ONCE);
                for task in tasks {
                    shares.push(task.await.expect("no panic"));
                }
                shares
            }
        };
        let _few = hold(AT_ONCE).await;
        let before = resident();
        let all = hold(n).await;
        for held in all.iter().flatten() {
            held.read().await.unwrap_or_else(|why| panic!("{}: {why}", L::NAME));
        }
        resident().saturating_sub(before)
    })
}

//! Many exchanges over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Runtime;

use super::bare::Bare;
use crate::measure::{Effort, Spread, cpu, runtime, short};
use crate::report::{Section, Table, Verdict};
use crate::server::{Endpoint, Habits, Server};
use crate::subjects::{Aws, AzureIdentity, GoogleCloudAuth, Held as _, Library, ObjectStore, Reqsign, Tokenex};

const AT_ONCE: usize = 32;

pub(super) fn run(effort: Effort) -> Section {
    let mut section = Section::new("Exchanges over HTTP");
    let runtime = runtime();
    let server = Server::start().expect("a server");
    let endpoint = server.open(Habits::PLAIN).expect("a port");
    let n = effort.pick(10_000, 500);
    // Ten times and more as long: fewer will do.
    let few = n / 10;
    let rounds = effort.pick(5, 2);
    let mut all: [Vec<f64>; 7] = Default::default();
    let bare = Bare::new(&endpoint);
    let tokenex = runtime.block_on(async { Arc::new(Tokenex::new()) });
    let (reqsign, azure, aws) = (Arc::new(Reqsign::new()), Arc::new(AzureIdentity::new()), Arc::new(Aws::new()));
    let (google, object_store) = (Arc::new(GoogleCloudAuth::new()), Arc::new(ObjectStore::new()));
    for round in 0..=rounds {
        let figures = [
            bare_requests(&runtime, &bare, n),
            exchanges(&runtime, &tokenex, &endpoint, n),
            exchanges(&runtime, &reqsign, &endpoint, n),
            exchanges(&runtime, &azure, &endpoint, n),
            exchanges(&runtime, &aws, &endpoint, n),
            exchanges(&runtime, &google, &endpoint, few),
            exchanges(&runtime, &object_store, &endpoint, few),
        ];
        // Connections are opened in the first round.
        if round > 0 {
            all.iter_mut().zip(figures).for_each(|(all, figure)| all.push(figure));
        }
    }
    section.say(format!(
        "{n} first credentials from the local server, {AT_ONCE} at a time ({few} for the last two): microseconds of processor \
         time of the client for each, {rounds} rounds in which all take turns, median and range. The server is another process."
    ));
    let names = [
        Bare::NAME,
        Tokenex::NAME,
        Reqsign::NAME,
        AzureIdentity::NAME,
        Aws::NAME,
        GoogleCloudAuth::NAME,
        ObjectStore::NAME,
    ];
    let mut table = Table::new(&["", "µs each", "of the bare request"]);
    for (name, figures) in names.iter().zip(&all) {
        let spread: Spread = figures.iter().copied().collect();
        let quotient = Spread::of_quotients(figures, &all[0]).median();
        table.line(&[(*name).to_owned(), spread.to_string(), short(quotient)]);
        if *name == Tokenex::NAME {
            let floor = all[0].iter().copied().collect::<Spread>().median();
            section.judge(Verdict {
                measure: "10,000 exchanges over HTTP, 32 at a time",
                measured: format!(
                    "{} µs of processor time each, {} of bare reqwest",
                    short(spread.median()),
                    short(quotient)
                ),
                beside: format!("bare reqwest {} µs", short(floor)),
                goal: "at most 1.6 of bare reqwest",
                met: quotient <= 1.6,
            });
        }
    }
    section.say(table);
    section
}

/// Microseconds each.
fn bare_requests(runtime: &Runtime, bare: &Bare, n: usize) -> f64 {
    let bare = bare.clone();
    side_by_side(runtime, n, move || {
        let bare = bare.clone();
        async move { bare.exchange().await }
    })
}

/// Microseconds each. All are held to the end, as a program holds them.
fn exchanges<L: Library>(runtime: &Runtime, library: &Arc<L>, endpoint: &Endpoint, n: usize) -> f64 {
    let (library, endpoint) = (library.clone(), endpoint.clone());
    side_by_side(runtime, n, move || {
        let (library, endpoint) = (library.clone(), endpoint.clone());
        async move {
            let held = library.hold(&endpoint);
            held.read().await.unwrap_or_else(|why| panic!("{}: {why}", L::NAME));
            held
        }
    })
}

fn side_by_side<F, Fut>(runtime: &Runtime, n: usize, exchange: F) -> f64
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Send + 'static> + Send,
{
    let (left, exchange) = (Arc::new(AtomicUsize::new(n)), Arc::new(exchange));
    let begin = cpu();
    let kept = runtime.block_on(async {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (left, exchange) = (left.clone(), exchange.clone());
                tokio::spawn(async move {
                    let mut kept = Vec::with_capacity(n / AT_ONCE);
                    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                        kept.push(exchange().await);
                    }
                    kept
                })
            })
            .collect();
        let mut all = Vec::with_capacity(AT_ONCE);
        for worker in workers {
            all.push(worker.await.expect("no panic"));
        }
        all
    });
    let taken = cpu() - begin;
    // On the runtime: some of what they hold ends tasks.
    runtime.block_on(async { drop(kept) });
    taken.as_secs_f64() * 1e6 / n as f64
}

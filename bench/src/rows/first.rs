//! The first credential, beside the one request that it cannot do without.

use std::time::Instant;

use super::bare::Bare;
use crate::measure::{Effort, Spread, runtime, short};
use crate::report::{Section, Table, Verdict};
use crate::server::{Endpoint, Habits, Server};
use crate::subjects::{Aws, AzureIdentity, GoogleCloudAuth, Held as _, Library, ObjectStore, Reqsign, Tokenex};

/// Milliseconds of each round.
#[derive(Default)]
struct Figures(Vec<f64>);

pub(super) fn run(effort: Effort) -> Section {
    let mut section = Section::new("The first credential");
    let runtime = runtime();
    let server = Server::start().expect("a server");
    let endpoint = server.open(Habits::PLAIN).expect("a port");
    let rounds = effort.pick(500, 50);
    let mut all: [Figures; 7] = Default::default();
    // On a worker, as the tasks of a program are: a thread more to wake would count for each request.
    let measured = runtime.spawn(async move {
        let bare = Bare::new(&endpoint);
        let libraries = (
            Tokenex::new(),
            Reqsign::new(),
            AzureIdentity::new(),
            Aws::new(),
            GoogleCloudAuth::new(),
            ObjectStore::new(),
        );
        for round in 0..rounds + rounds / 10 {
            // Each begins twice in its turn, and only the second time counts: what a neighbour leaves in the processor's caches is
            // neither its merit nor its fault. The same goes for what is left to do on the worker, which is done by the next turn.
            let mut times = [0.0; 7];
            for (index, time) in times.iter_mut().enumerate() {
                for _ in 0..2 {
                    tokio::task::yield_now().await;
                    *time = match index {
                        0 => bare_request(&bare).await,
                        1 => first(&libraries.0, &endpoint).await,
                        2 => first(&libraries.1, &endpoint).await,
                        3 => first(&libraries.2, &endpoint).await,
                        4 => first(&libraries.3, &endpoint).await,
                        5 => first(&libraries.4, &endpoint).await,
                        _ => first(&libraries.5, &endpoint).await,
                    };
                }
            }
            // Connections are opened in the first ones.
            if round >= rounds / 10 {
                all.iter_mut().zip(times).for_each(|(figures, time)| figures.0.push(time));
            }
        }
        all
    });
    let all = runtime.block_on(measured).expect("no panic");
    section.say(format!(
        "Milliseconds from nothing but an HTTP client with an open connection to a credential in hand, {rounds} rounds in which \
         all take turns; in each turn a subject begins twice, and the second time counts: median and range. For tokenex the start of a scheduler is part of it. google-cloud-auth and \
         object_store make their own HTTP client each time."
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
    let bare = all[0].0.iter().copied().collect::<Spread>().median();
    let mut table = Table::new(&["", "ms", "beyond the bare request, ms", "of the bare request"]);
    for (name, figures) in names.iter().zip(&all) {
        let beyond: Spread = figures.0.iter().zip(&all[0].0).map(|(figure, bare)| figure - bare).collect();
        let beyond = beyond.median();
        let spread: Spread = figures.0.iter().copied().collect();
        table.line(&[(*name).to_owned(), spread.to_string(), format!("{beyond:.3}"), short(beyond / bare)]);
        if *name == Tokenex::NAME {
            section.judge(Verdict {
                measure: "first credential, beyond one bare request",
                measured: format!("{beyond:.3} ms, {} of the bare request", short(beyond / bare)),
                beside: format!("a bare request takes {bare:.3} ms"),
                goal: "less than the bare request itself",
                met: beyond < bare,
            });
        }
    }
    section.say(table);
    section.say(
        "What tokenex takes beyond the request is, by the profile, mostly tasks and wakes: the request is handed from the caller to \
         its connection and back, a first credential from the caller to the driver, to the attempt, to the connection, and all \
         the way back; the driver's first timer wakes the other worker as well. The rest is making the provider, reading the \
         identity token and the answer. Later credentials wait for none of this: they are there before anybody asks.",
    );
    section
}

async fn bare_request(bare: &Bare) -> f64 {
    let begin = Instant::now();
    bare.exchange().await;
    begin.elapsed().as_secs_f64() * 1e3
}

async fn first<L: Library>(library: &L, endpoint: &Endpoint) -> f64 {
    let begin = Instant::now();
    let held = library.first(endpoint);
    held.read().await.unwrap_or_else(|why| panic!("{}: {why}", L::NAME));
    begin.elapsed().as_secs_f64() * 1e3
}

//! A thousand callers at once, again and again, with credentials that do not live long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::callers::{CALLERS, Sweep, sweep};
use crate::measure::{Effort, runtime, short};
use crate::report::{Section, Table, Verdict};
use crate::server::{Habits, Server};
use crate::subjects::{Aws, AzureIdentity, GoogleCloudAuth, Held as _, Library, ObjectStore, Reqsign, Tokenex};

/// Milliseconds of each answer.
const DELAY: u64 = 20;
/// A thousand callers come so often in a lifetime.
const SWEEPS: u32 = 8;
/// Whoever makes its callers queue is stopped after this long at the latest, or after a lifetime and a quarter.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one library made of one lifetime.
struct Outcome {
    name: &'static str,
    requests: u64,
    callers: usize,
    sweep: Sweep,
}

pub(super) fn run(effort: Effort) -> Section {
    let mut section = Section::new("1,000 callers at once, and short lives");
    let server = Server::start().expect("a server");
    section.say(format!(
        "Each answer takes {DELAY} ms. {CALLERS} tasks want the credential at the same moment, {SWEEPS} times in a lifetime, \
         for a lifetime and a quarter; where callers queue for longer than the pause, the next {CALLERS} come when they are \
         through. The first credential is there before they come, and there is a valid one all the time wherever a library \
         asks for it in time."
    ));
    for lifetime in effort.pick([4, 60, 120].as_slice(), [4].as_slice()) {
        let outcomes = runtime().block_on(all_libraries(&server, *lifetime));
        let column = format!("lifetime {lifetime} s");
        let mut table = Table::new(&[&column, "requests", "callers", "waited", "slowest, ms", "errors"]);
        for Outcome { name, requests, callers, sweep } in &outcomes {
            table.line(&[
                (*name).to_owned(),
                requests.to_string(),
                callers.to_string(),
                sweep.waited.to_string(),
                short(sweep.slowest.as_secs_f64() * 1e3),
                sweep.failed.to_string(),
            ]);
        }
        section.say(table);
        let ours = &outcomes[0];
        section.judge(Verdict {
            measure: match lifetime {
                4 => "1,000 callers, lifetime 4 s",
                60 => "1,000 callers, lifetime 60 s",
                _ => "1,000 callers, lifetime 120 s",
            },
            measured: format!("{} requests, {} of {} waited", ours.requests, ours.sweep.waited, ours.callers),
            beside: format!("slowest caller {} ms", short(ours.sweep.slowest.as_secs_f64() * 1e3)),
            goal: "1 request for each refresh (at most 3 here), nobody waits",
            met: ours.requests <= 3 && ours.sweep.waited == 0 && ours.sweep.failed == 0,
        });
    }
    section
}

/// Side by side, since most of it is waiting; each begins a little later than the one before.
async fn all_libraries(server: &Server, lifetime: u64) -> Vec<Outcome> {
    let (a, b, c, d, e, f) = tokio::join!(
        one::<Tokenex>(server, lifetime, 0),
        one::<GoogleCloudAuth>(server, lifetime, 1),
        one::<AzureIdentity>(server, lifetime, 2),
        one::<Reqsign>(server, lifetime, 3),
        one::<ObjectStore>(server, lifetime, 4),
        one::<Aws>(server, lifetime, 5),
    );
    vec![a, b, c, d, e, f]
}

async fn one<L: Library>(server: &Server, lifetime: u64, turn: u32) -> Outcome {
    let pause = Duration::from_secs(lifetime) / SWEEPS;
    tokio::time::sleep(pause * turn / 6).await;
    let endpoint = server.open(Habits::lifetime(lifetime).delay(DELAY)).expect("a port");
    let held = Arc::new(L::new().hold(&endpoint));
    held.read().await.unwrap_or_else(|why| panic!("{}: {why}", L::NAME));
    let begin = Instant::now();
    let mut outcome = Outcome { name: L::NAME, requests: 0, callers: 0, sweep: Sweep::default() };
    for number in 1..=SWEEPS + SWEEPS / 4 {
        let at = begin + pause * number;
        if begin.elapsed() > PATIENCE.max(pause * (SWEEPS + SWEEPS / 4)) {
            break;
        }
        tokio::time::sleep_until(at.into()).await;
        outcome.sweep.add(sweep(&held).await);
        outcome.callers += CALLERS;
    }
    // The first request was for the credential that was there before.
    outcome.requests = endpoint.count().expect("a count") - 1;
    outcome
}

//! The moment at which a library finds that it is time for another credential.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::callers::{CALLERS, Sweep, sweep};
use crate::measure::runtime;
use crate::server::{Habits, Server};
use crate::subjects::{Aws, AzureIdentity, GoogleCloudAuth, Held as _, Library, ObjectStore, Reqsign, Tokenex};

/// What happened there.
pub(super) struct Seen {
    pub(super) requests: u64,
    pub(super) callers: usize,
    pub(super) sweep: Sweep,
}

/// The first credential's lifetime in seconds, chosen so that the library replaces it within seconds and well before its
/// end. These are the numbers of the libraries: how long before the end they ask again.
fn lifetime<L: Library>() -> u64 {
    const LIFETIMES: [(&str, u64); 6] = [
        (Tokenex::NAME, 4),
        // Four minutes before the end.
        (GoogleCloudAuth::NAME, 242),
        // Five minutes before the end.
        (AzureIdentity::NAME, 302),
        (ObjectStore::NAME, 302),
        // Twenty seconds before the end.
        (Reqsign::NAME, 22),
        // Up to ten seconds before the end.
        (Aws::NAME, 12),
    ];
    LIFETIMES.iter().find(|(name, _)| *name == L::NAME).map_or(60, |(_, lifetime)| *lifetime)
}

/// `None` when the library did not ask again in time.
pub(super) fn refresh_point<L: Library>(server: &Server, delay: u64) -> Option<Seen> {
    const BETWEEN: Duration = Duration::from_millis(25);
    const PATIENCE: Duration = Duration::from_secs(15);
    let endpoint = server.open(Habits { first: lifetime::<L>(), later: 3600, delay }).expect("a port");
    runtime().block_on(async {
        let held = Arc::new(L::new().hold(&endpoint));
        held.read().await.unwrap_or_else(|why| panic!("{}: {why}", L::NAME));
        // Where the first one counts as too old already, it is only replaced now.
        let begin = Instant::now();
        let mut seen = Seen { requests: 0, callers: 0, sweep: Sweep::default() };
        let mut after = 0;
        while begin.elapsed() < PATIENCE {
            seen.sweep.add(sweep(&held).await);
            seen.callers += CALLERS;
            seen.requests = endpoint.count().expect("a count").saturating_sub(1);
            // Some more after the request has arrived: it takes its time.
            after += u32::from(seen.requests > 0);
            if after > 4 {
                return Some(seen);
            }
            tokio::time::sleep(BETWEEN).await;
        }
        None
    })
}

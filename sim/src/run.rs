//! One run: the days of one seed, on a clock that nobody waits for.

use std::hash::Hasher as _;
use std::sync::Once;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::days::Days;
use crate::heap::growth;
use crate::live::Live;
use crate::outcome::{Options, Outcome};
use crate::tally::Tally;
use crate::{oracle, panics};

/// So many panics of one seed are told.
const PANICS_KEPT: usize = 5;

/// Simulates the days of one seed, on a thread of its own. It takes no other time than it computes. A panic of whatever crate
/// is a violation, also where the engine catches it; one that nobody catches ends the run.
pub fn run(options: &Options) -> Outcome {
    warm_up();
    let watched = panics::watched(format!("seed {}", options.seed), || live_through(options));
    let mut outcome = watched.done.unwrap_or_else(|| Outcome {
        seed: options.seed,
        tally: Tally::default(),
        violations: Vec::new(),
        violated: 0,
        heap: Vec::new(),
        digest: 0,
    });
    outcome.violated += watched.panics.len() as u64;
    outcome.violations.extend(watched.panics.into_iter().take(PANICS_KEPT));
    outcome
}

/// What crates make once for the whole process, tables and patterns, belongs to no seed: all of it is made by a story that nobody
/// weighs.
fn warm_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        oracle::make_keys();
        panics::watched("warm-up".to_owned(), || live_through(&Options { seed: 0, days: 2, plant: None }));
    });
}

fn live_through(options: &Options) -> Outcome {
    fastrand::seed(options.seed);
    let mut live = Live::new();
    let mut begun: Option<(Runtime, Days)> = None;
    live.grow(growth(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime without I/O needs nothing");
        let run = runtime.block_on(async { Days::new(options) });
        begun = Some((runtime, run));
    }));
    let (runtime, mut run) = begun.expect("the run has begun");
    let length = options.length();
    // Virtual time can be read on its runtime only.
    let (mut now, mut calm) = (Duration::ZERO, false);
    while now < length {
        live.grow(growth(|| (now, calm) = runtime.block_on(run.step())));
        if calm {
            live.look(now);
        }
    }
    let heap = live.by_day();
    runtime.block_on(run.finish());
    let (violations, violated) = run.ledger.violations();
    Outcome {
        seed: options.seed,
        tally: run.ledger.with(|ledger| ledger.tally),
        violations,
        violated,
        heap,
        digest: run.digest.finish(),
    }
}

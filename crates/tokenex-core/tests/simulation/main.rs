//! A month of a thousand credentials, on the real driver and a clock moved by hand.
//!
//! Targets fail in every way they know, clocks step, the machine sleeps, credentials are born dead, equal, bound to each
//! other. The targets keep [books](books) of what they issued and when it dies; a [judge](judge) compares what readers see
//! with the books. `TOKENEX_SIMULATION_SEED` chooses another month.
#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods)]

mod books;
mod judge;
mod month;
mod provider;
mod weather;

use std::io::Write;
use std::time::{Duration, Instant};

use month::{Month, Plant};

const DAY: Duration = Duration::from_secs(86_400);

fn seed() -> u64 {
    match std::env::var("TOKENEX_SIMULATION_SEED") {
        Ok(text) => text.parse().expect("TOKENEX_SIMULATION_SEED is a number"),
        Err(_) => 2026,
    }
}

#[tokio::test(start_paused = true)]
async fn a_month_of_a_thousand_credentials_keeps_the_promises() {
    let (seed, begun) = (seed(), Instant::now());
    let (tally, violations) = Month { seed, credentials: 1000, length: 30 * DAY, plant: None }.run().await;
    // Not `println`, which the test runner swallows: what a month saw is worth a line in each run.
    let seconds = begun.elapsed().as_secs_f64();
    let _ = writeln!(std::io::stdout(), "{tally}\na month of 1000 credentials took {seconds:.1} s, seed {seed}");
    assert!(
        violations.is_empty(),
        "{} violations; replay with TOKENEX_SIMULATION_SEED={seed} cargo test -p tokenex-core --test simulation\n{}",
        violations.len(),
        violations.iter().take(20).map(|violation| format!("  {violation}\n")).collect::<String>(),
    );
    for (what, count) in tally.counts() {
        assert!(count > 0, "the month saw no {what}: it shows less than it says; tally: {tally}");
    }
}

/// A small world with one thing wrong in it.
async fn planted(plant: Plant) -> Vec<String> {
    Month { seed: seed(), credentials: 40, length: 3 * DAY, plant: Some(plant) }.run().await.1
}

fn assert_found(violations: &[String], what: &str) {
    assert!(violations.iter().any(|violation| violation.contains(what)), "not found: {what}; but {violations:?}");
}

#[tokio::test(start_paused = true)]
async fn without_anything_planted_the_small_world_is_clean() {
    let month = Month { seed: seed(), credentials: 40, length: 3 * DAY, plant: None };
    assert_eq!(month.run().await.1, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_target_that_lies_about_the_end_is_found() {
    assert_found(&planted(Plant::Liar).await, "read a credential that was dead");
}

#[tokio::test(start_paused = true)]
async fn a_gap_that_no_outage_explains_is_found() {
    assert_found(&planted(Plant::SecretOutages).await, "a gap");
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_never_comes_back_is_found() {
    assert_found(&planted(Plant::Abandoned).await, "still none");
}

#[tokio::test(start_paused = true)]
async fn attempts_beyond_the_allowance_are_found() {
    assert_found(&planted(Plant::StricterAllowance).await, "attempts in one lifetime");
}

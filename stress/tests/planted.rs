//! What is put in on purpose is found, and nothing is found where nothing was put in.

use std::time::Duration;

use stress::{Plan, Plant, live};
use tokio::test;

/// For what is seen at once; a machine under load has all this time.
const ENOUGH: Duration = Duration::from_secs(60);

/// For what is seen by its not coming: each round with it in takes so long.
const SOON: Duration = Duration::from_secs(2);

#[test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_where_nothing_was_planted() {
    for seed in 0..50 {
        let outcome = live(Plan::of(seed)).await;
        assert_eq!(outcome, Ok(()), "seed {seed}");
    }
}

#[test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_nobody_revokes_is_found() {
    assert!(found(Plant::Forgotten, SOON, "never revoked: [").await);
}

#[test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_is_revoked_twice_is_found() {
    assert!(found(Plant::Twice, ENOUGH, "revoked twice: [").await);
}

#[test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_is_read_after_its_end_is_found() {
    assert!(found(Plant::Over, ENOUGH, "was over when it was read").await);
}

#[test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_attempts_at_once_are_found() {
    assert!(found(Plant::Crowd, ENOUGH, "attempts at once").await);
}

#[test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_waits_for_ever_is_found() {
    assert!(found(Plant::Hang, SOON, "waits for ever").await);
}

/// Not every plan has a place for every fault: one of so many must.
async fn found(plant: Plant, patience: Duration, words: &str) -> bool {
    for seed in 0..50 {
        if live(Plan::of(seed).with(plant, patience)).await.is_err_and(|why| why.contains(words)) {
            return true;
        }
    }
    false
}

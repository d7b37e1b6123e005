//! What is planted is found, what is not planted is not, and a seed is one story.
#![allow(missing_docs)]

use simulation::{MOST_GROWTH, Options, Outcome, Plant, run};

fn with(plant: Option<Plant>) -> Outcome {
    run(&Options { seed: 5, days: 2, plant })
}

fn assert_found(outcome: &Outcome, what: &str) {
    assert!(outcome.violations.iter().any(|found| found.contains(what)), "not found: {what}; but {outcome:?}");
}

#[test]
fn a_seed_without_anything_planted_is_clean_and_the_same_again() {
    let (one, again) = (with(None), with(None));
    assert_eq!(one.violations, Vec::<String>::new());
    assert_eq!((one.digest, one.tally), (again.digest, again.tally));
    for (what, count) in one.tally.counts() {
        assert!(count > 0, "the run saw no {what}: it shows less than it says");
    }
}

#[test]
fn an_outage_that_nobody_told_the_judge_of_is_found_as_a_gap() {
    assert_found(&with(Some(Plant::Gap)), "a gap");
}

#[test]
fn refreshes_that_come_too_late_to_outlast_what_is_promised_are_found_as_gaps() {
    assert_found(&with(Some(Plant::Late)), "a gap");
}

#[test]
fn a_panic_that_the_engine_catches_is_told() {
    let outcome = with(Some(Plant::Panic));
    assert_found(&outcome, "planted in a provider");
    assert!(outcome.tally.attempts > 100, "the run went on");
}

#[test]
fn a_panic_of_the_run_itself_ends_only_this_seed() {
    let outcome = with(Some(Plant::Crash));
    assert_found(&outcome, "planted in the run itself");
    assert_eq!(outcome.violated, 1);
}

#[test]
fn attempts_that_leak_are_found_on_the_heap() {
    let growth = with(Some(Plant::Leak)).growth().expect("calm moments on both days");
    assert!(growth > MOST_GROWTH, "{growth}");
}

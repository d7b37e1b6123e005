//! What is planted is found, what is not planted is not, and a seed is one story.
#![allow(missing_docs)]

use simulation::{Options, Outcome, Plant, run};

fn with(plant: Option<Plant>) -> Outcome {
    run(&Options { seed: 1, days: 2, plant })
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
fn attempts_that_leak_are_found_on_the_heap() {
    assert_found(&with(Some(Plant::Leak)), "the heap grows");
}

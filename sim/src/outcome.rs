//! What a run is given, and what comes of it.

use std::time::Duration;

use crate::tally::Tally;

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// Something wrong that the simulation must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// An outage that the judge is not told of.
    Gap,
    /// Each attempt leaks a little.
    Leak,
    /// Credentials are refreshed later than the judge believes.
    Late,
    /// A provider panics as nobody meant it to.
    Panic,
    /// The run itself ends in a panic.
    Crash,
}

/// What to simulate.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// All that happens follows from it.
    pub seed: u64,
    /// For how long.
    pub days: u32,
    /// Something wrong, to see that it is found.
    pub plant: Option<Plant>,
}

impl Options {
    pub(crate) fn length(&self) -> Duration {
        DAY * self.days
    }
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The seed that it came from.
    pub seed: u64,
    /// What it has seen.
    pub tally: Tally,
    /// What did not hold; the first of it.
    pub violations: Vec<String>,
    /// How often something did not hold.
    pub violated: u64,
    /// What the program held, in bytes, on each day with a moment in which nothing was under way: the median of those moments.
    pub heap: Vec<i64>,
    /// The same for the same run: of everything that was seen, in its order.
    pub digest: u64,
}

impl Outcome {
    /// What the program held on the last day, as a multiple of the first.
    pub fn growth(&self) -> Option<f64> {
        match *self.heap {
            [first, .., last] => Some(last as f64 / first as f64),
            _ => None,
        }
    }
}

/// How much the program may grow from the first day to the last.
pub const MOST_GROWTH: f64 = 1.05;

/// The growth in the middle of these runs, when there is one. What crates make at their first use in a process is charged to
/// the run that happens to come first, so that several runs are judged together.
pub fn growth_of_all(outcomes: &[Outcome]) -> Option<f64> {
    let mut all: Vec<f64> = outcomes.iter().filter_map(Outcome::growth).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

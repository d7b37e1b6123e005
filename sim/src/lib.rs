//! Months of bad days: the real driver, handles and providers before the twins of all targets, in memory and on a
//! virtual clock. All choices come from one seed, so that a month can be lived through again.
//!
//! `docs/simulation.md` in the repository says what goes wrong, what must hold, and what does not take part.

#![forbid(unsafe_code)]

mod clouds;
mod heap;
mod judge;
mod kept;
mod ledger;
mod live;
mod program;
mod run;
mod tally;
mod third_party;
mod token_file;
mod truth;
mod watched;
mod weather;
mod wire;

pub use run::{Options, Outcome, Plant, run};
pub use tally::Tally;

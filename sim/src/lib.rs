//! Months of bad days: the real driver, handles and providers before the twins of all targets, in memory and on a
//! virtual clock. All choices come from one seed, so that a month can be lived through again.
//!
//! `docs/simulation.md` in the repository says what goes wrong, what must hold, and what does not take part.

#![forbid(unsafe_code)]

mod clouds;
mod days;
mod heap;
mod history;
mod judge;
mod kept;
mod ledger;
mod live;
mod oracle;
mod outcome;
mod panics;
mod program;
mod run;
mod tally;
mod third_party;
mod token_file;
mod truth;
mod watched;
mod weather;
mod wire;

/// What does not take part in the simulation, and why.
pub const ABSENT: [&str; 4] = [
    "files, commands and sockets (they are real, and a virtual clock does not wait for them)",
    "the making of Oracle Cloud's session keys (on a real thread: they come from a pool)",
    "identities of instances, pods and CI systems (their endpoints give tokens as the issuer here does)",
    "the randomness of keys and signatures (no choice depends on it)",
];

pub use outcome::{MOST_GROWTH, Options, Outcome, Plant, growth_of_all};
pub use run::run;
pub use tally::Tally;

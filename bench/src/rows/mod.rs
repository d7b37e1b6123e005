//! The rows of the report, one file each.

mod bare;
mod burst;
mod callers;
mod churn;
mod exchanges;
mod first;
mod lifetimes;
mod memory;
mod read;
mod refresh_point;
mod start;
mod storm;

pub use memory::held;
pub use read::each_warm_read;

use crate::measure::Effort;
use crate::report::Section;

/// A row: its name on the command line, and what it does.
pub type Row = (&'static str, fn(Effort) -> Section);

/// All rows in the order of the report.
pub const ALL: [Row; 9] = [
    ("read", read::run),
    ("burst", burst::run),
    ("lifetimes", lifetimes::run),
    ("first", first::run),
    ("memory", memory::run),
    ("start", start::run),
    ("churn", churn::run),
    ("exchanges", exchanges::run),
    ("storm", storm::run),
];

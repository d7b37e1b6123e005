//! Measuring on a machine that has other things to do as well.
//!
//! Processor time is what a figure rests on wherever that is possible: the clock on the wall counts the neighbours too.

mod process;
mod spread;

pub use process::{cpu, load_average, resident};
pub use spread::Spread;
pub(crate) use spread::short;

use tokio::runtime::{Builder, Runtime};

/// Two workers, as on a small machine.
///
/// # Panics
/// When there are no threads to be had.
pub fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Small numbers, to try a row out.
    pub quick: bool,
}

impl Effort {
    /// `full`, or `quick` when only trying out.
    pub fn pick<T>(self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

//! The least that could do the same work.
//!
//! Primitives are the floor of reading ([`primitives`]). A [`Fleet`] keeps a number of credentials fresh: tokenex's, and two
//! that do nothing but that: no failures, no lineage, no closing, no status.

pub mod primitives;

mod one_task;
mod task_each;
mod tokenex;

use std::sync::Arc;
use std::time::Duration;

pub use one_task::OneTask;
pub use task_each::TaskEach;
pub use tokenex::TokenexFleet;

use crate::in_process::Source;

/// Many credentials, kept fresh from an in-process source.
pub trait Fleet: Sized + Send + Sync + 'static {
    /// As in the report.
    const NAME: &'static str;

    /// Starts keeping `n` credentials. Called on a runtime.
    fn start(source: Arc<Source>, n: usize) -> Self;

    /// Whether there is a usable credential number `index`, as a reader would look.
    fn usable(&self, index: usize) -> bool;
}

/// As tokenex does by default: when 40 % of the life is left, moved by up to 5 % of that.
fn lead(lifetime: Duration) -> Duration {
    lifetime.mul_f64(0.4 * (0.95 + 0.1 * fastrand::f64()))
}

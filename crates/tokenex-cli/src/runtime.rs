//! The runtime under each command that exchanges anything.

use tokio::runtime::{Builder, Runtime};

use crate::failure::{Exit, Failure};

/// One thread: the work is waiting for answers.
pub(crate) fn start() -> Result<Runtime, Failure> {
    let failed = |error| Failure::new(Exit::Internal, format!("the runtime cannot be started: {error}"));
    Builder::new_current_thread().enable_all().build().map_err(failed)
}

//! `tokenex demo`.

use std::process::ExitCode;

use tokio::runtime::Builder;

use crate::args::Demo;
use crate::demo::{self, Plan};
use crate::exec::signals::Signals;
use crate::failure::{Exit, Failure};

pub(crate) fn run(command: &Demo) -> Result<ExitCode, Failure> {
    let plan = Plan::new(command.duration, command.outage)?;
    // Several threads, unlike other commands: here the targets run too, and making keys is work.
    let failed = |error| Failure::new(Exit::Internal, format!("the runtime cannot be started: {error}"));
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let mut signals = Signals::start()?;
        demo::run(plan, command.plain, signals.end()).await
    })?;
    Ok(ExitCode::SUCCESS)
}

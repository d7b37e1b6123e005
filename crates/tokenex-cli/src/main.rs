//! The program `tokenex`: a shell over the library, for people and for programs in any language.
//!
//! What it does is in `docs/cli.md`. It exchanges nothing by itself.

mod args;
mod catalog;
mod closing;
mod commands;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod exec;
mod failure;
mod formats;
mod inspect;
mod listen;
mod logging;
mod news;
mod output;
mod panics;
mod runtime;
mod table;
mod time;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use args::Arguments;
use failure::{Exit, Failure};

fn main() -> ExitCode {
    panics::install();
    // A fault has its own exit code, and the hook has said what there is to say.
    let end = std::panic::catch_unwind(run).unwrap_or_else(|_| Ok(Exit::Internal.into()));
    end.unwrap_or_else(|failure| {
        output::failure(&failure);
        failure.exit().into()
    })
}

fn run() -> Result<ExitCode, Failure> {
    args::refuse_tokens(std::env::args_os())?;
    let arguments = Arguments::parse();
    logging::start(arguments.global.log)?;
    commands::run(arguments)
}

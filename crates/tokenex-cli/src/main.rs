//! The program `tokenex`: a shell over the library, for people and for programs in any language.
//!
//! What it does is in `docs/cli.md`. It exchanges nothing by itself.

mod args;
mod commands;
mod failure;
mod logging;
mod output;

use std::process::ExitCode;

use clap::Parser;

use args::Arguments;
use failure::Failure;

fn main() -> ExitCode {
    run().unwrap_or_else(|failure| {
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

//! One file per command.

pub(crate) mod check;
pub(crate) mod completions;
#[cfg(feature = "demo")]
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod exec;
pub(crate) mod get;
pub(crate) mod inspect;
pub(crate) mod man;
pub(crate) mod watch;

use std::process::ExitCode;

use crate::args::{Arguments, Command};
use crate::failure::Failure;

/// Runs what the arguments ask for.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let global = arguments.global;
    match arguments.command {
        Command::Get(command) => get::run(&global, command),
        Command::Watch(command) => watch::run(&global, command),
        Command::Exec(command) => exec::run(&global, command),
        Command::Inspect(command) => inspect::run(command),
        Command::Check(command) => check::run(&global, command),
        Command::Doctor(command) => doctor::run(&global, &command),
        #[cfg(feature = "demo")]
        Command::Demo(command) => demo::run(&command),
        Command::Completions(command) => completions::run(&command),
        Command::Man(command) => man::run(&command),
    }
}

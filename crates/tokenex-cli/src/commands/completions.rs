//! `tokenex completions`.

use std::process::ExitCode;

use clap::CommandFactory;

use crate::args::{Arguments, Completions};
use crate::failure::Failure;
use crate::output;

/// Prints the script of one shell.
pub(crate) fn run(command: &Completions) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut Arguments::command(), "tokenex", &mut script);
    let _ = output::data(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

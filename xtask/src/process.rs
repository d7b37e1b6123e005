//! Running other programs.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, ExitStatus},
};

use crate::Failure;

/// The cargo that runs us, at the workspace's root.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Shows the command, runs it with its output visible, and fails if it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    show(command);
    let status = command.status().map_err(|e| unstartable(command, &e))?;
    if status.success() { Ok(()) } else { Err(failed(command, status)) }
}

/// Builds a package's program optimised and runs it.
pub(crate) fn run_optimised(root: &Path, package: &str, arguments: &[&str]) -> Result<(), Failure> {
    run(cargo(root).args(["run", "--release", "--locked", "--package", package, "--"]).args(arguments))
}

/// Runs quietly and returns standard output; what the program said on standard
/// error is part of the failure.
pub(crate) fn read(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|e| unstartable(command, &e))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` failed ({}):\n{}", text(command), output.status, said.trim_end()).into())
}

/// The command as a person would type it.
pub(crate) fn text(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words: Vec<_> = std::iter::once(program).chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

fn show(command: &Command) {
    println!("$ {}", text(command));
}

fn failed(command: &Command, status: ExitStatus) -> Failure {
    format!("`{}` failed ({status})", text(command)).into()
}

fn unstartable(command: &Command, error: &std::io::Error) -> String {
    format!("cannot run `{}`: {error}", text(command))
}

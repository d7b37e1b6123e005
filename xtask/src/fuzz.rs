//! `cargo xtask fuzz`: hostile inputs for everything that reads what comes from outside.
//!
//! The targets are in `fuzz/`, in the layout of cargo-fuzz, which needs a nightly toolchain. Here they are driven on this one, by
//! a mutator of their own: it sees no coverage, and needs nothing.

use std::process::Command;

use crate::{
    Failure,
    process::{cargo, run},
    workspace::Workspace,
};

/// How long each target is tried when nothing is said.
const DEFAULT: u64 = 60;

/// `cargo xtask fuzz [TARGET...] [--for 60s] [--seed N] [--input FILE]`.
pub(crate) fn run_targets(arguments: &[&str]) -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    let mut command = driver(&workspace);
    let mut seconds = Some(DEFAULT);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match *word {
            "--for" => seconds = Some(duration(value()?)?),
            "--seed" => drop(command.args(["--seed", value()?])),
            "--input" => {
                seconds = None;
                // The driver runs elsewhere.
                let path = std::path::absolute(value()?)?;
                command.arg("--input").arg(path);
            }
            option if option.starts_with('-') => {
                return Err(format!("`cargo xtask fuzz` has no option `{option}`").into());
            }
            target => drop(command.arg(target)),
        }
    }
    if let Some(seconds) = seconds {
        command.args(["--for", &seconds.to_string()]);
    }
    run(&mut command)
}

/// That each guard sees what is planted; then the corpus of each target and some changes to it, the same ones each time. A stage of
/// `cargo xtask test`.
pub(crate) fn short(workspace: &Workspace) -> Result<(), Failure> {
    run(cargo(&workspace.root).args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;
    let mut planted = cargo(&workspace.root);
    planted.args(["test", "--locked", "--manifest-path", "fuzz/Cargo.toml", "--test", "planted"]);
    run(planted.arg("--target-dir").arg(workspace.build_dir()))?;
    run(&mut driver(workspace))
}

fn driver(workspace: &Workspace) -> Command {
    let mut command = cargo(&workspace.root);
    command.args(["run", "--locked", "--quiet", "--manifest-path", "fuzz/Cargo.toml", "--bin", "drive"]);
    // Among what is built anyway: its dependencies are those of the main workspace.
    command.arg("--target-dir").arg(workspace.build_dir()).arg("--");
    // One of the targets reads what such a program has left behind, and runs none.
    command.env("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1");
    command
}

/// `60s`, `10m`, or seconds.
fn duration(text: &str) -> Result<u64, Failure> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let number: Option<u64> = number.parse().ok().filter(|number| *number > 0);
    number
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| format!("{text} is no time: give 60s or 10m").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_minutes() {
        for (text, seconds) in
            [("60s", Some(60)), ("10m", Some(600)), ("7", Some(7)), ("0s", None), ("1h", None), ("", None)]
        {
            assert_eq!(duration(text).ok(), seconds, "{text}");
        }
    }
}

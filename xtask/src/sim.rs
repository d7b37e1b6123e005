//! `cargo xtask sim`: months of bad days, from seeds.

use crate::{Failure, process::run_optimised, test, workspace::Workspace};

/// What runs without options: within five minutes on two cores.
const ALL: [&str; 4] = ["--seeds", "200", "--days", "3"];

/// What runs before a change goes in, without optimisation.
const BEFORE_A_CHANGE: [&str; 4] = ["--seeds", "20", "--days", "2"];

/// Builds it optimised and runs it; the options are those of the program.
pub(crate) fn simulate(options: &[&str]) -> Result<(), Failure> {
    let options = if options.is_empty() { &ALL[..] } else { options };
    run_optimised(&Workspace::load()?.root, "simulation", options)
}

/// The stage of `cargo xtask test`.
pub(crate) fn stage(workspace: &Workspace) -> Result<(), Failure> {
    test::run_program(workspace, "simulation", &BEFORE_A_CHANGE)
}

//! `cargo xtask stress`: the engine on real threads.

use crate::{Failure, process::run_optimised, test, workspace::Workspace};

/// What runs before a change goes in: some seconds, without optimisation.
const BEFORE_A_CHANGE: [&str; 2] = ["--rounds", "3000"];

/// Builds it optimised and runs it; the options are those of the program.
pub(crate) fn stress(options: &[&str]) -> Result<(), Failure> {
    run_optimised(&Workspace::load()?.root, "stress", options)
}

/// The stage of `cargo xtask test`.
pub(crate) fn stage(workspace: &Workspace) -> Result<(), Failure> {
    test::run_program(workspace, "stress", &BEFORE_A_CHANGE)
}

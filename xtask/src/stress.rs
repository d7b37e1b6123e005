//! `cargo xtask stress`: the engine on real threads.

use std::process::Command;

use crate::{
    Failure,
    process::{cargo, run},
    test,
    workspace::Workspace,
};

/// What runs before a change goes in: some seconds, without optimisation.
const BEFORE_A_CHANGE: [&str; 2] = ["--rounds", "3000"];

/// Builds it optimised and runs it; the options are those of the program.
pub(crate) fn stress(options: &[&str]) -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    run(cargo(&workspace.root).args(["run", "--release", "--locked", "--package", "stress", "--"]).args(options))
}

/// The stage of `cargo xtask test`.
pub(crate) fn stage(workspace: &Workspace) -> Result<(), Failure> {
    test::programs(workspace)?;
    run(Command::new(workspace.build_dir().join("debug/stress")).args(BEFORE_A_CHANGE))
}

//! `cargo xtask sim`: months of bad days, from seeds.

use std::process::Command;

use crate::{
    Failure,
    process::{cargo, run},
    test,
    workspace::Workspace,
};

/// What runs without options: within five minutes on two cores.
const ALL: [&str; 4] = ["--seeds", "200", "--days", "3"];

/// What runs before a change goes in, without optimisation.
const BEFORE_A_CHANGE: [&str; 4] = ["--seeds", "20", "--days", "2"];

/// Builds it optimised and runs it; the options are those of the program.
pub(crate) fn simulate(options: &[&str]) -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    let options = if options.is_empty() { &ALL[..] } else { options };
    run(cargo(&workspace.root).args(["run", "--release", "--locked", "--package", "simulation", "--"]).args(options))
}

/// The stage of `cargo xtask test`.
pub(crate) fn stage(workspace: &Workspace) -> Result<(), Failure> {
    test::programs(workspace)?;
    run(Command::new(workspace.build_dir().join("debug/simulation")).args(BEFORE_A_CHANGE))
}

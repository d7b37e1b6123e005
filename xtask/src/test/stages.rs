//! The stages that are plain cargo calls.
//!
//! They name the same packages and features wherever possible, so that cargo
//! builds each dependency once.

use std::collections::BTreeSet;

use super::real;
use crate::{
    Failure,
    process::{cargo, run},
    workspace::Workspace,
};

/// Every crate, every feature, exactly the versions in `Cargo.lock`.
const EVERYTHING: [&str; 3] = ["--locked", "--workspace", "--all-features"];

pub(super) fn format(workspace: &Workspace) -> Result<(), Failure> {
    run(cargo(&workspace.root).args(["fmt", "--all", "--check"]))
}

pub(super) fn lint(workspace: &Workspace) -> Result<(), Failure> {
    run(cargo(&workspace.root).arg("clippy").args(EVERYTHING).args(["--all-targets", "--", "--deny", "warnings"]))
}

/// Each published crate without features, and with each feature alone. All of
/// them together are the business of [`lint`].
pub(super) fn feature_combinations(workspace: &Workspace) -> Result<(), Failure> {
    for member in workspace.published() {
        let features = member.features();
        let alone = features.iter().filter(|feature| **feature != "default");
        for feature in std::iter::once(&"").chain(alone) {
            let mut command = cargo(&workspace.root);
            command.args(["clippy", "--locked", "--no-default-features", "--package", member.name]);
            if !feature.is_empty() {
                command.args(["--features", feature]);
            }
            run(command.args(["--", "--deny", "warnings"]))?;
        }
    }
    Ok(())
}

/// Everything apart from documentation tests and the tests on real servers.
pub(super) fn tests(workspace: &Workspace) -> Result<(), Failure> {
    let mut command = cargo(&workspace.root);
    command.arg("test").args(EVERYTHING).args(["--no-fail-fast", "--lib", "--bins", "--examples"]);
    let members = workspace.members();
    let programs: BTreeSet<_> = members.iter().flat_map(|member| member.tests()).collect();
    for program in programs.into_iter().filter(|program| *program != real::PROGRAM) {
        command.args(["--test", program]);
    }
    run(&mut command)
}

pub(super) fn doc_tests(workspace: &Workspace) -> Result<(), Failure> {
    run(cargo(&workspace.root).arg("test").args(EVERYTHING).args(["--no-fail-fast", "--doc"]))
}

pub(super) fn documentation(workspace: &Workspace) -> Result<(), Failure> {
    run(cargo(&workspace.root).arg("doc").args(EVERYTHING).arg("--no-deps").env("RUSTDOCFLAGS", "--deny warnings"))
}

//! The stages that are plain cargo calls.
//!
//! They name the same packages and features wherever possible, so that cargo
//! builds each dependency once.

use std::collections::BTreeSet;
use std::process::Command;

use super::real;
use crate::{
    Failure, canary,
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

/// Everything apart from documentation tests and the tests on real servers, under the canary: what the programs say is searched for
/// their secrets.
pub(super) fn tests(workspace: &Workspace) -> Result<(), Failure> {
    let mut command = cargo(&workspace.root);
    command.arg("test").args(EVERYTHING).args(["--lib", "--bins", "--examples"]);
    let members = workspace.members();
    let programs: BTreeSet<_> = members.iter().flat_map(|member| member.tests()).collect();
    for program in programs.into_iter().filter(|program| *program != real::PROGRAM) {
        command.args(["--test", program]);
    }
    canary::watch(workspace, &canary::Program::build(&mut command)?, &mut String::new())
}

pub(super) fn doc_tests(workspace: &Workspace) -> Result<(), Failure> {
    run(cargo(&workspace.root).arg("test").args(EVERYTHING).args(["--no-fail-fast", "--doc"]))
}

/// Runs a program of the workspace as the tests build it.
pub(crate) fn run_program(workspace: &Workspace, name: &str, arguments: &[&str]) -> Result<(), Failure> {
    programs(workspace)?;
    run(Command::new(workspace.build_dir().join("debug").join(name)).args(arguments))
}

/// Builds the programs of all packages. The examples are among them so that cargo takes the features that it takes for the tests:
/// without any target that may use a dependency for tests, it builds a third of everything anew.
fn programs(workspace: &Workspace) -> Result<(), Failure> {
    run(cargo(&workspace.root).arg("build").args(EVERYTHING).args(["--bins", "--examples"]))
}

/// Runs the examples that need nothing, as their package's manifest lists them under `metadata.offline`.
pub(super) fn examples(workspace: &Workspace) -> Result<(), Failure> {
    programs(workspace)?;
    let built = workspace.build_dir().join("debug/examples");
    let packages = workspace.metadata["packages"].as_array();
    let listed =
        packages.into_iter().flatten().filter_map(|package| package["metadata"]["offline"].as_array()).flatten();
    let mut lines = listed.filter_map(|line| line.as_str()).peekable();
    if lines.peek().is_none() {
        return Err("no package lists an example to run".into());
    }
    lines.try_for_each(|line| {
        let mut words = line.split(' ');
        run(Command::new(built.join(words.next().unwrap_or_default())).args(words))
    })
}

/// The crate that stands outside of the workspace, with a lock file of its own: what others build on must not break unseen.
pub(super) fn third_party(workspace: &Workspace) -> Result<(), Failure> {
    let root = workspace.root.join("examples/third-party");
    run(cargo(&root).args(["fmt", "--check"]))?;
    let built = |command: &str| {
        let mut cargo = cargo(&root);
        // Beside everything else, so that dependencies are built once.
        cargo.args([command, "--locked", "--target-dir"]).arg(workspace.build_dir());
        // Of what cargo writes by default, most is for debuggers.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
        cargo
    };
    run(built("clippy").args(["--all-targets", "--", "--deny", "warnings"]))?;
    run(&mut built("test"))
}

pub(super) fn documentation(workspace: &Workspace) -> Result<(), Failure> {
    run(cargo(&workspace.root).arg("doc").args(EVERYTHING).arg("--no-deps").env("RUSTDOCFLAGS", "--deny warnings"))
}

//! The tests on real servers: run, and counted, so that none is ever skipped in
//! silence.
//!
//! The convention: a crate's integration test program named `real`
//! (`tests/real/main.rs` and its modules) holds these tests and no others.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Failure, canary, process::cargo, workspace::Workspace};

/// The name of the test program.
pub(super) const PROGRAM: &str = "real";

/// Runs them under the canary, counts in `ran` how many passed, and fails if that
/// is below the number in the repository.
pub(super) fn run(workspace: &Workspace, ran: &mut usize) -> Result<(), Failure> {
    let mut command = cargo(&workspace.root);
    command.args(["test", "--locked", "--workspace", "--all-features", "--test", PROGRAM]);
    let mut summaries = String::new();
    let outcome = canary::watch(workspace, &canary::Program::build(&mut command)?, &mut summaries);
    *ran = passed(&summaries);
    outcome?;
    let present = in_repository(workspace)?;
    if *ran < present {
        return Err(format!(
            "{ran} real-server tests passed, but {present} are in the repository: some are \
             ignored, filtered or compiled out"
        )
        .into());
    }
    Ok(())
}

/// Counts the tests in the source, not in what was compiled: a test that is
/// compiled out by accident must be missed.
pub(super) fn in_repository(workspace: &Workspace) -> Result<usize, Failure> {
    let mut tests = 0;
    for member in workspace.members() {
        for file in rust_files(&member.directory.join("tests").join(PROGRAM))? {
            tests += attributes(&fs::read_to_string(file)?);
        }
    }
    Ok(tests)
}

/// Sums the harness's summaries, `test result: ok. 14 passed; 0 failed; ...`.
fn passed(output: &str) -> usize {
    output
        .lines()
        .filter_map(|line| line.strip_prefix("test result: "))
        // `ok. 2 passed; ...` or `FAILED. 1 passed; ...`
        .filter_map(|summary| summary.split_once(". ")?.1.split_once(" passed")?.0.parse::<usize>().ok())
        .sum()
}

fn attributes(source: &str) -> usize {
    let is_test =
        |line: &str| ["#[test]", "#[tokio::test]", "#[tokio::test("].iter().any(|start| line.starts_with(start));
    source.lines().filter(|line| is_test(line.trim_start())).count()
}

fn rust_files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    if !directory.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_several_programs_are_added_up() {
        let output = "\
running 2 tests
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s
running 13 tests
test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9s
";
        assert_eq!(passed(output), 14);
    }

    #[test]
    fn tests_are_counted_by_their_attributes() {
        let source = "
            #[tokio::test]
            async fn one() {}
            #[tokio::test(flavor = \"multi_thread\")]
            async fn two() {}
            mod inner {
                #[test]
                fn three() {}
            }
            // #[test] not this one
            #[testing]
            fn nor_this() {}
        ";
        assert_eq!(attributes(source), 3);
    }
}

//! Licences, bans and sources by cargo-deny; the rules stand in `deny.toml`.

use std::{path::PathBuf, process::Command};

use crate::{Failure, process, workspace::Workspace};

const VERSION: &str = "0.20.2";

/// The advisories are left out: their database is not part of the repository,
/// so the same commit would pass one day and fail the next.
pub(super) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let program = installed(workspace)?;
    process::run(
        Command::new(program)
            .current_dir(&workspace.root)
            .args(["--locked", "--workspace", "--all-features", "check"])
            .args(["bans", "licenses", "sources"]),
    )
}

fn installed(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let place = workspace.target().join("tools").join(format!("cargo-deny-{VERSION}"));
    let program = place.join("bin").join("cargo-deny");
    if !program.is_file() {
        println!("Installing cargo-deny {VERSION} into target/tools/ ...");
        // Unoptimised: it is built in a third of the time and still checks in seconds.
        process::run(
            process::cargo(&workspace.root)
                .args(["install", "cargo-deny", "--version", VERSION])
                .args(["--locked", "--debug", "--root"])
                .arg(&place),
        )?;
    }
    Ok(program)
}

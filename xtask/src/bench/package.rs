//! The package `bench/`, a workspace of its own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Failure;
use crate::process::{cargo, read, run};
use crate::workspace::Workspace;

/// Those whose versions the report names.
const PEERS: [&str; 9] = [
    "google-cloud-auth",
    "azure_identity",
    "aws-config",
    "aws-smithy-runtime",
    "reqsign-core",
    "reqsign-azure-storage",
    "object_store",
    "reqwest",
    "arc-swap",
];

/// Built, and ready to run its rows.
pub(super) struct Package {
    program: PathBuf,
    folder: PathBuf,
    drawings: PathBuf,
}

impl Package {
    pub(super) fn build(workspace: &Workspace) -> Result<Self, Failure> {
        let folder = workspace.root.join("bench");
        let target = workspace.build_dir().join("bench");
        run(cargo(&folder).args(["build", "--release", "--locked"]).env("CARGO_TARGET_DIR", &target))?;
        let program = target.join("release").join("tokenex-bench");
        Ok(Self { program, folder, drawings: workspace.root.join("docs/performance") })
    }

    /// In the order of the report.
    pub(super) fn rows(&self) -> Result<Vec<String>, Failure> {
        Ok(read(Command::new(&self.program).arg("rows"))?.lines().map(str::to_owned).collect())
    }

    /// Measures one row; returns its section.
    pub(super) fn run(&self, row: &str, quick: bool) -> Result<String, Failure> {
        let mut command = Command::new(&self.program);
        command.arg(row);
        if quick {
            command.arg("--quick");
        } else {
            command.arg(format!("--drawings={}", self.drawings.display()));
        }
        read(&mut command)
    }

    /// The class of the machine, and the versions of all that is compared.
    pub(super) fn machine(&self, workspace: &Workspace) -> Result<String, Failure> {
        let cores = std::thread::available_parallelism()?;
        let compiler = read(Command::new("rustc").arg("--version").current_dir(&workspace.root))?;
        let compiler = compiler.split(' ').nth(1).unwrap_or("?");
        let month = read(Command::new("date").args(["-u", "+%B %Y"]))?;
        let lock = fs::read_to_string(self.folder.join("Cargo.lock"))?;
        let versions: Vec<_> = PEERS.iter().map(|name| format!("{name} {}", version(&lock, name))).collect();
        Ok(format!(
            "{} on {}, {cores} cores; Rust {compiler}, release; {}. {}.",
            std::env::consts::OS,
            std::env::consts::ARCH,
            month.trim(),
            versions.join(", ")
        ))
    }
}

/// The version of a package in the text of a lock file.
fn version<'a>(lock: &'a str, name: &str) -> &'a str {
    let line = format!("name = \"{name}\"\nversion = \"");
    lock.split_once(&line).and_then(|(_, rest)| rest.split_once('"')).map_or("?", |(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        let lock =
            "[[package]]\nname = \"a-b\"\nversion = \"2.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"1.2.3\"\n";
        assert_eq!(version(lock, "b"), "1.2.3");
        assert_eq!(version(lock, "c"), "?");
    }
}

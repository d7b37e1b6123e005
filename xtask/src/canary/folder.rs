//! Where a run keeps what it knows and what it has heard.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Failure, workspace::Workspace};

/// A folder under `target/` that only its owner can read. It is gone when this is dropped.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) const SECRETS: &str = "secrets";
    pub(super) const LOGS: &str = "logs";
    pub(super) const TEXTS: &str = "texts";
    pub(super) const OUTPUT: &str = "output";
    pub(super) const PROCESSES: &str = "processes";
    /// `TMPDIR` of the programs.
    pub(super) const TEMPORARY: &str = "tmp";

    pub(super) fn make(workspace: &Workspace) -> Result<Self, Failure> {
        let all = workspace.target().join("canary");
        remove_left_over(&all)?;
        let path = all.join(format!("{}-{:08x}", std::process::id(), fastrand::u32(..)));
        for part in ["", Self::SECRETS, Self::LOGS, Self::TEXTS, Self::OUTPUT, Self::PROCESSES, Self::TEMPORARY] {
            DirBuilder::new().recursive(true).mode(0o700).create(path.join(part))?;
        }
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn part(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Lets a program write into it, and shows all that a panic has to tell.
    pub(super) fn lend(&self, command: &mut Command) {
        command.env("TOKENEX_CANARY", &self.path).env("TMPDIR", self.part(Self::TEMPORARY));
        command.env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace");
    }

    /// Has a program write none of its own secrets and logs into it.
    pub(super) fn keep_from(&self, command: &mut Command) {
        command.env_remove("TOKENEX_CANARY");
    }

    /// Keeps what the programs said, and not the list of their secrets, for people to look at. Returns where.
    pub(super) fn keep_what_was_said(&self) -> Result<PathBuf, Failure> {
        let kept = self.path.with_file_name("kept");
        match fs::remove_dir_all(&kept) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => DirBuilder::new().mode(0o700).create(&kept)?,
        }
        for part in [Self::OUTPUT, Self::LOGS, Self::TEXTS] {
            fs::rename(self.part(part), kept.join(part))?;
        }
        Ok(kept)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("{} holds secrets of the tests and cannot be removed: {error}", self.path.display());
        }
    }
}

/// Folders of runs that were killed.
fn remove_left_over(all: &Path) -> Result<(), Failure> {
    let Ok(entries) = fs::read_dir(all) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let owner = name.split_once('-').and_then(|(owner, _)| owner.parse::<u32>().ok());
        if owner.is_some_and(|owner| !Path::new(&format!("/proc/{owner}")).exists()) {
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

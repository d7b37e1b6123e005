//! A copy of the workspace that may be broken.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Failure, process, workspace::Workspace};

/// `target/sabotage/src`, with a build directory of its own beside it, so that
/// a broken engine never gets into the real one.
pub(super) struct Copy {
    original: PathBuf,
    base: PathBuf,
}

impl Copy {
    pub(super) fn of(workspace: &Workspace) -> Result<Self, Failure> {
        let copy = Self { original: workspace.root.clone(), base: workspace.target().join("sabotage") };
        fs::create_dir_all(copy.source())?;
        Ok(copy)
    }

    pub(super) fn source(&self) -> PathBuf {
        self.base.join("src")
    }

    pub(super) fn build_dir(&self) -> PathBuf {
        self.base.join("target")
    }

    /// Makes the copy equal to the workspace as it is now, uncommitted changes
    /// included. Files that are equal keep their time of change, and cargo then
    /// builds only what a patch touched.
    pub(super) fn restore(&self) -> Result<(), Failure> {
        let source = self.source();
        let wanted = self.files()?;
        for file in &wanted {
            let (from, to) = (self.original.join(file), source.join(file));
            let content = fs::read(&from)?;
            if fs::read(&to).is_ok_and(|present| present == content) {
                continue;
            }
            fs::create_dir_all(to.parent().ok_or("a file without a directory")?)?;
            fs::write(to, content)?;
        }
        for stray in all_files(&source, &source)?.difference(&wanted) {
            fs::remove_file(source.join(stray))?;
        }
        Ok(())
    }

    /// Applies a patch with paths from the workspace's root.
    pub(super) fn apply(&self, patch: &Path) -> Result<(), Failure> {
        process::read(
            Command::new("git")
                .args(["apply", "--whitespace=nowarn"])
                .arg(patch)
                .current_dir(self.source())
                // Else git finds the real repository above, and silently leaves
                // out what lies outside of this directory.
                .env("GIT_CEILING_DIRECTORIES", &self.base),
        )
        .map(drop)
    }

    /// What git tracks or would track, without what is deleted.
    fn files(&self) -> Result<BTreeSet<PathBuf>, Failure> {
        let listed = process::read(
            Command::new("git")
                .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
                .current_dir(&self.original),
        )?;
        let files = listed.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from);
        Ok(files.filter(|file| self.original.join(file).is_file()).collect())
    }
}

fn all_files(directory: &Path, base: &Path) -> Result<BTreeSet<PathBuf>, Failure> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(all_files(&path, base)?);
        } else {
            files.insert(path.strip_prefix(base)?.to_owned());
        }
    }
    Ok(files)
}

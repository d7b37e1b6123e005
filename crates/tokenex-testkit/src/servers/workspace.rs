//! Where files go: only ever under the workspace's `target/`.

use std::{
    env, fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use super::{ServerError, random};

/// The `target` directory of the workspace that is being built or tested.
///
/// Deliberately not `CARGO_TARGET_DIR`: the downloaded tools are worth sharing
/// between several build directories of one checkout.
pub(super) fn target_dir() -> Result<PathBuf, ServerError> {
    let start =
        env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).or_else(|| env::current_dir().ok()).unwrap_or_default();
    start
        .ancestors()
        .find(|directory| directory.join("Cargo.lock").is_file())
        .map(|root| root.join("target"))
        .ok_or_else(|| {
            ServerError::new(format!("no Cargo.lock above {}: run this from inside the workspace", start.display()))
        })
}

/// A fresh directory for one server, readable by its owner only.
#[derive(Debug)]
pub(super) struct ScratchDir {
    path: PathBuf,
    owned: bool,
}

impl ScratchDir {
    pub(super) fn create(server: &str) -> Result<Self, ServerError> {
        let path = target_dir()?.join("servers").join(format!("{server}-{}", random::hex(8)?));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|e| ServerError::io("create a directory", &path, &e))?;
        Ok(Self { path, owned: true })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that takes what the server prints.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join("server.log")
    }

    /// Someone else removes the directory from now on.
    pub(super) fn hand_over(mut self) {
        self.owned = false;
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        if self.owned {
            // A failure here leaves a directory under `target/`, nothing more.
            drop(fs::remove_dir_all(&self.path));
        }
    }
}

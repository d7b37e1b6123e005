//! Whether others may write to a file whose content is trusted.

use std::path::{Path, PathBuf};

/// Whether this file is there and others than its owner may write to it. What is not there is not judged: it may come
/// later, and whoever reads it looks again.
#[cfg(unix)]
pub(crate) fn others_may_write(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?.permissions().mode() & 0o7777;
    (mode & 0o022 != 0).then_some(mode)
}

/// Elsewhere permissions are not a mode.
#[cfg(not(unix))]
pub(crate) fn others_may_write(_: &Path) -> Option<u32> {
    None
}

/// The file that a program's name stands for: itself if it holds a slash, else the first of `PATH` that has it.
pub(crate) fn program(name: &Path) -> Option<PathBuf> {
    if name.components().count() > 1 {
        return Some(name.to_owned());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

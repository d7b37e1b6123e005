//! The seeds that are checked in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the seeds of a target are.
pub fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// The files of a folder, in the order of their names. A folder that is not there holds none.
///
/// # Errors
/// When one of them cannot be read.
pub fn read(folder: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?,
        Err(why) if why.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(why) => return Err(why),
    };
    let mut paths: Vec<_> = entries.into_iter().filter(|path| path.is_file()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(&path).map(|data| (path, data))).collect()
}

//! Files that a run has left or changed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// All regular files below `folders` that were written since then. Links are not followed. What cargo builds is left out: programs
/// hold the texts that stand in their source.
pub(super) fn written_since(since: SystemTime, folders: &[PathBuf], leave_out: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = BTreeSet::new();
    folders.iter().for_each(|folder| walk(folder, since, leave_out, &mut files));
    files.into_iter().collect()
}

fn walk(folder: &Path, since: SystemTime, leave_out: &[PathBuf], files: &mut BTreeSet<PathBuf>) {
    // Folders come and go while others work.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if !leave_out.contains(&path) && !is_built(&path) {
                walk(&path, since, leave_out, files);
            }
        } else if kind.is_file() {
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            if written.is_ok_and(|written| written >= since) {
                files.insert(path);
            }
        }
    }
}

/// Where cargo builds for one profile, and what git keeps.
fn is_built(folder: &Path) -> bool {
    folder.join(".fingerprint").is_dir() || folder.file_name().is_some_and(|name| name == ".git")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_written_since_is_told_and_what_was_built_is_not() {
        let folder = std::env::temp_dir().join(format!("xtask-files-{:016x}", fastrand::u64(..)));
        for name in ["old", "new", "debug/.fingerprint/x", "debug/program", "out/secret", "sub/new"] {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        let now = SystemTime::now();
        let old = fs::File::options().write(true).open(folder.join("old")).unwrap();
        old.set_modified(now - Duration::from_secs(3600)).unwrap();
        let found = written_since(now - Duration::from_secs(600), std::slice::from_ref(&folder), &[folder.join("out")]);
        assert_eq!(found, [folder.join("new"), folder.join("sub/new")]);
        fs::remove_dir_all(folder).unwrap();
    }
}

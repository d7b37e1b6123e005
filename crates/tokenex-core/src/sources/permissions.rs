//! Whether others may write to a file whose content is trusted.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::text::{TextSource, unusable};
use crate::{Error, Retry};

/// Why a file is not to be trusted, or cannot be looked at.
#[derive(Debug)]
pub(super) enum Doubt {
    OthersMayWrite(String),
    Io(io::Error),
}

impl From<io::Error> for Doubt {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The error about `source`, whose file is `what`.
pub(super) fn refused(source: &impl TextSource, what: &str) -> Error {
    unusable(source, what, "others_may_write").with_retry(Retry::Terminal).with_advice(
        "whoever may write there chooses what this program takes for its own: chown it to the user of this \
             process or to root, and chmod go-w",
    )
}

/// Looks at the file behind `path`, whose metadata are these, and at the folders through which it was reached.
///
/// - The file: its owner is root or this process's user, and neither its group nor others may write.
/// - The folder it stands in, and that of a symbolic link to it: others may not put another file in its place, so it is
///   not writable by all, or has the sticky bit. Groups are let pass here: package managers have theirs.
///
/// Those who pass all this could have changed the program that asks.
#[cfg(unix)]
pub(super) fn check(path: &Path, metadata: &fs::Metadata) -> Result<(), Doubt> {
    use std::os::unix::fs::MetadataExt;

    check_file(path, metadata.mode(), metadata.uid(), rustix::process::geteuid().as_raw())?;
    folders(path)?.into_iter().try_for_each(|folder| check_folder(&folder, fs::metadata(&folder)?.mode()))
}

/// The bits of a mode that are permissions; others say what kind of file it is (`inode(7)`).
#[cfg(unix)]
const PERMISSIONS: u32 = 0o7777;

#[cfg(unix)]
fn check_file(path: &Path, mode: u32, owner: u32, me: u32) -> Result<(), Doubt> {
    const GROUP_OR_OTHERS_WRITE: u32 = 0o022;

    let what = if mode & GROUP_OR_OTHERS_WRITE != 0 {
        format!("{path:?} has mode {:04o}", mode & PERMISSIONS)
    } else if owner != 0 && owner != me {
        format!("{path:?} belongs to user {owner}, and this process runs as user {me}")
    } else {
        return Ok(());
    };
    Err(Doubt::OthersMayWrite(format!("may be written to by others: {what}")))
}

#[cfg(unix)]
fn check_folder(path: &Path, mode: u32) -> Result<(), Doubt> {
    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;

    if mode & OTHERS_WRITE == 0 || mode & STICKY != 0 {
        return Ok(());
    }
    Err(Doubt::OthersMayWrite(format!("may be replaced by others: {path:?} has mode {:04o}", mode & PERMISSIONS)))
}

/// Other systems keep permissions elsewhere than in a mode.
#[cfg(not(unix))]
pub(super) fn check(_: &Path, _: &fs::Metadata) -> Result<(), Doubt> {
    Ok(())
}

/// Where the file stands, and where the name stands that leads to it.
#[cfg(unix)]
fn folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let parent = |path: &Path| match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("/"),
    };
    let (named, real) = (parent(path), parent(&path.canonicalize()?));
    Ok(if named == real { vec![real] } else { vec![named, real] })
}

/// The file that is run for this name: the name itself when it has a slash in it, else the first of that name in `path` that
/// may be run, as `execvp(3)` finds it.
#[cfg(unix)]
pub(super) fn program(name: &OsStr, path: Option<OsString>) -> io::Result<PathBuf> {
    use std::env;
    use std::os::unix::fs::MetadataExt;

    if name.as_encoded_bytes().contains(&b'/') {
        return Ok(name.into());
    }
    let path = path.unwrap_or_else(|| "/bin:/usr/bin".into());
    let runnable = |file: &PathBuf| fs::metadata(file).is_ok_and(|found| found.is_file() && found.mode() & 0o111 != 0);
    // An empty entry is the current folder.
    env::split_paths(&path)
        .map(|folder| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder }.join(name))
        .find(runnable)
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Left to the system.
#[cfg(not(unix))]
pub(super) fn program(name: &OsStr, _: Option<OsString>) -> io::Result<PathBuf> {
    Ok(name.into())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn root_and_oneself_are_trusted_and_nobody_else() {
        let owned = |owner, me| check_file(Path::new("/secret"), 0o100_600, owner, me);
        for (owner, me) in [(0, 0), (0, 1000), (1000, 1000)] {
            owned(owner, me).unwrap();
        }
        for (owner, me) in [(1000, 0), (1001, 1000)] {
            let Err(Doubt::OthersMayWrite(what)) = owned(owner, me) else { panic!("user {owner} is trusted by {me}") };
            assert!(what.contains(&format!("\"/secret\" belongs to user {owner}")), "{what}");
        }
    }

    #[test]
    fn a_program_is_found_as_the_system_finds_it() {
        let find = |name: &str, path: Option<&str>| program(name.as_ref(), path.map(Into::into));
        assert_eq!(find("./tool", Some("/bin")).unwrap(), Path::new("./tool"), "a slash means: not in the path");
        assert_eq!(find("sh", Some("/no/such/folder:/bin")).unwrap(), Path::new("/bin/sh"));
        assert!(find("sh", None).is_ok(), "without a path, the one that every system has");
        assert_eq!(find("sh", Some("/no/such/folder")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}

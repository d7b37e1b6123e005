//! Reading and replacing the files, whole and for their owner only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokenex_core::{Error, ErrorKind, Result};

use super::bad;

/// A configuration file has some lines for each profile.
const CONFIG_MAX: u64 = 1024 * 1024;

const CONFIG: &str = "config";

/// Between reading a configuration file and replacing it, no other task of this process does either.
pub(super) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The directory of the configuration file.
pub(super) struct Disk(Folder);

impl Disk {
    /// Makes it, where it is not there. It may be a link: whoever named it means what it leads to.
    pub(super) fn at(directory: &Path) -> Result<Self> {
        let directory = std::path::absolute(directory).map_err(|why| failed("find", directory, why))?;
        if !directory.is_dir() {
            make(&directory, true).map_err(|why| failed("make", &directory, why))?;
        }
        Ok(Self(Folder(directory)))
    }

    /// The text of the configuration file; empty when there is none.
    pub(super) fn read_config(&self) -> Result<String> {
        let path = self.0.0.join(CONFIG);
        if !self.0.is_ours(CONFIG, |kind| kind.is_file())? {
            return Ok(String::new());
        }
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(CONFIG_MAX + 1).read_to_string(&mut text));
        read.map_err(|why| failed("read", &path, why))?;
        if text.len() as u64 > CONFIG_MAX {
            return Err(
                bad(format!("{} is longer than 1 MiB", path.display())).with_advice("is it a configuration file?")
            );
        }
        Ok(text)
    }

    pub(super) fn replace_config(&self, text: &str) -> Result<()> {
        self.0.replace(CONFIG, text)
    }

    /// The folder of one session; made where it is not there.
    pub(super) fn session_folder(&self, name: &str) -> Result<Folder> {
        self.0.folder("sessions")?.folder(name)
    }
}

/// A directory in which files are replaced whole.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A folder in here that only its owner can look into.
    fn folder(&self, name: &str) -> Result<Self> {
        let path = self.0.join(name);
        if !self.is_ours(name, |kind| kind.is_dir())? {
            make(&path, false).map_err(|why| failed("make", &path, why))?;
        }
        restrict(&path).map_err(|why| failed("restrict", &path, why))?;
        Ok(Self(path))
    }

    /// Writes a file beside and renames it, so that readers see the old text or the new one.
    pub(super) fn replace(&self, name: &str, text: &str) -> Result<()> {
        self.is_ours(name, |kind| kind.is_file())?;
        let path = self.0.join(name);
        // Of this process, and tasks take turns: what is there was left by one that was killed.
        let beside = self.0.join(format!(".{name}.{}.tmp", std::process::id()));
        let _ = fs::remove_file(&beside);
        let replaced = write_new(&beside, text).and_then(|()| fs::rename(&beside, &path));
        replaced.map_err(|why| {
            let _ = fs::remove_file(&beside);
            failed("write", &path, why)
        })
    }

    /// The path of a file in here, as a configuration file can name it.
    pub(super) fn written(&self, name: &str) -> Result<String> {
        self.0.join(name).into_os_string().into_string().map_err(|_| {
            bad("the path of the session files is not Unicode, and cannot be in a configuration file")
                .with_advice("name another directory")
        })
    }

    /// Removes all other files.
    pub(super) fn keep_only(&self, kept: impl Fn(&str) -> bool) -> Result<()> {
        let each = || -> io::Result<()> {
            for entry in fs::read_dir(&self.0)? {
                let entry = entry?;
                if entry.file_name().to_str().is_some_and(|name| !kept(name)) && !entry.file_type()?.is_dir() {
                    fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        each().map_err(|why| failed("clean up", &self.0, why))
    }

    /// Removes the folder, unless somebody else has put something into it.
    pub(super) fn remove_if_empty(self) {
        let _ = fs::remove_dir(&self.0);
    }

    /// Whether there is something of this name and the right kind. A link could lead anywhere, so it is of no kind.
    fn is_ours(&self, name: &str, right: impl FnOnce(&fs::FileType) -> bool) -> Result<bool> {
        let path = self.0.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if right(&found.file_type()) => Ok(true),
            Ok(_) => Err(bad(format!("{} is a link, or no plain file or folder, and was not touched", path.display()))
                .with_advice("put it away, or name another directory")),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(why) => Err(failed("look at", &path, why)),
        }
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    // Never through a link, and with its mode from the first moment.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn make(path: &Path, with_parents: bool) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(with_parents);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(unix)]
fn restrict(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> io::Result<()> {
    Ok(())
}

fn failed(what: &str, path: &Path, why: io::Error) -> Error {
    Error::new(ErrorKind::Other, format!("cannot {what} {}: {why}", path.display()))
        .with_provider("oci")
        .with_step("files")
        .with_code("session_files")
        .with_advice("may this user write there, and is there room?")
}

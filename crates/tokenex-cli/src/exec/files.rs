//! Files with credentials: replaced whole, readable by their owner only, removed at the end.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tokenex::core::Secret;

use crate::failure::Failure;
use crate::output::{self, printable};

/// Files that are there as long as this lives.
#[derive(Debug, Default)]
pub(crate) struct Files {
    written: Vec<PathBuf>,
}

impl Files {
    /// Refuses what is no plain file: a link would be replaced and not followed, and a device would be gone.
    pub(crate) fn check(path: &Path) -> Result<(), Failure> {
        let shown = printable(&path.to_string_lossy());
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => Err(Failure::usage(format!("{shown} is there, and it is no plain file"))
                .with_help("name a file that is not there yet, or one that may be replaced and removed at the end")),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match folder(path).is_dir() {
                true => Ok(()),
                false => Err(Failure::usage(format!("{shown} cannot be written: its folder is not there"))),
            },
            Err(error) => Err(Failure::usage(format!("{shown} cannot be written: {error}"))),
        }
    }

    /// Writes a file next to `path`, with mode 0600 from its first moment, and renames it: readers see the old one or the
    /// new one, and never a part.
    ///
    /// # Errors
    /// When that fails; the old file is then as it was.
    pub(crate) fn write(&mut self, path: &Path, value: &Secret) -> Result<(), Failure> {
        let failed = |error: io::Error| {
            Failure::usage(format!("{} cannot be written: {error}", printable(&path.to_string_lossy())))
        };
        let fresh = beside(path);
        let written = write_new(&fresh, value).and_then(|()| fs::rename(&fresh, path));
        if let Err(error) = written {
            let _ = fs::remove_file(&fresh);
            return Err(failed(error));
        }
        if !self.written.iter().any(|known| known == path) {
            self.written.push(path.to_owned());
        }
        Ok(())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for path in &self.written {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    let shown = printable(&path.to_string_lossy());
                    output::note(format_args!(
                        "tokenex: {shown} could not be removed, and holds a credential: {error}"
                    ));
                }
                _ => {}
            }
        }
    }
}

fn write_new(path: &Path, value: &Secret) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(value.expose().as_bytes())
}

/// A name in the same folder, since a rename does not cross file systems. The process id keeps two programs apart.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    folder(path).join(format!(".{name}.{}.new", std::process::id()))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

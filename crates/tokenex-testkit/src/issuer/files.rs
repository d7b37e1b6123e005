//! Tokens in files, swapped as those who write them do.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// Puts `text` into the file at `path` at once: a reader sees the old or the new text, whole, never a mixture.
///
/// The folder must exist. The file is readable for its owner only.
///
/// # Errors
/// What the file system says.
pub fn write_token_file(path: impl AsRef<Path>, text: &str) -> io::Result<()> {
    let path = path.as_ref();
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{:016x}", fastrand::u64(..)));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&fresh).and_then(|mut file| file.write_all(text.as_bytes()));
    let moved = written.and_then(|()| fs::rename(&fresh, path));
    if moved.is_err() {
        // Best effort: the first error is the one to tell.
        let _ = fs::remove_file(&fresh);
    }
    moved
}

#[cfg(unix)]
pub use projected::ProjectedVolume;

#[cfg(unix)]
mod projected {
    use std::path::PathBuf;
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// A volume of projected service-account tokens, swapped as the kubelet does: each version lies in a folder of its
    /// own, `..data` is a symlink to the current one, and each visible name is a symlink through `..data`.
    ///
    /// ```
    /// # let dir = std::env::temp_dir().join(format!("tokenex-doc-{}", std::process::id()));
    /// use tokenex_testkit::issuer::ProjectedVolume;
    ///
    /// let volume = ProjectedVolume::create(&dir)?;
    /// let token = volume.swap("token", "first")?;
    /// volume.swap("token", "second")?;
    /// assert_eq!(std::fs::read_to_string(token)?, "second");
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[derive(Debug)]
    pub struct ProjectedVolume {
        folder: PathBuf,
        /// How many versions there were; held while swapping.
        version: Mutex<u64>,
    }

    impl ProjectedVolume {
        /// A volume at `folder`, which is made if need be and must be empty.
        ///
        /// # Errors
        /// What the file system says.
        pub fn create(folder: impl Into<PathBuf>) -> io::Result<Self> {
            let folder = folder.into();
            fs::create_dir_all(&folder)?;
            Ok(Self { folder, version: Mutex::new(0) })
        }

        /// Replaces everything in the volume by one file of this name. Returns the path to read it at, which is the
        /// same each time.
        ///
        /// # Errors
        /// What the file system says.
        pub fn swap(&self, name: &str, text: &str) -> io::Result<PathBuf> {
            let mut version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
            let data = self.folder.join("..data");
            let old = fs::read_link(&data).ok();

            *version += 1;
            let fresh = format!("..version_{version}");
            fs::create_dir(self.folder.join(&fresh))?;
            write_token_file(self.folder.join(&fresh).join(name), text)?;

            // Renaming over a symlink is the one step that readers see.
            let next = self.folder.join("..data_tmp");
            std::os::unix::fs::symlink(&fresh, &next)?;
            fs::rename(&next, &data)?;

            let visible = self.folder.join(name);
            if fs::symlink_metadata(&visible).is_err() {
                std::os::unix::fs::symlink(Path::new("..data").join(name), &visible)?;
            }
            if let Some(old) = old {
                fs::remove_dir_all(self.folder.join(old))?;
            }
            Ok(visible)
        }
    }
}

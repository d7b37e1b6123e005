//! A file.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::permissions::{self, Doubt};
use super::text::{TEXT_MAX, TextSource, both_sources, unusable};
use crate::{Attempt, Error, Result};

/// A file that somebody else writes, such as a projected token of Kubernetes.
///
/// The path is opened again at each attempt, so that a swapped symbolic link (the `..data` of Kubernetes) is followed
/// to its new end. The file is never kept open, never written to and never deleted.
///
/// It is read until two readings in a row are the same, so that half an old text and half a new one are not taken for
/// a text. Writers do best to write elsewhere and rename: then there is never anything half-way to see.
#[derive(Debug, Clone)]
pub struct File {
    path: PathBuf,
    guarded: bool,
}

/// So many readings before a file that is written to all the time is given up for this attempt.
const READINGS_MAX: u32 = 10;

/// The pause after two readings that differ; writers of tokens are done within a few milliseconds.
const PAUSE: Duration = Duration::from_millis(20);

impl File {
    /// The file at `path`. It need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), guarded: false }
    }

    /// Refuses the file, at each attempt, where others may write to it: then they choose what this program takes for its
    /// own. Its owner must be root or the user of this process, its mode must let neither group nor others write, and its
    /// folder must not be writable by all without the sticky bit. The error has the code `others_may_write` and names path
    /// and mode.
    ///
    /// Elsewhere than on Unix nothing is looked at.
    #[must_use]
    pub fn refuse_if_others_may_write(mut self) -> Self {
        self.guarded = true;
        self
    }

    /// Reads off the async threads: a file may be on a network that hangs.
    async fn read_once(&self) -> Result<Zeroizing<Vec<u8>>> {
        let (path, guarded) = (self.path.clone(), self.guarded);
        match tokio::task::spawn_blocking(move || read(&path, guarded)).await {
            Ok(read) => read.map_err(|why| self.explain(why)),
            Err(_) => Err(unusable(self, "was not read, since the runtime is shutting down", "unreadable")),
        }
    }

    fn explain(&self, why: Doubt) -> Error {
        let why = match why {
            Doubt::Io(why) => why,
            Doubt::OthersMayWrite(what) => return permissions::refused(self, &what),
        };
        let (what, code) = match why.kind() {
            io::ErrorKind::NotFound => ("is not there", "missing"),
            io::ErrorKind::PermissionDenied => ("may not be read by this process", "unreadable"),
            io::ErrorKind::IsADirectory => ("is a directory", "unreadable"),
            io::ErrorKind::InvalidInput => ("is not a regular file", "unreadable"),
            io::ErrorKind::FileTooLarge => ("is longer than 64 KiB", "too_long"),
            _ => ("cannot be read", "unreadable"),
        };
        unusable(self, what, code).with_source(why)
    }
}

impl TextSource for File {
    fn place(&self) -> String {
        format!("the file {:?}", self.path)
    }

    fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed("check the path, the mount and its permissions, and whoever is to write the file")
    }

    async fn raw(&self, _audience: Option<&str>, cx: &Attempt) -> Result<Zeroizing<Vec<u8>>> {
        let mut readings = Readings::default();
        for _ in 0..READINGS_MAX {
            match readings.add(self.read_once().await?) {
                Verdict::Settled(text) => return Ok(text),
                Verdict::First => {}
                Verdict::Changed => cx.sleep(PAUSE).await,
            }
        }
        Err(unusable(self, "is being written to all the time", "changing"))
    }
}

both_sources!(File);

/// Finds out when two readings in a row agree.
struct Readings<T> {
    last: Option<T>,
}

#[derive(Debug, PartialEq)]
enum Verdict<T> {
    First,
    Changed,
    Settled(T),
}

impl<T> Default for Readings<T> {
    fn default() -> Self {
        Self { last: None }
    }
}

impl<T: PartialEq> Readings<T> {
    fn add(&mut self, reading: T) -> Verdict<T> {
        match self.last.take() {
            Some(last) if last == reading => Verdict::Settled(reading),
            before => {
                self.last = Some(reading);
                if before.is_none() { Verdict::First } else { Verdict::Changed }
            }
        }
    }
}

fn read(path: &Path, guarded: bool) -> Result<Zeroizing<Vec<u8>>, Doubt> {
    // Looked at before it is opened: opening a named pipe would wait for a writer, for ever.
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if !metadata.is_file() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput).into());
    }
    let file = fs::File::open(path)?;
    if guarded {
        // Of the file that is open: another one may stand at the path by now.
        permissions::check(path, &file.metadata()?)?;
    }
    // All the room at once: a buffer that grows leaves unwiped copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(TEXT_MAX + 1));
    file.take(TEXT_MAX as u64 + 1).read_to_end(&mut text)?;
    if text.len() > TEXT_MAX {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge).into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_at_rest_is_taken_after_two_readings() {
        let mut readings = Readings::default();
        assert_eq!(readings.add("new"), Verdict::First);
        assert_eq!(readings.add("new"), Verdict::Settled("new"));
    }

    #[test]
    fn a_mix_of_old_and_new_is_not_taken() {
        for mix in ["nld", "", "n"] {
            let mut readings = Readings::default();
            assert_eq!(readings.add("old"), Verdict::First);
            assert_eq!(readings.add(mix), Verdict::Changed);
            assert_eq!(readings.add("new"), Verdict::Changed);
            assert_eq!(readings.add("new"), Verdict::Settled("new"));
        }
    }
}

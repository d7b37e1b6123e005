//! The file with which the Arc agent proves that a program belongs to the machine.
//!
//! The agent names a file that only privileged accounts may read, and its contents are the key to the second request
//! ([Arc](https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication)). Whoever can answer in the
//! agent's place could name any file of this program's and be sent its contents, so that the name is not trusted: the file
//! must lie in the agent's folder, have the agent's ending, and be a small regular file.

use std::fs::{self, File};
use std::io::{ErrorKind as Io, Read};
use std::path::{Path, PathBuf};

use tokenex_core::{Error, ErrorKind, Result, Retry, Secret};

use super::variables::{Variables, bad};

/// The longest key, in bytes.
const KEY_MAX: usize = 4096;

/// The ending of the files with keys.
const ENDING: &str = "key";

/// Where the agent puts keys.
pub(super) fn folder(variables: &Variables) -> Result<PathBuf> {
    if cfg!(windows) {
        let data = variables.get("ProgramData").ok_or_else(|| bad("the variable ProgramData is not set"))?;
        Ok(Path::new(&data).join("AzureConnectedMachineAgent").join("Tokens"))
    } else {
        Ok(PathBuf::from("/var/opt/azcmagent/tokens"))
    }
}

/// Reads the key in the file that the agent named, if it is one of those in `folder`. Blocks for a moment.
pub(super) fn read(named: &Path, folder: &Path) -> Result<Secret> {
    if !named.is_absolute() || !has_ending(named) {
        return Err(refused(named, "its path is not absolute, or does not end in .key"));
    }
    // Both without symbolic links and dots: what a path leads to counts, not how it looks.
    let folder = fs::canonicalize(folder).map_err(|why| unreadable("the agent's folder of keys", why))?;
    let real = fs::canonicalize(named).map_err(|why| unreadable("the key file that the agent named", why))?;
    if real.parent() != Some(&folder) {
        return Err(refused(named, "it is not in the agent's own folder"));
    }
    if !has_ending(&real) {
        return Err(refused(named, "it leads to a file that does not end in .key"));
    }
    // Looked at before it is opened: opening a named pipe would wait for a writer, for ever.
    let looked = fs::symlink_metadata(&real).map_err(|why| unreadable("the key file", why))?;
    if !looked.is_file() {
        return Err(refused(named, "it is not a regular file"));
    }
    let file = File::open(&real).map_err(|why| unreadable("the key file that the agent named", why))?;
    read_opened(file, named)
}

/// Once open, the file cannot be exchanged for another any more: these checks are about what is read.
fn read_opened(file: File, named: &Path) -> Result<Secret> {
    let metadata = file.metadata().map_err(|why| unreadable("the key file", why))?;
    if !metadata.is_file() {
        return Err(refused(named, "it is not a regular file"));
    }
    // All the room at once: a buffer that grows leaves unwiped copies behind.
    let mut text = String::with_capacity(KEY_MAX + 1);
    let read = file.take(KEY_MAX as u64 + 1).read_to_string(&mut text);
    let (long, text) = (text.len() > KEY_MAX, Secret::new(text));
    if long || metadata.len() > KEY_MAX as u64 {
        return Err(refused(named, "it is longer than 4096 bytes"));
    }
    read.map_err(|_| refused(named, "it holds no text"))?;
    let trimmed = text.expose().trim();
    if trimmed.is_empty() {
        return Err(refused(named, "it is empty"));
    }
    Ok(if trimmed.len() == text.len() { text } else { Secret::new(trimmed) })
}

fn has_ending(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == ENDING)
}

/// A file that is not the agent's. Says which rule it breaks, and nothing about what is in it.
fn refused(named: &Path, rule: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, format!("the key file that the agent named was not read: {rule}"))
        .with_retry(Retry::Terminal)
        .with_code("challenge_file")
        .with_said(&named.to_string_lossy(), &[])
        .with_advice("is it the Connected Machine agent that answers there? Another program could be after this file")
}

fn unreadable(what: &'static str, why: std::io::Error) -> Error {
    let (kind, retry, fact, advice) = match why.kind() {
        Io::PermissionDenied => (
            ErrorKind::Denied,
            Retry::Terminal,
            "may not be read by this process",
            "add its user to the group himds (on Windows to Hybrid agent extension applications, or run it as a local \
             administrator), and start it again",
        ),
        // The agent replaces its keys all the time.
        Io::NotFound => (
            ErrorKind::Unavailable,
            Retry::Transient,
            "is not there",
            "is this the machine of the agent, and no container without its folder of keys?",
        ),
        _ => (ErrorKind::Unavailable, Retry::Transient, "cannot be read", "see what the system says about the folder"),
    };
    Error::new(kind, format!("{what} {fact}"))
        .with_retry(retry)
        .with_code("challenge_file")
        .with_advice(advice)
        .with_source(why)
}

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::*;

    /// A folder of keys, and others beside it.
    struct Disk(Scratch);

    impl Disk {
        fn new() -> Self {
            let disk = Self(Scratch::new());
            for folder in ["tokens", "tokens/deep", "tokens-not", "elsewhere"] {
                fs::create_dir(disk.path(folder)).unwrap();
            }
            disk
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path(name)
        }

        fn with(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
            fs::write(self.path(name), contents).unwrap();
            self
        }

        fn read(&self, name: &str) -> Result<Secret> {
            read(&self.path(name), &self.path("tokens"))
        }
    }

    fn breaks(result: Result<Secret>, rule: &str) {
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.is_transient()), (Some("challenge_file"), false), "{error}");
        assert!(error.to_string().contains(rule), "{rule}: {error}");
        assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
    }

    #[test]
    fn a_key_in_the_agents_folder_is_read_without_the_white_space_around_it() {
        let disk = Disk::new().with("tokens/a.key", "hunter22\n").with("tokens/b.key", "x".repeat(KEY_MAX));
        assert_eq!(disk.read("tokens/a.key").unwrap().expose(), "hunter22");
        assert_eq!(disk.read("tokens/deep/../a.key").unwrap().expose(), "hunter22");
        assert_eq!(disk.read("tokens/b.key").unwrap().len(), KEY_MAX);
    }

    #[test]
    fn a_file_outside_of_the_folder_is_not_read() {
        let disk = Disk::new()
            .with("elsewhere/a.key", "hunter22")
            .with("tokens-not/a.key", "hunter22")
            .with("tokens/deep/a.key", "hunter22");
        for outside in ["elsewhere/a.key", "tokens/../elsewhere/a.key", "tokens-not/a.key", "tokens/deep/a.key"] {
            breaks(disk.read(outside), "not in the agent's own folder");
        }
        breaks(read(Path::new("tokens/a.key"), &disk.path("tokens")), "not absolute");
    }

    #[test]
    fn another_ending_is_not_read() {
        let disk = Disk::new().with("tokens/a.txt", "hunter22").with("tokens/.key", "hunter22").with("tokens/key", "h");
        for other in ["tokens/a.txt", "tokens/.key", "tokens/key", "tokens/a.key/../a.txt"] {
            breaks(disk.read(other), "does not end in .key");
        }
    }

    #[test]
    fn a_long_file_is_not_read_and_neither_is_an_empty_or_binary_one() {
        let disk = Disk::new()
            .with("tokens/long.key", "hunter22".repeat(KEY_MAX / 8) + "1")
            .with("tokens/empty.key", " \n")
            .with("tokens/binary.key", b"hunter22\xff\xfe");
        breaks(disk.read("tokens/long.key"), "longer than 4096 bytes");
        breaks(disk.read("tokens/empty.key"), "is empty");
        breaks(disk.read("tokens/binary.key"), "no text");
        fs::create_dir(disk.path("tokens/folder.key")).unwrap();
        breaks(disk.read("tokens/folder.key"), "not a regular file");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_not_followed() {
        use std::os::unix::fs::symlink;
        let disk = Disk::new().with("elsewhere/a.key", "hunter22").with("tokens/b.txt", "hunter22");
        symlink(disk.path("elsewhere/a.key"), disk.path("tokens/out.key")).unwrap();
        symlink(disk.path("elsewhere"), disk.path("tokens/linked")).unwrap();
        symlink(disk.path("tokens/b.txt"), disk.path("tokens/ending.key")).unwrap();
        breaks(disk.read("tokens/out.key"), "not in the agent's own folder");
        breaks(disk.read("tokens/linked/a.key"), "not in the agent's own folder");
        breaks(disk.read("tokens/ending.key"), "does not end in .key");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_itself_a_link_is_the_agents_folder() {
        let disk = Disk::new().with("tokens/a.key", "hunter22");
        std::os::unix::fs::symlink(disk.path("tokens"), disk.path("linked")).unwrap();
        assert!(read(&disk.path("linked/a.key"), &disk.path("linked")).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn what_would_wait_for_ever_or_never_end_is_not_opened() {
        let disk = Disk::new();
        let _listener = std::os::unix::net::UnixListener::bind(disk.path("tokens/socket.key")).unwrap();
        breaks(disk.read("tokens/socket.key"), "not a regular file");
        breaks(read_opened(File::open("/dev/zero").unwrap(), Path::new("/dev/zero")), "not a regular file");
    }

    #[test]
    fn a_file_that_is_gone_is_looked_for_again() {
        let error = Disk::new().read("tokens/a.key").unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true));
    }

    #[test]
    fn a_file_that_may_not_be_read_says_which_group_may() {
        let error = unreadable("the key file", Io::PermissionDenied.into());
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Denied, false));
        assert!(error.to_string().contains("group himds"), "{error}");
    }
}

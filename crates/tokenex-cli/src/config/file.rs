//! Finding and reading the file.

use std::env;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::source_text::SourceText;
use crate::failure::Failure;

const DEFAULT: &str = "tokenex.toml";
const VARIABLE: &str = "TOKENEX_CONFIG";

/// A file with a thousand credentials has a tenth of it.
const BYTES_MAX: u64 = 1024 * 1024;

/// The text of the file, and the folder where its relative paths begin.
///
/// # Errors
/// When there is none, when it cannot be read, is no text, or is too long.
pub(crate) fn load_text(named: Option<&Path>) -> Result<(SourceText, PathBuf), Failure> {
    let path = match (named, env::var_os(VARIABLE).filter(|path| !path.is_empty())) {
        (Some(path), _) => path.to_owned(),
        (None, Some(path)) => PathBuf::from(path),
        (None, None) => PathBuf::from(DEFAULT),
    };
    let name = path.display().to_string();
    let text = read(&path).map_err(|why| unreadable(&path, &why))?;
    let text = String::from_utf8(text).map_err(|why| {
        let lines = why.as_bytes()[..why.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        Failure::usage(format!("{name} is no text in UTF-8: see line {}", lines + 1))
            .with_help("save it as UTF-8, or name another file with -c")
    })?;
    // Editors on Windows begin files with a mark that is no part of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = std::path::absolute(folder)
        .map_err(|why| Failure::usage(format!("the folder of {name} cannot be found: {why}")))?;
    Ok((SourceText::new(&name, text), folder))
}

fn unreadable(path: &Path, why: &io::Error) -> Failure {
    let name = path.display();
    match why.kind() {
        io::ErrorKind::NotFound => Failure::usage(format!("there is no file {name}"))
            .with_help(format!("name one with -c or {VARIABLE}, or write ./{DEFAULT}")),
        io::ErrorKind::IsADirectory => Failure::usage(format!("{name} is a folder"))
            .with_help(format!("name a file: {}", path.join(DEFAULT).display())),
        io::ErrorKind::PermissionDenied => Failure::usage(format!("{name} cannot be read: this user may not"))
            .with_help(format!("see `ls -l {name}`, and the folders above it")),
        io::ErrorKind::FileTooLarge => {
            Failure::usage(format!("{name} is longer than 1 MiB")).with_help("is it a file of this program?")
        }
        _ => Failure::usage(format!("{name} cannot be read: {why}")),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who runs tests as root may read everything, so the kind is given.
    #[test]
    fn a_file_that_this_user_may_not_read_is_told_as_that() {
        let failure = unreadable(Path::new("a/b.toml"), &io::ErrorKind::PermissionDenied.into()).to_string();
        assert!(failure.contains("a/b.toml cannot be read: this user may not"), "{failure}");
        assert!(failure.contains("ls -l a/b.toml"), "{failure}");
    }
}

//! `tokenex inspect`: what an identity token says, never its signature.

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use crate::args::Inspect;
use crate::failure::{Exit, Failure};
use crate::inspect::{Token, report, warnings};
use crate::output;

/// A longer text is no identity token. The longest limit that a target publishes is 20,000 characters.
const LONGEST: u64 = 64 * 1024;

/// Prints the report. A token that is not valid now is shown all the same, and then [`Exit::Identity`] says so.
pub(crate) fn run(command: Inspect) -> Result<ExitCode, Failure> {
    let text = match command.file {
        Some(path) if path.as_os_str() != "-" => from_file(&path)?,
        _ => from_stdin()?,
    };
    let token = Token::read(&text)?;
    let now = SystemTime::now();
    let warnings = warnings::of(&token, now);
    let _ = output::data(&report::text(&token, &warnings, now))?;
    match warnings.into_iter().find(|warning| warning.unusable) {
        Some(warning) => Err(Failure::new(Exit::Identity, warning.text)),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn from_file(path: &PathBuf) -> Result<String, Failure> {
    let failed = |error: io::Error| {
        Failure::new(Exit::Identity, format!("the token cannot be read from {}: {error}", shown(path)))
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    bounded(file).map_err(failed)?.ok_or_else(too_long)
}

fn from_stdin() -> Result<String, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        output::note("tokenex: reading the token from standard input; end it with Ctrl-D");
    }
    let failed = |error| Failure::new(Exit::Identity, format!("the token cannot be read from standard input: {error}"));
    bounded(stdin.lock()).map_err(failed)?.ok_or_else(too_long)
}

/// `None` when it is longer than a token can be.
fn bounded(from: impl Read) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    from.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Ok(None);
    }
    String::from_utf8(bytes).map(Some).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))
}

fn too_long() -> Failure {
    Failure::new(Exit::Identity, "the input is longer than 64 KiB, and no identity token is")
}

fn shown(path: &Path) -> String {
    output::printable(&path.to_string_lossy())
}

//! `tokenex check`: what is wrong with a file, without asking anybody.

use std::process::ExitCode;

use tokio::runtime;

use crate::args::{Check, Global};
use crate::catalog;
use crate::config::{self, Place, Problem};
use crate::failure::{Exit, Failure};
use crate::output;

/// Prints the schema, or all problems of the file at once.
///
/// # Errors
/// When the file cannot be used.
pub(crate) fn run(global: &Global, command: Check) -> Result<ExitCode, Failure> {
    if command.schema {
        let _ = output::data(&format!("{:#}\n", config::schema()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (text, folder) = config::load_text(global.config.as_deref())?;
    let mut parsed = config::parse(&text, &Place::here(&folder));
    let is_sound = |problems: &[Problem]| !problems.iter().any(Problem::is_error);
    if let Some(config) = parsed.config.as_ref().filter(|_| is_sound(&parsed.problems)) {
        parsed.problems.extend(rehearse(config)?);
    }
    if !is_sound(&parsed.problems) {
        return Err(config::failure(&parsed.problems, &text));
    }
    if !parsed.problems.is_empty() {
        output::note(config::report(&parsed.problems, &text, config::colours()));
    }
    let (identities, credentials) =
        parsed.config.map_or((0, 0), |config| (config.identities.len(), config.credentials.len()));
    output::note(format_args!(
        "{} is in order: {}, {}{}",
        text.name(),
        counted(identities, "identity", "identities"),
        counted(credentials, "credential", "credentials"),
        match parsed.problems.len() {
            0 => String::new(),
            warnings => format!(", {}", counted(warnings, "warning", "warnings")),
        }
    ));
    Ok(ExitCode::SUCCESS)
}

/// What the library says about it. Some of its settings are checked in a runtime only.
fn rehearse(config: &config::Config) -> Result<Vec<Problem>, Failure> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|why| Failure::new(Exit::Internal, format!("the file cannot be checked: {why}")))?;
    Ok(runtime.block_on(async { catalog::rehearse(config) }))
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

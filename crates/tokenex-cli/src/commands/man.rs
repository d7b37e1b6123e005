//! `tokenex man`.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::Man as Page;

use crate::args::{Arguments, Man};
use crate::failure::{Exit, Failure};
use crate::output;

/// Prints the page of the program, or that of one command.
pub(crate) fn run(command: &Man) -> Result<ExitCode, Failure> {
    let mut all = Arguments::command();
    all.build();
    let about = match &command.command {
        None => all,
        Some(name) => {
            let name = output::printable(name);
            let page = all.find_subcommand(&name).cloned();
            page.ok_or_else(|| Failure::usage(format!("there is no command \"{name}\"")))?
        }
    };
    let mut page = Vec::new();
    let failed = |error| Failure::new(Exit::Internal, format!("the manual page cannot be made: {error}"));
    Page::new(about).render(&mut page).map_err(failed)?;
    let _ = output::data(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}

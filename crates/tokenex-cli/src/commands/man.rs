//! `tokenex man`.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::Man as Page;

use crate::args::{Arguments, Man};
use crate::failure::{Exit, Failure};
use crate::output;

/// Prints the page of the program, or that of one command.
pub(crate) fn run(command: &Man) -> Result<ExitCode, Failure> {
    // Each command has a page already, so `help` needs none.
    let mut all = Arguments::command().disable_help_subcommand(true);
    all.build();
    // A page names the package that it is from, and not the command alone (man-pages(7)).
    let source = format!("{} {}", all.get_name(), all.get_version().unwrap_or_default());
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
    Page::new(about).source(source).manual("User Commands").render(&mut page).map_err(failed)?;
    let _ = output::data(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}

//! `tokenex watch`.

use std::process::ExitCode;

use crate::args::{Global, Watch};
use crate::failure::Failure;

pub(crate) fn run(_global: &Global, _command: Watch) -> Result<ExitCode, Failure> {
    Ok(ExitCode::SUCCESS)
}

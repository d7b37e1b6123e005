//! `tokenex get`.

use std::process::ExitCode;

use crate::args::{Get, Global};
use crate::failure::Failure;

pub(crate) fn run(_global: &Global, _command: Get) -> Result<ExitCode, Failure> {
    Ok(ExitCode::SUCCESS)
}

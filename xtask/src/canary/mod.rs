//! `cargo xtask canary`: every secret that existed in the tests, searched in everything that they left.
//!
//! The stages of `cargo xtask test` that run test programs run them this way, so nothing runs twice. What is known of the secrets
//! is written by the testkit (`crates/tokenex-testkit/src/canary/whole_run.rs`) into a folder that ends with the run.

use crate::{Failure, workspace::Workspace};

mod asked_for;
mod files;
mod finds;
mod folder;
mod forms;
mod planted;
mod processes;
mod programs;
mod report;
mod run;
mod search;
mod secrets;

pub(crate) use programs::Program;
pub(crate) use run::watch;

/// `cargo xtask canary [--offline-only | --planted]`; `leak PLACE` is what the planted leaks are made with.
pub(crate) fn command(arguments: &[&str]) -> Result<(), Failure> {
    match arguments {
        [] => crate::test::under_the_canary(&Workspace::load()?, false),
        ["--offline-only"] => crate::test::under_the_canary(&Workspace::load()?, true),
        ["--planted"] => planted::check(&Workspace::load()?),
        ["leak", place] => planted::leak(place),
        _ => Err("`cargo xtask canary` takes no option but --offline-only and --planted".into()),
    }
}

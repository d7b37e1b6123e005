//! Everything in tokenex that reads what comes from outside, each as one function from bytes to nothing.
//!
//! A function here is a *target*. It returns when all is well and panics when something is not: on a panic of what is tried, on
//! a secret in an error or a log, on a credential without an end where the protocol has one, on work without bound. Two things
//! drive the targets: `cargo xtask fuzz`, on any toolchain, with the mutator of this crate; and libFuzzer, through cargo-fuzz, on
//! a nightly one. Both begin with the same [corpus](corpus).
#![forbid(unsafe_code)]
// The modules of the program that are compiled in have readers there that they have not here.
#![allow(dead_code)]

mod answers;
#[path = "../../crates/tokenex-cli/src/config/mod.rs"]
#[expect(unused_imports, reason = "what the rest of the program uses of it is not here")]
mod config;
pub mod corpus;
mod doctor;
pub mod exchange;
#[path = "../../crates/tokenex-cli/src/failure.rs"]
mod failure;
#[path = "../../crates/tokenex-cli/src/inspect/mod.rs"]
mod inspect;
pub mod mutate;
pub mod oracle;
#[path = "../../crates/tokenex-cli/src/output.rs"]
mod output;
mod outside;
mod targets;
#[path = "../../crates/tokenex-cli/src/time.rs"]
mod time;

/// One target.
#[derive(Clone, Copy)]
pub struct Target {
    /// As on the command line, and as the folder of its corpus is called.
    pub name: &'static str,
    /// Tries one input. Panics when what it tries does what it must not.
    pub run: fn(&[u8]),
    /// How many changed inputs a short run tries: fewer where each costs a process, or a key.
    pub short: u32,
}

/// All targets.
pub const TARGETS: &[Target] = targets::ALL;

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Runs the target of this name: what cargo-fuzz begins with.
///
/// # Panics
/// When there is none of this name, and when the target does.
pub fn run(name: &str, data: &[u8]) {
    (target(name).unwrap_or_else(|| panic!("there is no target {name}")).run)(data);
}

//! The built program, run as a user would run it: against an issuer and twins on this machine, in real time. No test
//! depends on speed: each waits for what is to happen, within generous bounds.
#![allow(missing_docs)]

mod check;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod exec;
mod get;
mod habits;
mod inspect;
mod listen;
mod program;
mod terminal;
mod watch;
mod world;

//! The parts of core that meet the outside world: real files, processes, sockets and TLS.
#![allow(clippy::disallowed_methods)]

#[cfg(unix)]
mod command;
mod env_var;
mod file;
mod in_program;
mod support;
#[cfg(feature = "http")]
mod transport;
#[cfg(feature = "http")]
mod url;

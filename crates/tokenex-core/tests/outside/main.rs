//! The parts of core that meet the outside world: real files, processes, sockets and TLS.
#![allow(clippy::disallowed_methods)]

#[cfg(unix)]
mod command;
mod env_var;
mod file;
#[cfg(unix)]
mod formats;
#[cfg(feature = "http")]
mod github_actions;
mod gitlab;
mod in_program;
#[cfg(unix)]
mod permissions;
mod support;
#[cfg(feature = "http")]
mod transport;
#[cfg(feature = "http")]
mod url;

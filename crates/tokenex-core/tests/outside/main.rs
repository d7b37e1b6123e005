//! The parts of core that meet the outside world: real files, processes, sockets and TLS.

mod env_var;
mod support;

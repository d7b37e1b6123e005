//! Free loopback ports.

use std::net::{Ipv4Addr, TcpListener};

use super::{ServerError, random};

/// Below the ranges from which Linux (32768) and macOS (49152) draw the ports
/// of outgoing connections: a server that is stopped and started again must not
/// find its port taken by somebody's client.
const LOWEST: u16 = 20_000;
const HIGHEST: u16 = 32_000;
const TRIES: usize = 200;

/// Finds an even port that is free together with its odd neighbour.
///
/// OpenBao takes the port after its own for its cluster, and pairs that start
/// even cannot overlap. Another process may still take the port before the
/// server does; whoever starts a server tries again then.
pub(super) fn free_pair() -> Result<u16, ServerError> {
    for _ in 0..TRIES {
        let port = LOWEST + 2 * random::below((HIGHEST - LOWEST) / 2)?;
        if is_free(port) && is_free(port + 1) {
            return Ok(port);
        }
    }
    Err(ServerError::new(format!("no free pair of ports between {LOWEST} and {HIGHEST} on 127.0.0.1 in {TRIES} tries")))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

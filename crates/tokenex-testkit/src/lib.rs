//! Test tools for tokenex.

pub mod canary;
pub mod clock;
pub mod issuer;
pub mod proxy;
#[cfg(feature = "servers")]
pub mod servers;
pub mod tls;
pub mod transport;
pub mod web;

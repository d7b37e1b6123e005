//! Test tools for tokenex.

pub mod issuer;
pub mod tls;
pub mod web;

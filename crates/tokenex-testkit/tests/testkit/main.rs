//! The test tools, tested: each fault must be a fault that a real client sees, each guard must catch what it is for.

mod canary;
mod clock;
mod conformance;
mod files;
mod issuer;
mod proxy;
mod support;
mod tls;
mod transport;
mod twins;
mod web;

//! The crate before the twin of Vault in memory, on a clock moved by hand; where a test needs what no server does, the
//! server says what the test says.
#![allow(missing_docs)]

mod answers;
mod canary;
mod conformance;
mod leases;
mod logins;
mod redirects;
mod static_roles;
mod trap;
mod uses;
mod world;

//! Chains of exchanges that end at real servers: OpenBao, and PostgreSQL behind it.
#![allow(missing_docs)]

mod managed_identity;
mod world;

//! The crate before real servers: OpenBao, and PostgreSQL behind it.
#![allow(missing_docs)]

mod bad_days;
mod denied;
mod kv;
mod many;
mod skeleton;
mod static_role;
mod trap;
mod uses;
#[cfg(feature = "vaultrs")]
mod vaultrs;
mod world;

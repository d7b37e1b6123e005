//! The twin of Vault.

mod bad_days;
mod kv;
mod leases;
mod login;
mod policies;
mod renewals;
mod support;

//! Chains of exchanges through several targets: nothing but providers on top of each other, before the twins, on moved time.
#![allow(missing_docs)]

mod aws_to_azure;
mod azure_to_vault;
mod vault_to_clouds;
mod world;

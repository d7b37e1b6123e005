//! Twins: each check must refuse, and each fault be seen.

mod aws;
mod azure;
mod google;
mod oci;
mod support;
mod vault;

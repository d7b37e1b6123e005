//! Twins: each check must refuse, and each fault be seen.

mod aws;
mod azure;
mod github;
mod gitlab;
mod google;
mod oci;
mod support;
mod vault;

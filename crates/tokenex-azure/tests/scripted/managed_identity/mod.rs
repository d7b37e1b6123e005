//! Managed identities before platforms that do what the test says.

mod bad_days;
mod canary;
mod choices;
mod federation;
mod identity;
mod lifetimes;
mod machine;
mod platforms;
mod requests;
#[cfg(feature = "http")]
mod service_fabric;

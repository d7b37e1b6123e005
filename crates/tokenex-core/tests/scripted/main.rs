//! The real engine before twins and scripts, on a network in memory and on moved time.
#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods)]

mod github_actions;
#[cfg(feature = "metrics")]
mod metrics;

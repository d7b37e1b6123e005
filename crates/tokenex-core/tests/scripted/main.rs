//! The real engine and the twins of the testkit, on a network in memory and on moved time.
#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods)]

mod github_actions;

//! `cargo xtask bench`: what things cost.

mod build;

pub(crate) use build::run as build;

//! See the programs beside this file.

/// The programs in the README of the repository, so that they compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

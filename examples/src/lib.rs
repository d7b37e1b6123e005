//! See the programs beside this file.

/// The programs in the README of the repository, so that they compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The programs in the guides, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../docs/concepts.md")]
struct Concepts;

#[cfg(doctest)]
#[doc = include_str!("../../docs/coming-from-go.md")]
struct ComingFromGo;

#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
struct Testing;

#[cfg(doctest)]
#[doc = include_str!("../../docs/writing-a-provider.md")]
struct WritingAProvider;

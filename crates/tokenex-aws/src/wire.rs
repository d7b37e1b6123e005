//! Requests and answers as pure functions.
//!
//! The requests to STS are made by the SDK; what is here of STS is what its answers lack or hide.

pub(crate) mod metadata;
pub(crate) mod sts;

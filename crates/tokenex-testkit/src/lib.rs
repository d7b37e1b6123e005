//! Test tools for tokenex.

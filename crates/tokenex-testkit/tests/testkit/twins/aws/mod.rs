//! The twins of AWS.

mod assume_role;
mod machines;
mod outbound;
mod signature;
mod support;
mod web_identity;

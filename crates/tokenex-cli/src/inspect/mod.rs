//! A look into an identity token, unverified: verifying is the target's work.

pub(crate) mod report;
mod token;
pub(crate) mod warnings;

pub(crate) use token::Token;

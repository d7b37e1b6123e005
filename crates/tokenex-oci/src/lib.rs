//! Oracle Cloud for tokenex: an identity token becomes a session token, bound to a key that never leaves the process.
#![forbid(unsafe_code)]

mod errors;
mod wire;

//! Oracle Cloud for tokenex: an identity token becomes a session token, bound to a key that never leaves the process.
#![forbid(unsafe_code)]

mod errors;
mod key;
mod session_token;
mod signer;
mod wire;

pub use key::{KeySize, SessionKey};
pub use session_token::SessionToken;
pub use signer::{Body, RequestSigner};

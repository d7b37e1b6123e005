//! Oracle Cloud for tokenex: an identity token becomes a session token, bound to a key that never leaves the process.
#![forbid(unsafe_code)]

mod env;
mod errors;
mod exchange;
mod files;
mod instance;
mod key;
mod oke;
mod resource_principal;
#[cfg(feature = "reqwest")]
mod sdk;
mod session_token;
mod signer;
mod wire;

pub use exchange::{Domain, DomainBuilder, TokenExchange};
pub use files::SessionFiles;
pub use instance::InstancePrincipal;
pub use key::{KeySize, SessionKey};
pub use oke::{OkeWorkload, OkeWorkloadBuilder};
pub use resource_principal::ResourcePrincipal;
#[cfg(feature = "reqwest")]
pub use sdk::SigningClient;
pub use session_token::SessionToken;
pub use signer::{Body, RequestSigner};

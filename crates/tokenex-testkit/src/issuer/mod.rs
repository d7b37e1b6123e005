//! A local OIDC issuer.

mod key;
mod keys;
mod token;

pub use key::{Algorithm, InvalidKey, KeyMaker, PooledKeys, SigningKey};
pub use keys::{IssuerKeys, OldKey, VerifyError};
pub use token::TokenBuilder;

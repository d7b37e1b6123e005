//! Microsoft Entra for tokenex.
#![forbid(unsafe_code)]

mod client_secret;
mod cloud;
mod endpoint;
mod entra;
mod errors;
mod federated;
mod scope;
#[cfg(feature = "http")]
mod tls;
mod token;
mod wire;

pub use client_secret::ClientSecret;
pub use cloud::Cloud;
pub use entra::{Entra, EntraBuilder, EntraToken};
pub use scope::Scope;
pub use token::AccessToken;

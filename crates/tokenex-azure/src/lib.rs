//! Microsoft Entra for tokenex.
#![forbid(unsafe_code)]

mod agent;
mod client_secret;
mod cloud;
mod endpoint;
mod entra;
mod env;
mod errors;
mod federated;
mod managed_identity;
mod route;
mod scope;
#[cfg(feature = "azure_core")]
mod sdk;
mod tenant;
#[cfg(feature = "http")]
mod tls;
mod token;
mod tokens;
mod wire;

pub use agent::{ActingUser, Agent, AgentBlueprint, AgentToken, AgentUser, OnBehalfOf};
pub use client_secret::ClientSecret;
pub use cloud::Cloud;
pub use entra::{Entra, EntraBuilder, EntraToken};
pub use managed_identity::{ManagedIdentity, ManagedIdentityBuilder, ManagedIdentityToken, Platform};
pub use scope::Scope;
#[cfg(feature = "azure_core")]
pub use sdk::{IntoSdk, SdkCredential};
pub use token::AccessToken;
pub use tokens::Tokens;

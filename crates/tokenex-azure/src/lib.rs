//! Microsoft Entra for tokenex: an identity token or a managed identity becomes access tokens.
//!
//! A workload shows the JWT that proves who it is (of Kubernetes, a CI system, another cloud), or asks the platform for its
//! managed identity, and gets access tokens for the APIs of Azure, of Microsoft 365 and of its own tenant. There is no client
//! secret and no certificate. Tokens are kept fresh for as long as they are wanted, and plug into the Azure SDK for Rust.
//!
//! # At Azure: two controls
//!
//! **Trust** says who may become the client, and **roles** say what the client may do. They are set in different places, and
//! fail in different ways: without trust there is no token (an `AADSTS` code); without a role there is one, and the service
//! answers 403.
//!
//! *Trust.* The client is an app registration, or a user-assigned managed identity, which needs no rights in the directory. A
//! federated credential on it names issuer, subject and audience of the identity tokens to trust, to the letter:
//!
//! ```text
//! az ad app create --display-name app
//! az ad sp create --id CLIENT_ID
//! az ad app federated-credential create --id CLIENT_ID --parameters '{"name": "workload",
//!     "issuer": "https://issuer.example", "subject": "repo:org/app:ref:refs/heads/main",
//!     "audiences": ["api://AzureADTokenExchange"]}'
//! ```
//!
//! ```text
//! az identity create --name app --resource-group GROUP
//! az identity federated-credential create --name workload --identity-name app --resource-group GROUP \
//!     --issuer https://issuer.example --subject repo:org/app:ref:refs/heads/main --audiences api://AzureADTokenExchange
//! ```
//!
//! *Roles*, on as little as will do. `PRINCIPAL_ID` is the *object* id of the service principal or of the identity:
//!
//! ```text
//! az role assignment create --assignee-object-id PRINCIPAL_ID --assignee-principal-type ServicePrincipal \
//!     --role Reader --scope /subscriptions/SUBSCRIPTION/resourceGroups/GROUP
//! ```
//!
//! Both take minutes to be known everywhere. Until then exchanges may fail, even after one that worked; they are tried again
//! at the pace at which people repair things.
//!
//! # In the program
//!
//! ```no_run
//! use std::time::Duration;
//! use tokenex_azure::Entra;
//! use tokenex_core::{Result, Scheduler, TokenSource};
//!
//! # async fn demo(identity: impl TokenSource) -> Result<()> {
//! let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
//! let entra = Entra::federated("TENANT", "CLIENT_ID", identity).build()?;
//!
//! let arm = scheduler.keep(entra.token("https://management.azure.com/.default")?);
//! arm.ready(Duration::from_secs(30)).await?;
//!
//! let token = arm.get().await?; // now, and for each request
//! call(token.authorization()).await;
//!
//! println!("{}", scheduler.shutdown(Duration::from_secs(5)).await);
//! # Ok(())
//! # }
//! # async fn call(_: &http::HeaderValue) {}
//! ```
//!
//! | for | see |
//! |---|---|
//! | a pod in AKS | [`Entra::from_env`] |
//! | several scopes of one client | [`Entra::tokens`] |
//! | a client of the Azure SDK | `IntoSdk`, `Tokens::into_sdk` |
//! | a managed identity, alone or as the proof of an app registration | [`ManagedIdentity`] |
//! | agent identities | [`AgentBlueprint`] |
//! | another cloud | [`Cloud`] |
//! | a token for another system that trusts Entra | a scope of one's own API: [`AccessToken`] |
//!
//! # What ends when
//!
//! A token lives as long as Entra says, most often an hour and at times a day, and nothing ends it before: neither the end of
//! the identity token nor the removal of the trust, and there is no revocation. To stop a client,
//! take its roles away, which works within minutes.
//!
//! # Features
//!
//! - `http` (default): core's own transport, and TLS options on [`EntraBuilder`].
//! - `azure_core` (default): credentials for clients of the Azure SDK.
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

//! Twins of Google Cloud's token services and of its metadata server.
//!
//! [`GoogleTwin`] is the token service, IAM Credentials, the OAuth token endpoint and Google's own issuer: projects are made
//! on it, providers and service accounts in the projects, bindings and keys on the accounts, and its book says what was
//! asked. [`MetadataTwin`] is the metadata server of a machine that runs as one of the accounts.
//!
//! What they do not model: attribute mappings and conditions in their own language (closures instead), groups, roles (a
//! binding gives all tokens of an account), deny policies, access boundaries, introspection, credentials bound to a
//! certificate, SAML and X.509 providers, and the wait before metadata changes.

mod aws_subject;
mod book;
mod cloud;
mod directory;
mod endpoints;
mod id_token;
mod impersonation;
mod key_grant;
mod keys;
mod metadata;
mod principal;
mod project;
mod provider;
mod refusal;
mod service_account;
mod state;
mod subject;
mod token_exchange;
mod tokens;

pub use book::{Endpoint, Exchange};
pub use cloud::GoogleTwin;
pub use keys::ServiceAccountKey;
pub use metadata::MetadataTwin;
pub use project::Project;
pub use provider::IdentityProvider;
pub use service_account::{Binding, ServiceAccount};
pub use tokens::Access;

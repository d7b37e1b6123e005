//! Google Cloud for tokenex.
#![forbid(unsafe_code)]

mod endpoint;
mod errors;
mod executable;
mod external_account;
mod id_token;
mod identity;
mod impersonation;
mod metadata;
mod provider_name;
mod scopes;
#[cfg(feature = "google_cloud_auth")]
mod sdk;
mod service_account;
mod service_account_key;
mod token;
mod universe;
mod wire;
mod workload_identity;

pub use executable::ExecutableSource;
pub use external_account::ExternalAccount;
pub use id_token::{IdToken, ImpersonatedIdToken, ImpersonatedIdTokenBuilder};
pub use impersonation::{Impersonation, ImpersonationBuilder};
pub use metadata::{MetadataAccessToken, MetadataServer};
#[cfg(feature = "google_cloud_auth")]
pub use sdk::{IntoSdk, SdkCredentials};
pub use service_account_key::ServiceAccountKey;
pub use token::AccessToken;
pub use workload_identity::{WorkloadIdentity, WorkloadIdentityBuilder};

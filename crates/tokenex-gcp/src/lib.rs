//! Google Cloud for tokenex: an identity token becomes access tokens and ID tokens that Google signs.
//!
//! A workload shows the JWT that proves who it is (of Kubernetes, a CI system, another cloud), the Security Token Service
//! answers with a *federated token*, and that acts as a service account where the services want one. There is no key. Tokens
//! are kept fresh for as long as they are wanted, and plug into Google's client crates for Rust.
//!
//! # At Google Cloud: the pool and the bindings
//!
//! A *workload identity pool* has providers, and each trusts one issuer. The mapping says who a token is to Google:
//!
//! ```text
//! gcloud services enable iam.googleapis.com sts.googleapis.com iamcredentials.googleapis.com
//! gcloud iam workload-identity-pools create workloads --location=global
//! gcloud iam workload-identity-pools providers create-oidc issuer --workload-identity-pool=workloads --location=global \
//!     --issuer-uri=https://issuer.example --attribute-mapping=google.subject=assertion.sub \
//!     --attribute-condition="assertion.sub == 'repo:org/app:ref:refs/heads/main'"
//! ```
//!
//! The identity gets roles itself, which most services know, or may act as a service account that has them:
//!
//! ```text
//! POOL=iam.googleapis.com/projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/workloads
//! gcloud projects add-iam-policy-binding PROJECT_ID --role=roles/storage.objectViewer \
//!     --member="principal://$POOL/subject/SUBJECT"
//! gcloud iam service-accounts add-iam-policy-binding app@PROJECT_ID.iam.gserviceaccount.com \
//!     --role=roles/iam.workloadIdentityUser --member="principal://$POOL/subject/SUBJECT"
//! ```
//!
//! All of it takes up to 5 minutes to be known everywhere. Until then exchanges may fail, and are tried again at the pace at
//! which people repair things.
//!
//! # In the program
//!
//! ```no_run
//! use std::time::Duration;
//! use tokenex_core::{Result, Scheduler, TokenSource};
//! use tokenex_gcp::{Impersonation, WorkloadIdentity};
//!
//! # async fn demo(identity: impl TokenSource) -> Result<()> {
//! let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
//! let pool = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/workloads";
//!
//! let federated = scheduler.keep(WorkloadIdentity::builder(format!("{pool}/providers/issuer"), identity).build()?);
//! let app = scheduler.keep(Impersonation::builder("app@my-project.iam.gserviceaccount.com", federated).build()?);
//! app.ready(Duration::from_secs(30)).await?;
//!
//! let token = app.get().await?; // now, and for each request
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
//! | a token for an identity from elsewhere | [`WorkloadIdentity`], workforce pools included |
//! | the token of a service account | [`Impersonation`] |
//! | an ID token: for Cloud Run, or as the identity for another cloud | [`ImpersonatedIdToken`], [`MetadataServer`] |
//! | the service account of the machine | [`MetadataServer::access_token`] |
//! | a key that Vault's GCP engine makes | [`ServiceAccountKey`] |
//! | a credential file of gcloud | [`ExternalAccount`] |
//! | a program that prints identity tokens | [`ExecutableSource`] |
//! | a client crate of Google | `IntoSdk` |
//!
//! # What ends when
//!
//! A token lives as long as Google says, an hour unless it was asked for less, and nothing of this crate's doing ends it before:
//! there is no revocation. A service account's token outlives the federated token that it was made with. To stop a workload, take
//! its roles away, or disable the service account, which works within minutes; a disabled provider stops new exchanges only.
//!
//! # Features
//!
//! - `http` (default): core's own transport.
//! - `google_cloud_auth` (default): the credentials of Google's client crates for Rust.
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

//! Oracle Cloud for tokenex: an identity token becomes a session token, bound to a key that never leaves the process.
//!
//! A workload shows the JWT that proves who it is (of Kubernetes, a CI system, another cloud) to an identity domain, with the
//! public half of a new key, and gets a *session token*: that of a service user (UPST), or of a resource (RPST). Each request is
//! then signed with the key, so the token alone is worth nothing. Both are kept fresh, and swapped together. Programs inside of
//! Oracle Cloud get the same credential from the platform.
//!
//! # At Oracle Cloud: the application, the trust and the policy
//!
//! *The application* may exchange: a confidential application of the domain, activated, with the grant client credentials and no
//! role. Its secret is the one long-lived thing here; an instance of the same tenancy can sign instead.
//!
//! *The service user* is whom workloads become. It is a user of the domain of which nobody signs in, in a group.
//!
//! *The identity propagation trust* says whose tokens count, and whom they become. A domain administrator makes it with
//! `POST {domain}/admin/v1/IdentityPropagationTrusts`:
//!
//! ```json
//! {
//!   "schemas": ["urn:ietf:params:scim:schemas:oracle:idcs:IdentityPropagationTrust"],
//!   "name": "workloads", "type": "JWT", "active": true,
//!   "issuer": "https://issuer.example", "publicKeyEndpoint": "https://issuer.example/jwks",
//!   "clientClaimName": "aud", "clientClaimValues": ["oci-workloads"], "oauthClients": ["CLIENT_ID"],
//!   "subjectType": "User", "allowImpersonation": true,
//!   "impersonationServiceUsers": [{"rule": "sub eq repo:org/app:ref:refs/heads/main", "value": "SERVICE_USER_ID"}]
//! }
//! ```
//!
//! A trust is **not active unless that is said**, and changes take minutes to reach all regions of a domain. For resources the
//! trust has `impersonatingResource` in place of the service user.
//!
//! *The policy* says what the group, or the resource, may do. Without one the API answers 404, not 403:
//!
//! ```text
//! Allow group 'DOMAIN'/'workloads' to read objects in compartment COMPARTMENT
//! Allow any-user to read objects in compartment COMPARTMENT where all {
//!     request.principal.type = 'identityfederateddomainapp', request.principal.ext_repository = 'org/app'}
//! ```
//!
//! # In the program
//!
//! ```no_run
//! use std::time::Duration;
//! use tokenex_core::sources::EnvVar;
//! use tokenex_core::{Result, Scheduler, TokenSource};
//! use tokenex_oci::Domain;
//!
//! # async fn demo(identity: impl TokenSource) -> Result<()> {
//! let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
//! let domain = Domain::builder("https://idcs-0123456789abcdef.identity.oraclecloud.com:443", identity)
//!     .client("CLIENT_ID", EnvVar::new("OCI_CLIENT_SECRET"))
//!     .audience("oci-workloads")
//!     .build()?;
//!
//! let session = scheduler.keep(domain.user_token());
//! session.ready(Duration::from_secs(30)).await?;
//!
//! let token = session.get().await?; // now, and for each request
//! let request = http::Request::get("https://objectstorage.eu-frankfurt-1.oraclecloud.com/n").body("").unwrap();
//! send(token.signer().sign(request)?).await;
//!
//! println!("{}", scheduler.shutdown(Duration::from_secs(5)).await);
//! # Ok(())
//! # }
//! # async fn send(_: http::Request<&str>) {}
//! ```
//!
//! | for | see |
//! |---|---|
//! | the token of a service user | [`Domain::user_token`] |
//! | the token of a resource, without any user | [`Domain::resource_token`] |
//! | what Terraform's variables describe | [`Domain::from_env`] |
//! | a function, a notebook, a job, a container instance | [`ResourcePrincipal`] |
//! | a pod in OKE | [`OkeWorkload`] |
//! | an instance, as itself, or to sign the exchange | [`InstancePrincipal`], [`DomainBuilder::instance_principal`] |
//! | signing requests | [`RequestSigner`], and `SigningClient` for reqwest |
//! | Oracle's CLI, or an SDK that reads its files | [`SessionFiles`] |
//!
//! # What ends when
//!
//! A user's token ends with the identity token that it was made with, and after an hour at the latest; a resource's after 20 minutes
//! unless asked otherwise. Nothing ends it before: there is no revocation, and neither an inactive trust nor another secret of the
//! application touches a token that was handed out. To stop a workload at once, take its policy or its group away.
//!
//! # Features
//!
//! - `http` (default): core's own transport, and the CA file of a cluster.
//! - `reqwest` (default): a client of reqwest that signs. Feature `http` brings that crate anyway.
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
mod spare_key;
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

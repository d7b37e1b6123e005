//! AWS for tokenex: an identity token becomes credentials of a role, and a role an identity token.
//!
//! A workload shows the JWT that proves who it is (of Kubernetes, a CI system, another cloud), or asks the platform for the
//! credentials of its container or instance, and gets those of a role. There is no long-lived access key. They are kept
//! fresh for as long as they are wanted, plug into the AWS SDK for Rust, and are themselves a way on: to another role, or to
//! an identity token that Azure, Google Cloud or Vault take.
//!
//! # At AWS: who may become the role, and what the role may do
//!
//! *Trust.* The account must know the issuer, and the role's trust policy must name the subject and the audience, to the
//! letter. A policy that leaves the subject out trusts every workload of the issuer:
//!
//! ```text
//! aws iam create-open-id-connect-provider --url https://issuer.example --client-id-list sts.amazonaws.com
//! aws iam create-role --role-name app --assume-role-policy-document '{ "Version": "2012-10-17", "Statement": [{
//!     "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
//!     "Principal": { "Federated": "arn:aws:iam::123456789012:oidc-provider/issuer.example" },
//!     "Condition": { "StringEquals": { "issuer.example:aud": "sts.amazonaws.com",
//!                                      "issuer.example:sub": "repo:org/app:ref:refs/heads/main" } } }] }'
//! ```
//!
//! *Permissions*, as few as will do:
//!
//! ```text
//! aws iam attach-role-policy --role-name app --policy-arn arn:aws:iam::123456789012:policy/read-backups
//! ```
//!
//! Both take seconds to minutes to be known everywhere. Until then exchanges may fail; they are tried again at the pace at
//! which people repair things.
//!
//! # In the program
//!
//! ```no_run
//! use std::time::Duration;
//! use tokenex_aws::WebIdentity;
//! use tokenex_core::{Result, Scheduler, TokenSource};
//!
//! # async fn demo(identity: impl TokenSource) -> Result<()> {
//! let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
//! let role = "arn:aws:iam::123456789012:role/app";
//! let role = scheduler.keep(WebIdentity::builder(role, identity).region("eu-central-1").build()?);
//! role.ready(Duration::from_secs(30)).await?;
//!
//! let credentials = role.get().await?; // now, and for each request
//! sign(credentials.access_key_id(), credentials.secret_access_key().expose()).await;
//!
//! println!("{}", scheduler.shutdown(Duration::from_secs(5)).await);
//! # Ok(())
//! # }
//! # async fn sign(_: &str, _: &str) {}
//! ```
//!
//! | for | see |
//! |---|---|
//! | a service account of EKS with a role (IRSA) | [`WebIdentity::from_env`] |
//! | EKS Pod Identity, a task of ECS | [`ContainerCredentials::from_env`] |
//! | an EC2 instance | [`InstanceCredentials`] |
//! | a client of the AWS SDK | `IntoSdk` |
//! | a role that trusts the first one | [`AssumeRole`] |
//! | an identity for Entra, Google Cloud, Vault | [`OutboundIdentity`] |
//! | programs that are not in Rust | [`output`] |
//!
//! # What ends when
//!
//! A session lives as long as was asked for, an hour unless told, and nothing ends it before: neither the end of the identity
//! token, nor that of the session it was made with, nor the removal of the trust. AWS cannot revoke one alone; to stop a
//! workload, deny its role's sessions until now
//! ([`AWSRevokeOlderSessions`](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html)).
//!
//! # Features
//!
//! - `http` (default): core's own transport, and a CA of one's own for the endpoint.
//! - `aws_sdk` (default): credentials for clients of the AWS SDK, and options taken from its configuration.
#![forbid(unsafe_code)]

mod assume_role;
mod base;
mod container;
mod credentials;
mod endpoint;
mod env;
mod errors;
mod http_client;
mod instance;
mod outbound;
pub mod output;
#[cfg(feature = "aws_sdk")]
mod sdk;
mod session;
mod sts;
mod tags;
mod web_identity;
mod wire;

pub use assume_role::{AssumeRole, AssumeRoleBuilder};
pub use base::IntoBase;
pub use container::{ContainerCredentials, ContainerCredentialsBuilder};
pub use credentials::AwsCredentials;
pub use instance::{InstanceCredentials, InstanceCredentialsBuilder};
pub use outbound::{OutboundIdentity, OutboundIdentityBuilder, SigningAlgorithm};
#[cfg(feature = "aws_sdk")]
pub use sdk::{IntoSdk, SdkCredentials};
pub use web_identity::{WebIdentity, WebIdentityBuilder};

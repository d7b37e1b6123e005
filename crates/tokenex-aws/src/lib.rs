//! AWS for tokenex.
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

//! AWS for tokenex.
#![forbid(unsafe_code)]

mod assume_role;
mod base;
mod credentials;
mod endpoint;
mod errors;
mod http_client;
mod outbound;
#[cfg(feature = "aws_sdk")]
mod sdk;
mod session;
mod sts;
mod tags;
mod web_identity;
mod wire;

pub use assume_role::{AssumeRole, AssumeRoleBuilder};
pub use base::IntoBase;
pub use credentials::AwsCredentials;
pub use outbound::{OutboundIdentity, OutboundIdentityBuilder, SigningAlgorithm};
#[cfg(feature = "aws_sdk")]
pub use sdk::{IntoSdk, SdkCredentials};
pub use web_identity::{WebIdentity, WebIdentityBuilder};

//! Twins of AWS STS and of what hands out credentials on AWS's machines.
//!
//! [`StsTwin`] is the Security Token Service of all regions: accounts are made on it, issuers and roles in the accounts, trust
//! on the roles, and its book says what was asked. [`ContainerTwin`], [`PodIdentityTwin`] and [`InstanceTwin`] hand out
//! sessions of a role to whoever runs in the right place.
//!
//! What they do not model: policies of permissions (all is allowed that [`Role::forbid`] does not deny, and nothing beyond a
//! role's own trust is asked of a caller in another account), session policies beyond their form and size, signatures in
//! a query, several regions' own state, `GetSessionToken` and `GetFederationToken`, SAML.

mod account;
mod assume_role;
mod book;
mod calls;
mod container;
mod iam;
mod instance;
mod machine;
mod outbound;
mod parameters;
mod pod_identity;
mod refusal;
mod role;
mod sessions;
mod sigv4;
mod sts;
mod trust;
mod web_identity;
mod xml;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;

pub use account::{AccessKey, Account, OidcProvider};
pub use book::Exchange;
pub use container::ContainerTwin;
pub use instance::InstanceTwin;
pub use pod_identity::PodIdentityTwin;
pub use role::Role;
pub use sts::{IdentityProviderFailure, StsTwin};
pub use trust::{Trust, TrustStatement};

fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

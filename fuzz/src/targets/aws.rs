//! What STS and the services on AWS's machines answer.

use tokenex::aws::{
    AssumeRole, AwsCredentials, ContainerCredentials, InstanceCredentials, OutboundIdentity, WebIdentity,
};
use tokenex::core::Passthrough;
use tokenex::core::sources::Closure;

use crate::exchange::{Ends, exchange, password, workload};
use crate::oracle::SIGNATURE;

const ROLE: &str = "arn:aws:iam::123456789012:role/app";
const REGION: &str = "eu-central-1";

/// Credentials that sign. The key is not sent, so that nobody can repeat it.
fn base() -> impl tokenex::core::Source<AwsCredentials> {
    Closure::plain(|_| Ok(AwsCredentials::new("AKIAEXAMPLE", "not-sent").with_session_token(SIGNATURE)))
}

pub(super) fn web_identity(data: &[u8]) {
    exchange(data, Ends::Always, |_| WebIdentity::builder(ROLE, workload()).region(REGION).build());
}

pub(super) fn assume_role(data: &[u8]) {
    exchange(data, Ends::Always, |_| AssumeRole::builder(ROLE, base()).region(REGION).build());
}

pub(super) fn outbound(data: &[u8]) {
    exchange(data, Ends::Always, |_| {
        let outbound = OutboundIdentity::builder(base()).region(REGION).audience("audience").build()?;
        Ok(Passthrough::new(outbound).audience("audience"))
    });
}

pub(super) fn container(data: &[u8]) {
    exchange(data, Ends::Always, |_| {
        ContainerCredentials::builder("http://169.254.170.23/v1/credentials").authorization(password()).build()
    });
}

/// Three requests: the token of the service, the name of the role, its credentials.
pub(super) fn instance(data: &[u8]) {
    exchange(data, Ends::Always, |_| InstanceCredentials::builder().build());
}

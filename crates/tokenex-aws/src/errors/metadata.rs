//! What the services on AWS's machines mean by a refusal. They tell little, so the status decides.

use bytes::Bytes;
use http::Response;
use tokenex_core::refusal::{Meaning, terminal, transient};
use tokenex_core::{Attempt, Error, ErrorKind, Result};

use crate::credentials::AwsCredentials;
use crate::wire::metadata as wire;

/// Which service was asked, as it appears in errors and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetadataStep {
    Container,
    Instance,
}

impl MetadataStep {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Container => "container credentials",
            Self::Instance => "instance credentials",
        }
    }
}

/// The error for an answer that is no success. `secrets` is what was sent: it is masked in what the service said.
pub(crate) fn metadata_refusal(
    step: MetadataStep,
    cx: &Attempt,
    response: &Response<Bytes>,
    secrets: &[&str],
) -> Error {
    let said = wire::refused(response.body());
    let meaning = by_status(step, response.status().as_u16(), said.code.as_deref());
    let mut error = meaning.error().with_status(response.status());
    if let Some(code) = &said.code {
        error = error.with_code(code);
    }
    error = error.with_said(&said.message, secrets);
    match cx.retry_after(response.headers()) {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

fn by_status(step: MetadataStep, status: u16, code: Option<&str>) -> Meaning {
    use ErrorKind::{Configuration, Denied, Identity, NotFound, Other, Throttled, Unavailable};
    match (step, status) {
        // A projected token that was refused for its age: the kubelet writes the next one.
        (MetadataStep::Container, 400) if code.is_some_and(|code| code.starts_with("ExpiredToken")) => transient(
            Identity,
            "the endpoint says that the authorization token has expired",
            "whoever writes the token file has stopped (kubelet?), or the clocks differ",
        ),
        (_, 300..=399) => terminal(
            Configuration,
            "the endpoint answered with a redirect, which is not followed",
            "is the address that of the platform itself?",
        ),
        (MetadataStep::Container, 400 | 401 | 403) => terminal(
            Denied,
            "the endpoint refused",
            "is the authorization token the one that the platform wrote for this container? does the role trust \
             pods.eks.amazonaws.com or ecs-tasks.amazonaws.com, with sts:AssumeRole and sts:TagSession?",
        ),
        (MetadataStep::Container, 404) => terminal(
            NotFound,
            "the endpoint has no credentials for this container",
            "give the task a role, or the service account a Pod Identity association; a new one takes a while to be known",
        ),
        (MetadataStep::Instance, 404) => terminal(
            NotFound,
            "the instance has no role",
            "attach an instance profile: `aws ec2 associate-iam-instance-profile`",
        ),
        // The token has just been made: the service was restarted in between.
        (MetadataStep::Instance, 401) => {
            transient(Unavailable, "the metadata service no longer knows the token that it has just made", "")
        }
        (MetadataStep::Instance, 403) => terminal(Denied, "the metadata service denied the request", ""),
        (_, 429) => transient(Throttled, "the endpoint asks for fewer requests", "share one scheduler"),
        (_, 408 | 500..=599) => transient(Unavailable, "the endpoint failed", ""),
        _ => terminal(Other, "the endpoint refused", ""),
    }
}

/// The metadata service answers 200, and in the document says that EC2 has no session of the role.
pub(crate) fn not_success(code: &str, message: &str) -> Error {
    Error::new(ErrorKind::Denied, "EC2 has no credentials of the instance's role")
        .with_code(code)
        .with_said(message, &[])
        .with_advice("does the role trust ec2.amazonaws.com, and is the instance profile still the right one?")
}

/// Credentials that have ended are none, although a service that cannot get new ones hands them out.
///
/// # Errors
/// [`ErrorKind::Unavailable`].
pub(crate) fn expired_on_arrival(cx: &Attempt, credentials: &AwsCredentials) -> Result<()> {
    match credentials.expires_at() {
        Some(at) if at <= cx.target_time() => {
            Err(Error::new(ErrorKind::Unavailable, "the platform hands out credentials that have expired")
                .with_code("expired")
                .with_advice("it cannot get new ones now; or this machine's clock is ahead"))
        }
        _ => Ok(()),
    }
}
